"""Crypto suites. ``intl``: AES-256-GCM in chunks, HPKE MLKEM768_X25519 (RFC 9180, hybrid KEM), Ed25519, SHA-256.
``gm``: SM4-GCM in chunks, SM2 for key wrap and signatures, SM3 (GB/T 32905, 32907, 32918).

The chunked cipher is the STREAM construction: nonce = 7 random bytes, 4-byte chunk counter, 1 byte that
is 1 in the last chunk only. A cut, a swap or an extension of the ciphertext is noticed.
"""

from __future__ import annotations

import hmac
import os
import struct
from functools import lru_cache
from typing import Protocol

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric import ed25519, mlkem, x25519
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sync.protocol import sm2
from sync.protocol.canonical import hasher

CHUNK = 64 * 1024
_MAGIC, _MAGIC_GM = b"BMS1", b"BMG1"
_PREFIX = 7
_TAG = 16


class SealError(Exception):
    """A sealed thing does not open: wrong key, wrong context, damaged or cut."""


class Suite(Protocol):
    """What a suite must offer. Keys are raw bytes so that they can stand in files and envelopes."""

    name: str
    digest_name: str
    signing_key_size: int

    def new_data_key(self) -> bytes: ...
    def seal(self, key: bytes, plaintext: bytes, context: bytes) -> bytes: ...
    def open(self, key: bytes, sealed: bytes, context: bytes) -> bytes: ...
    def new_sealing_key(self) -> tuple[bytes, bytes]: ...
    def wrap(self, data_key: bytes, public: bytes, info: bytes) -> bytes: ...
    def unwrap(self, wrapped: bytes, private: bytes, info: bytes) -> bytes: ...
    def new_signing_key(self) -> tuple[bytes, bytes]: ...
    def sign(self, private: bytes, message: bytes) -> bytes: ...
    def verify(self, public: bytes, signature: bytes, message: bytes) -> bool: ...


class Aead(Protocol):
    """Authenticated encryption with associated data under one key. ``decrypt`` raises InvalidTag."""

    def encrypt(self, nonce: bytes, data: bytes, context: bytes) -> bytes: ...
    def decrypt(self, nonce: bytes, data: bytes, context: bytes) -> bytes: ...


def _sealed(aead: Aead, magic: bytes, plaintext: bytes, context: bytes) -> bytes:
    prefix = os.urandom(_PREFIX)
    out = [magic, prefix]
    count = max(1, -(-len(plaintext) // CHUNK))
    for i in range(count):
        nonce = prefix + struct.pack(">IB", i, i == count - 1)
        out.append(aead.encrypt(nonce, plaintext[i * CHUNK : (i + 1) * CHUNK], context))
    return b"".join(out)


def _opened(aead: Aead, magic: bytes, sealed: bytes, context: bytes) -> bytes:
    if sealed[:4] != magic or len(sealed) < 4 + _PREFIX + _TAG:
        raise SealError("not a sealed file of this suite")
    prefix, body = sealed[4 : 4 + _PREFIX], sealed[4 + _PREFIX :]
    step = CHUNK + _TAG
    count = max(1, -(-len(body) // step))
    out = []
    for i in range(count):
        nonce = prefix + struct.pack(">IB", i, i == count - 1)
        try:
            out.append(aead.decrypt(nonce, body[i * step : (i + 1) * step], context))
        except InvalidTag:
            raise SealError("wrong key or context, or the data was changed") from None
    return b"".join(out)


class IntlSuite:
    """The suite ``intl``; sealing public key = ML-KEM-768 (1184 bytes) followed by X25519 (32 bytes)."""

    name, digest_name, signing_key_size = "intl", "sha256", 32
    _kem = hpke.Suite(hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)

    def new_data_key(self) -> bytes:
        return os.urandom(32)

    def seal(self, key: bytes, plaintext: bytes, context: bytes) -> bytes:
        """``plaintext`` in chunks of 64 KiB; ``context`` must be given again to open."""
        return _sealed(AESGCM(key), _MAGIC, plaintext, context)

    def open(self, key: bytes, sealed: bytes, context: bytes) -> bytes:
        """The plaintext; raises SealError."""
        return _opened(AESGCM(key), _MAGIC, sealed, context)

    def new_sealing_key(self) -> tuple[bytes, bytes]:
        """``(private, public)``; private = ML-KEM seed (64 bytes) followed by the X25519 key (32 bytes)."""
        post_quantum, classic = mlkem.MLKEM768PrivateKey.generate(), x25519.X25519PrivateKey.generate()
        return (
            post_quantum.private_bytes_raw() + classic.private_bytes_raw(),
            post_quantum.public_key().public_bytes_raw() + classic.public_key().public_bytes_raw(),
        )

    def wrap(self, data_key: bytes, public: bytes, info: bytes) -> bytes:
        """Wrap ``data_key`` for the holder of ``public``; ``info`` binds it to its record."""
        return self._kem.encrypt(data_key, _sealing_public(public), info)

    def unwrap(self, wrapped: bytes, private: bytes, info: bytes) -> bytes:
        """The data key; raises SealError."""
        try:
            return self._kem.decrypt(wrapped, _sealing_private(private), info)
        except (InvalidTag, ValueError):
            raise SealError("the key is not wrapped for this platform key and this record") from None

    def new_signing_key(self) -> tuple[bytes, bytes]:
        """``(private, public)``, 32 bytes each."""
        key = ed25519.Ed25519PrivateKey.generate()
        return key.private_bytes_raw(), key.public_key().public_bytes_raw()

    def sign(self, private: bytes, message: bytes) -> bytes:
        return _signing_private(private).sign(message)

    def verify(self, public: bytes, signature: bytes, message: bytes) -> bool:
        try:
            ed25519.Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


@lru_cache(maxsize=8)
def _signing_private(private: bytes) -> ed25519.Ed25519PrivateKey:
    """Half the time of a signature goes into deriving the public key, which it is made with."""
    return ed25519.Ed25519PrivateKey.from_private_bytes(private)


@lru_cache(maxsize=8)
def _sealing_private(private: bytes) -> hpke.MLKEM768X25519PrivateKey:
    """The key that ``private`` stands for. Half the time of opening goes into making it, and a platform has few."""
    return hpke.MLKEM768X25519PrivateKey(
        mlkem.MLKEM768PrivateKey.from_seed_bytes(private[:64]),
        x25519.X25519PrivateKey.from_private_bytes(private[64:]),
    )


@lru_cache(maxsize=8)
def _sealing_public(public: bytes) -> hpke.MLKEM768X25519PublicKey:
    return hpke.MLKEM768X25519PublicKey(
        mlkem.MLKEM768PublicKey.from_public_bytes(public[:1184]),
        x25519.X25519PublicKey.from_public_bytes(public[1184:]),
    )


class _Sm4Gcm:
    """SM4-GCM in the shape of ``AESGCM``."""

    def __init__(self, key: bytes) -> None:
        self._key = algorithms.SM4(key)

    def encrypt(self, nonce: bytes, data: bytes, context: bytes) -> bytes:
        cipher = Cipher(self._key, modes.GCM(nonce)).encryptor()
        cipher.authenticate_additional_data(context)
        return cipher.update(data) + cipher.finalize() + cipher.tag

    def decrypt(self, nonce: bytes, data: bytes, context: bytes) -> bytes:
        if len(data) < _TAG:
            raise InvalidTag
        cipher = Cipher(self._key, modes.GCM(nonce, data[-_TAG:])).decryptor()
        cipher.authenticate_additional_data(context)
        return cipher.update(data[:-_TAG]) + cipher.finalize()


class GmSuite:
    """The suite ``gm``. Private keys are the number (32 bytes) followed by the public point (64 bytes): SM2 signs over
    a digest of the public key, too.

    SM2 encryption knows no associated data: the record is bound by the SM3 of ``info`` beside the key.
    """

    name, digest_name, signing_key_size = "gm", "sm3", 2 * sm2.FIELD
    _DATA_KEY = 16
    _BINDING = 32

    def new_data_key(self) -> bytes:
        return os.urandom(self._DATA_KEY)

    def seal(self, key: bytes, plaintext: bytes, context: bytes) -> bytes:
        """``plaintext`` in chunks of 64 KiB; ``context`` must be given again to open."""
        return _sealed(_Sm4Gcm(key), _MAGIC_GM, plaintext, context)

    def open(self, key: bytes, sealed: bytes, context: bytes) -> bytes:
        """The plaintext; raises SealError."""
        return _opened(_Sm4Gcm(key), _MAGIC_GM, sealed, context)

    def new_sealing_key(self) -> tuple[bytes, bytes]:
        private, public = sm2.new_key()
        return private + public, public

    def wrap(self, data_key: bytes, public: bytes, info: bytes) -> bytes:
        """Wrap ``data_key`` for the holder of ``public``; ``info`` binds it to its record. Raises SealError."""
        try:
            return sm2.encrypt(public, data_key + _sm3(info))
        except sm2.Sm2Error as bad:
            raise SealError(str(bad)) from None

    def unwrap(self, wrapped: bytes, private: bytes, info: bytes) -> bytes:
        """The data key; raises SealError."""
        try:
            plain = sm2.decrypt(private[: sm2.FIELD], private[sm2.FIELD :], wrapped)
        except sm2.Sm2Error:
            plain = b""
        key, binding = plain[: self._DATA_KEY], plain[self._DATA_KEY :]
        if len(plain) != self._DATA_KEY + self._BINDING or not hmac.compare_digest(binding, _sm3(info)):
            raise SealError("the key is not wrapped for this platform key and this record")
        return key

    def new_signing_key(self) -> tuple[bytes, bytes]:
        """``(private, public)``, 96 and 64 bytes."""
        return self.new_sealing_key()

    def sign(self, private: bytes, message: bytes) -> bytes:
        try:
            return sm2.sign(private[: sm2.FIELD], private[sm2.FIELD :], message)
        except sm2.Sm2Error as bad:
            raise SealError(str(bad)) from None

    def verify(self, public: bytes, signature: bytes, message: bytes) -> bool:
        return sm2.verify(public, signature, message)


def _sm3(data: bytes) -> bytes:
    hashing = hasher("sm3")
    hashing.update(data)
    return hashing.finalize()


SUITES: dict[str, Suite] = {"intl": IntlSuite(), "gm": GmSuite()}


def suite(name: str) -> Suite:
    """The suite of that name; raises SealError for one that this program does not know."""
    try:
        return SUITES[name]
    except KeyError:
        raise SealError(f"unknown crypto suite {name!r}") from None
