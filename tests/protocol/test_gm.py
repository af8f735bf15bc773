"""The national suite: published examples, and what must not open."""

from __future__ import annotations

import os

import gmssl_pyx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.protocol import sm2
from sync.protocol.canonical import digest
from sync.protocol.suites import CHUNK, SealError, _Sm4Gcm, suite

GM = suite("gm")
PRIVATE, PUBLIC = GM.new_sealing_key()


def der(*numbers: str) -> bytes:
    """Hexadecimal numbers as an ASN.1 sequence of integers."""
    parts = b""
    for number in numbers:
        raw = bytes.fromhex(number)
        raw = b"\0" + raw if raw[0] > 127 else raw
        parts += b"\x02" + bytes([len(raw)]) + raw
    return b"\x30" + bytes([len(parts)]) + parts


def test_sm3_of_the_standard_s_example() -> None:
    """GB/T 32905-2016, A.1."""
    assert digest(b"abc", "sm3") == "sm3:66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"


def test_sm4_gcm_of_the_published_example() -> None:
    """RFC 8998, A.1."""
    key, nonce = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"), bytes.fromhex("00001234567800000000ABCD")
    plain = bytes.fromhex("AAAAAAAAAAAAAAAABBBBBBBBBBBBBBBBCCCCCCCCCCCCCCCCDDDDDDDDDDDDDDDD")
    plain += bytes.fromhex("EEEEEEEEEEEEEEEEFFFFFFFFFFFFFFFFEEEEEEEEEEEEEEEEAAAAAAAAAAAAAAAA")
    context = bytes.fromhex("FEEDFACEDEADBEEFFEEDFACEDEADBEEFABADDAD2")
    sealed = _Sm4Gcm(key).encrypt(nonce, plain, context)
    assert sealed[:16].hex().upper() == "17F399F08C67D5EE19D0DC9969C4BB7D"
    assert sealed[-16:].hex().upper() == "83DE3541E4C2B58177E065A9BF7B62EC"
    assert _Sm4Gcm(key).decrypt(nonce, sealed, context) == plain


def test_sm2_verifies_the_standard_s_example() -> None:
    """GB/T 32918.5-2017, A.2."""
    public = bytes.fromhex(
        "09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
        "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
    )
    signature = der(
        "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3",
        "B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA",
    )
    assert sm2.verify(public, signature, b"message digest")
    assert not sm2.verify(public, signature, b"message digesT")


@pytest.mark.parametrize("size", [0, 1, CHUNK, CHUNK + 1, 3 * CHUNK])
def test_what_is_sealed_opens_again(size: int) -> None:
    key, plain = GM.new_data_key(), os.urandom(size)
    sealed = GM.seal(key, plain, b"here")
    assert GM.open(key, sealed, b"here") == plain
    for wrong in (lambda: GM.open(key, sealed, b"there"), lambda: GM.open(os.urandom(16), sealed, b"here")):
        with pytest.raises(SealError):
            wrong()
    with pytest.raises(SealError):
        suite("intl").open(os.urandom(32), sealed, b"here")


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 3 * (CHUNK + 16)), st.integers(1, 255))
def test_property_any_changed_byte_is_noticed(place: int, change: int) -> None:
    key = GM.new_data_key()
    sealed = bytearray(GM.seal(key, bytes(2 * CHUNK), b""))
    sealed[place % len(sealed)] ^= change
    with pytest.raises(SealError):
        GM.open(key, bytes(sealed), b"")


def test_a_wrapped_key_opens_for_its_record_alone() -> None:
    key = GM.new_data_key()
    wrapped = GM.wrap(key, PUBLIC, b"record 1")
    assert GM.unwrap(wrapped, PRIVATE, b"record 1") == key
    other, _public = GM.new_sealing_key()
    for private, info, cut in ((PRIVATE, b"record 2", None), (other, b"record 1", None), (PRIVATE, b"record 1", -1)):
        with pytest.raises(SealError):
            GM.unwrap(wrapped[:cut], private, info)


def test_a_signature_is_of_one_key_and_one_message() -> None:
    private, public = GM.new_signing_key()
    signature = GM.sign(private, b"case")
    assert GM.verify(public, signature, b"case")
    assert not GM.verify(public, signature, b"case!")
    assert not GM.verify(PUBLIC, signature, b"case")


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200), st.binary(max_size=200))
def test_property_garbage_is_no_key_no_signature_and_no_ciphertext(junk: bytes, more: bytes) -> None:
    assert not GM.verify(junk, more, b"case")
    assert not GM.verify(PUBLIC, junk, b"case")
    with pytest.raises(SealError):
        GM.unwrap(junk, PRIVATE, b"record")
    with pytest.raises(SealError):
        GM.wrap(b"k" * 16, junk, b"record")


def test_a_point_beside_the_curve_is_no_key() -> None:
    with pytest.raises(sm2.Sm2Error):
        sm2.encrypt(PUBLIC[:-1] + bytes([PUBLIC[-1] ^ 1]), b"key")


def test_another_library_agrees() -> None:
    """Each signs and encrypts what the other verifies and decrypts."""
    private, public = sm2.new_key()
    assert gmssl_pyx.sm2_verify(public, b"case", sm2.sign(private, public, b"case"))
    assert sm2.verify(public, gmssl_pyx.sm2_sign(private, public, b"case"), b"case")
    assert gmssl_pyx.sm2_decrypt(private, sm2.encrypt(public, b"k" * 48)) == b"k" * 48
    assert sm2.decrypt(private, public, gmssl_pyx.sm2_encrypt(public, b"k" * 48)) == b"k" * 48
    assert digest(b"case", "sm3") == "sm3:" + gmssl_pyx.sm3_hash(b"case").hex()
