"""Every published test vector, with our code, and the national ones with another library where it can."""

from __future__ import annotations

import hashlib
import hmac
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gmssl_pyx
import pytest
from cryptography.hazmat.primitives.asymmetric import mlkem, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kiosk.model.clock import ManualClock
from kiosk.model.result import Err, Ok
from sync.client import NotThere
from sync.content import FILES, METADATA, refresh
from sync.protocol.canonical import canonical, digest, unb64
from sync.protocol.case_file import CaseBody, CaseOpener
from sync.protocol.envelope import Acknowledgement, Envelope, wrap_info
from sync.protocol.merkle import root_over
from sync.protocol.published import DocumentFault, listed
from sync.protocol.suites import CHUNK, SUITES, SealError, Suite, suite
from sync.protocol.vectors import load, pattern
from sync.protocol.wire import KeyNotice, KeySuccession, SignedRequest


class Vectors:
    def __init__(self, name: str) -> None:
        self.all: dict[str, Any] = load(name)
        self.suite: Suite = suite(name)

    def public(self, key: str) -> bytes:
        return unb64(self.all["keys"][key]["public"])

    def private(self, key: str) -> bytes:
        return unb64(self.all["keys"][key]["private"])


@pytest.fixture(params=list(SUITES))
def vectors(request: pytest.FixtureRequest) -> Vectors:
    return Vectors(request.param)


def test_canonical_forms(vectors: Vectors) -> None:
    for one in vectors.all["canonical"]:
        assert canonical(one["value"]).decode() == one["canonical"]


def test_digests(vectors: Vectors) -> None:
    for one in vectors.all["digests"]:
        assert digest(unb64(one["data"]), vectors.suite.digest_name) == one["digest"]


def test_trees(vectors: Vectors) -> None:
    for one in vectors.all["trees"]:
        entries = [unb64(e) for e in one["entries"]]
        for index, (entry, path) in enumerate(zip(entries, one["paths"], strict=True)):
            steps = [unb64(s) for s in path]
            assert root_over(entry, index, len(entries), steps, vectors.suite.digest_name) == unb64(one["root"])


def test_sealed_files(vectors: Vectors) -> None:
    for one in vectors.all["sealed"]:
        key, sealed, context = unb64(one["key"]), unb64(one["sealed"]), one["context"].encode()
        if one["opens"]:
            assert vectors.suite.open(key, sealed, context) == pattern(one["size"])
        else:
            with pytest.raises(SealError):
                vectors.suite.open(key, sealed, context)


def test_a_wrapped_key(vectors: Vectors) -> None:
    one, private = vectors.all["wrapped"], vectors.private("platform_sealing")
    assert vectors.suite.unwrap(unb64(one["wrapped"]), private, one["info"].encode()) == unb64(one["data_key"])
    with pytest.raises(SealError):
        vectors.suite.unwrap(unb64(one["wrapped"]), private, one["info"].replace("T01", "T02").encode())


def test_signatures(vectors: Vectors) -> None:
    public = vectors.public("terminal_signing")
    for one in vectors.all["signatures"]:
        assert vectors.suite.verify(public, unb64(one["signature"]), unb64(one["message"])) == one["valid"]


def test_a_whole_case(vectors: Vectors) -> None:
    one = vectors.all["case"]
    envelope = Envelope.model_validate(one["envelope"])
    assert envelope.signed_part().decode() == one["signed_text"]
    assert envelope.digest() == one["envelope_digest"]
    assert envelope.verified(vectors.public("terminal_signing"))
    for name in ("terminal", "receipt", "later"):
        changed = Envelope.model_validate(one["envelope"] | {name: "X"})
        assert not changed.verified(vectors.public("terminal_signing"))
    files = {name: unb64(data) for name, data in one["files"].items()}
    for blob in envelope.blobs:
        assert (blob.digest, blob.size) == (digest(files[blob.id], vectors.suite.digest_name), len(files[blob.id]))
    opener = CaseOpener.unwrapping(envelope, vectors.private("platform_sealing"))
    assert opener.body(files["body"]) == CaseBody.model_validate(one["body"])
    assert opener.document("doc-lease", files["doc-lease"]) == unb64(one["documents"]["doc-lease"])
    word = Acknowledgement.model_validate(one["acknowledgement"])
    assert (word.case_id, word.envelope) == (envelope.case_id, envelope.digest())
    assert word.verified(vectors.public("platform_signing"))
    for change in ({"index": 0}, {"count": 3}, {"received": "2030"}, {"case_id": "x"}, {"path": []}):
        assert not word.model_copy(update=change).verified(vectors.public("platform_signing"))


def test_requests(vectors: Vectors) -> None:
    for one in (vectors.all["request"], vectors.all["case"]["batch_request"]):
        request = SignedRequest.model_validate(one)
        assert request.verified(vectors.suite.name, vectors.public("terminal_signing"))
        for change in ({"terminal": "T02"}, {"purpose": "ratings"}, {"at": "2031"}, {"body": one["body"] + " "}):
            changed = SignedRequest.model_validate(one | change)
            assert not changed.verified(vectors.suite.name, vectors.public("terminal_signing"))


def test_published_files(vectors: Vectors, tmp_path: Path) -> None:
    one = vectors.all["published"]
    metadata = {name: unb64(data) for name, data in one["metadata"].items()}
    first, second, content = metadata["1.root.json"], metadata["2.root.json"], unb64(one["content"])
    for later in ([], [second]):
        found = listed(first, later, metadata["1.targets.json"])
        assert isinstance(found, Ok)
        assert found.value.paths == [one["path"]]
        assert found.value.fits(one["path"], content)
        assert not found.value.fits(one["path"], content + b" ")
        assert listed(first, later, metadata["wrong"]) == Err(DocumentFault.WRONG_SIGNATURE)

    class Served:
        def pieces(self, path: str) -> Iterator[bytes]:
            name = path.removeprefix(METADATA)
            if name not in metadata and path != FILES + one["name"]:
                raise NotThere(path)
            yield metadata.get(name, content)

    assert refresh(Served(), tmp_path, first, ManualClock().now())
    assert (tmp_path / "current" / one["path"]).read_bytes() == content


def test_a_new_key(vectors: Vectors) -> None:
    public = vectors.public("platform_signing")
    notice = KeyNotice.model_validate(vectors.all["key_notice"])
    assert notice.verified(vectors.suite.name, public)
    assert not notice.model_copy(update={"signature": ""}).verified(vectors.suite.name, public)


def test_a_key_that_comes_after_another(vectors: Vectors) -> None:
    word = KeySuccession.model_validate(vectors.all["key_succession"])
    assert word.acknowledging.public == vectors.all["keys"]["platform_signing_next"]["public"]
    assert word.verified(word.by)
    assert unb64(word.by.public) == vectors.public("platform_signing")
    assert not word.verified(word.acknowledging)
    for change in ({"withdrawn": []}, {"acknowledging": word.by}, {"signature": ""}):
        assert not word.model_copy(update=change).verified(word.by)


# second opinions: the text of docs/protocol.md, and other code than ours


def _labelled(suite_id: bytes, label: bytes, data: bytes) -> bytes:
    return b"HPKE-v1" + suite_id + label + data


def _hkdf(key: bytes, salt: bytes = bytes(32)) -> bytes:
    return hmac.digest(salt, key, "sha256")


def test_a_wrapped_key_opens_by_the_text_alone() -> None:
    """RFC 9180, 5.1, with the secret of section 5.2."""
    vectors = Vectors("intl")
    one, private, public = (
        vectors.all["wrapped"],
        vectors.private("platform_sealing"),
        vectors.public("platform_sealing"),
    )
    wrapped, info = unb64(one["wrapped"]), one["info"].encode()
    lattice, share, encrypted = wrapped[:1088], wrapped[1088:1120], wrapped[1120:]
    curve = x25519.X25519PrivateKey.from_private_bytes(private[64:])
    secret = hashlib.sha3_256(
        mlkem.MLKEM768PrivateKey.from_seed_bytes(private[:64]).decapsulate(lattice)
        + curve.exchange(x25519.X25519PublicKey.from_public_bytes(share))
        + share
        + public[1184:]
        + bytes.fromhex("5c2e2f2f5e5c")
    ).digest()
    ours = b"HPKE" + struct.pack(">HHH", 0x647A, 1, 2)
    context = b"\0" + _hkdf(_labelled(ours, b"psk_id_hash", b"")) + _hkdf(_labelled(ours, b"info_hash", info))
    prk = _hkdf(_labelled(ours, b"secret", b""), secret)
    key, nonce = (
        hmac.digest(prk, struct.pack(">H", size) + _labelled(ours, label, context) + b"\1", "sha256")[:size]
        for label, size in ((b"key", 32), (b"base_nonce", 12))
    )
    assert AESGCM(key).decrypt(nonce, encrypted, b"") == unb64(one["data_key"])


def _opened_elsewhere(key: bytes, sealed: bytes, context: bytes) -> bytes:
    """A sealed file by the text of docs/protocol.md, section 5.1, and SM4-GCM of another library."""
    assert sealed[:4] == b"BMG1"
    prefix, body, step = sealed[4:11], sealed[11:], CHUNK + 16
    chunks = [body[at : at + step] for at in range(0, max(1, len(body)), step)]
    return b"".join(
        gmssl_pyx.sm4_gcm_decrypt(
            key, iv=prefix + struct.pack(">IB", i, i == len(chunks) - 1), aad=context, ciphertext=c[:-16], tag=c[-16:]
        )
        for i, c in enumerate(chunks)
    )


def test_another_library_opens_and_verifies_the_national_vectors() -> None:
    vectors = Vectors("gm")
    for one in vectors.all["sealed"]:
        # The other library takes no empty text.
        if one["opens"] and one["size"]:
            plain = _opened_elsewhere(unb64(one["key"]), unb64(one["sealed"]), one["context"].encode())
            assert plain == pattern(one["size"])
    for one in vectors.all["digests"]:
        assert one["digest"] == "sm3:" + gmssl_pyx.sm3_hash(unb64(one["data"])).hex()
    public = vectors.public("terminal_signing")
    for one in vectors.all["signatures"]:
        if one["valid"]:
            assert gmssl_pyx.sm2_verify(public, unb64(one["message"]), unb64(one["signature"]))
    wrapped, private = vectors.all["wrapped"], vectors.private("platform_sealing")
    plain = gmssl_pyx.sm2_decrypt(private[:32], unb64(wrapped["wrapped"]))
    assert plain == unb64(wrapped["data_key"]) + gmssl_pyx.sm3_hash(wrapped["info"].encode())
    case = vectors.all["case"]
    e = case["envelope"]
    assert gmssl_pyx.sm2_verify(public, case["signed_text"].encode(), unb64(e["signature"]))
    info = wrap_info(e["terminal"], e["case_id"], e["service"], e["form_version"], e["blobs"][0]["digest"])
    plain = gmssl_pyx.sm2_decrypt(private[:32], unb64(e["wrapped_key"]))
    assert plain[16:] == gmssl_pyx.sm3_hash(info)
    context = canonical({"case": e["case_id"], "blob": "body", "role": "body"})
    body = _opened_elsewhere(plain[:16], unb64(case["files"]["body"]), context)
    assert CaseBody.model_validate_json(body) == CaseBody.model_validate(case["body"])
