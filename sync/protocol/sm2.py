"""SM2 (GB/T 32918, GM/T 0009) by the system's OpenSSL 3, through ctypes: no kept wheel carries it at a usable speed.

Keys are raw: private 32 bytes, public 64 bytes (x and y). Signatures are ASN.1 DER over SM3 with the default
identity of GM/T 0009; ciphertexts are ASN.1 DER in the order C1 C3 C2.
"""

from __future__ import annotations

import contextlib
import ctypes
import ctypes.util
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

IDENTITY = b"1234567812345678"
"""GM/T 0009, 10: the identity where none is agreed upon."""
FIELD = 32
KEYPAIR, PUBLIC_KEY = 0x87, 0x86  # EVP_PKEY_KEYPAIR, EVP_PKEY_PUBLIC_KEY
UNCOMPRESSED = b"\x04"


class Sm2Error(Exception):
    """A key, a signature or a ciphertext that is none, or an OpenSSL without SM2."""


_POINTER = ctypes.c_void_p
_SIGNATURES: dict[str, tuple[Any, list[Any]]] = {
    "EVP_PKEY_CTX_new_from_name": (_POINTER, [_POINTER, ctypes.c_char_p, ctypes.c_char_p]),
    "EVP_PKEY_CTX_new_from_pkey": (_POINTER, [_POINTER, _POINTER, ctypes.c_char_p]),
    "EVP_PKEY_CTX_free": (None, [_POINTER]),
    "EVP_PKEY_free": (None, [_POINTER]),
    "EVP_PKEY_keygen_init": (ctypes.c_int, [_POINTER]),
    "EVP_PKEY_generate": (ctypes.c_int, [_POINTER, ctypes.POINTER(_POINTER)]),
    "EVP_PKEY_fromdata_init": (ctypes.c_int, [_POINTER]),
    "EVP_PKEY_fromdata": (ctypes.c_int, [_POINTER, ctypes.POINTER(_POINTER), ctypes.c_int, _POINTER]),
    "EVP_PKEY_get_bn_param": (ctypes.c_int, [_POINTER, ctypes.c_char_p, ctypes.POINTER(_POINTER)]),
    "EVP_PKEY_encrypt_init": (ctypes.c_int, [_POINTER]),
    "EVP_PKEY_encrypt": (
        ctypes.c_int,
        [_POINTER, ctypes.c_char_p, ctypes.POINTER(ctypes.c_size_t), ctypes.c_char_p, ctypes.c_size_t],
    ),
    "EVP_PKEY_decrypt_init": (ctypes.c_int, [_POINTER]),
    "EVP_PKEY_decrypt": (
        ctypes.c_int,
        [_POINTER, ctypes.c_char_p, ctypes.POINTER(ctypes.c_size_t), ctypes.c_char_p, ctypes.c_size_t],
    ),
    "EVP_MD_fetch": (_POINTER, [_POINTER, ctypes.c_char_p, ctypes.c_char_p]),
    "EVP_MD_CTX_new": (_POINTER, []),
    "EVP_MD_CTX_free": (None, [_POINTER]),
    "EVP_MD_CTX_set_pkey_ctx": (None, [_POINTER, _POINTER]),
    "EVP_PKEY_CTX_set1_id": (ctypes.c_int, [_POINTER, ctypes.c_char_p, ctypes.c_int]),
    "EVP_DigestSignInit": (ctypes.c_int, [_POINTER, _POINTER, _POINTER, _POINTER, _POINTER]),
    "EVP_DigestSign": (
        ctypes.c_int,
        [_POINTER, ctypes.c_char_p, ctypes.POINTER(ctypes.c_size_t), ctypes.c_char_p, ctypes.c_size_t],
    ),
    "EVP_DigestVerifyInit": (ctypes.c_int, [_POINTER, _POINTER, _POINTER, _POINTER, _POINTER]),
    "EVP_DigestVerify": (
        ctypes.c_int,
        [_POINTER, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t],
    ),
    "OSSL_PARAM_BLD_new": (_POINTER, []),
    "OSSL_PARAM_BLD_free": (None, [_POINTER]),
    "OSSL_PARAM_BLD_push_utf8_string": (ctypes.c_int, [_POINTER, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_size_t]),
    "OSSL_PARAM_BLD_push_octet_string": (ctypes.c_int, [_POINTER, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_size_t]),
    "OSSL_PARAM_BLD_push_BN": (ctypes.c_int, [_POINTER, ctypes.c_char_p, _POINTER]),
    "OSSL_PARAM_BLD_to_param": (_POINTER, [_POINTER]),
    "OSSL_PARAM_free": (None, [_POINTER]),
    "BN_bin2bn": (_POINTER, [ctypes.c_char_p, ctypes.c_int, _POINTER]),
    "BN_bn2binpad": (ctypes.c_int, [_POINTER, ctypes.c_char_p, ctypes.c_int]),
    "BN_clear_free": (None, [_POINTER]),
    "ERR_clear_error": (None, []),
}


@lru_cache(maxsize=1)
def _openssl() -> Any:
    """libcrypto with the types of what is used. Raises Sm2Error where it is missing, too old, or built without SM2."""
    try:
        library = ctypes.CDLL("libcrypto.so.3")
        for name, (result, arguments) in _SIGNATURES.items():
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
    except (OSError, AttributeError) as missing:
        raise Sm2Error(f"OpenSSL 3 is not on this system: {missing}") from None
    probe = library.EVP_PKEY_CTX_new_from_name(None, b"SM2", None)
    if not probe:
        raise Sm2Error("this OpenSSL was built without SM2")
    library.EVP_PKEY_CTX_free(probe)
    return library


def _must(good: Any, what: str) -> Any:
    if not good or (isinstance(good, int) and good <= 0):
        _openssl().ERR_clear_error()
        raise Sm2Error(what)
    return good


@contextlib.contextmanager
def _context(key: Any) -> Iterator[Any]:
    library = _openssl()
    context = _must(library.EVP_PKEY_CTX_new_from_pkey(None, key, None), "no context")
    try:
        yield context
    finally:
        library.EVP_PKEY_CTX_free(context)


@contextlib.contextmanager
def _key(public: bytes, private: bytes = b"") -> Iterator[Any]:
    """The key as OpenSSL holds it; a point that lies not on the curve is refused."""
    library = _openssl()
    if len(public) != 2 * FIELD or len(private) not in (0, FIELD):
        raise Sm2Error("not the length of an SM2 key")
    builder, number, parameters = library.OSSL_PARAM_BLD_new(), None, None
    context = library.EVP_PKEY_CTX_new_from_name(None, b"SM2", None)
    key = _POINTER()
    try:
        _must(library.OSSL_PARAM_BLD_push_utf8_string(builder, b"group", b"SM2", 0), "group")
        point = UNCOMPRESSED + public
        _must(library.OSSL_PARAM_BLD_push_octet_string(builder, b"pub", point, len(point)), "public key")
        if private:
            number = library.BN_bin2bn(private, len(private), None)
            _must(library.OSSL_PARAM_BLD_push_BN(builder, b"priv", number), "private key")
        parameters = _must(library.OSSL_PARAM_BLD_to_param(builder), "parameters")
        _must(library.EVP_PKEY_fromdata_init(context), "no SM2")
        kind = KEYPAIR if private else PUBLIC_KEY
        _must(library.EVP_PKEY_fromdata(context, ctypes.byref(key), kind, parameters), "not an SM2 key")
        yield key
    finally:
        library.EVP_PKEY_free(key)
        library.EVP_PKEY_CTX_free(context)
        library.OSSL_PARAM_free(parameters)
        library.OSSL_PARAM_BLD_free(builder)
        library.BN_clear_free(number)


def new_key() -> tuple[bytes, bytes]:
    """``(private, public)``: 32 and 64 bytes."""
    library = _openssl()
    context = library.EVP_PKEY_CTX_new_from_name(None, b"SM2", None)
    key = _POINTER()
    try:
        _must(library.EVP_PKEY_keygen_init(context), "no SM2")
        _must(library.EVP_PKEY_generate(context, ctypes.byref(key)), "no key")
        private, x, y = (_number(key, name) for name in (b"priv", b"qx", b"qy"))
    finally:
        library.EVP_PKEY_free(key)
        library.EVP_PKEY_CTX_free(context)
    return private, x + y


def _number(key: Any, name: bytes) -> bytes:
    library, number = _openssl(), _POINTER()
    _must(library.EVP_PKEY_get_bn_param(key, name, ctypes.byref(number)), "no such part")
    try:
        out = ctypes.create_string_buffer(FIELD)
        _must(library.BN_bn2binpad(number, out, FIELD), "too long")
        return out.raw
    finally:
        library.BN_clear_free(number)


@contextlib.contextmanager
def _digesting(key: Any, begin: str) -> Iterator[Any]:
    library = _openssl()
    digest = _must(library.EVP_MD_fetch(None, b"SM3", None), "no SM3")
    context = library.EVP_MD_CTX_new()
    try:
        with _context(key) as inner:
            _must(library.EVP_PKEY_CTX_set1_id(inner, IDENTITY, len(IDENTITY)), "identity")
            library.EVP_MD_CTX_set_pkey_ctx(context, inner)
            _must(getattr(library, begin)(context, None, digest, None, key), "no signing")
            yield context
    finally:
        library.EVP_MD_CTX_free(context)


def sign(private: bytes, public: bytes, message: bytes) -> bytes:
    """The signature of ``message``, DER. Raises Sm2Error."""
    library = _openssl()
    with _key(public, private) as key, _digesting(key, "EVP_DigestSignInit") as context:
        size = ctypes.c_size_t()
        _must(library.EVP_DigestSign(context, None, ctypes.byref(size), message, len(message)), "no signature")
        out = ctypes.create_string_buffer(size.value)
        _must(library.EVP_DigestSign(context, out, ctypes.byref(size), message, len(message)), "no signature")
        return out.raw[: size.value]


def verify(public: bytes, signature: bytes, message: bytes) -> bool:
    """Whether ``signature`` is that of ``message`` by the holder of ``public``; False for bytes that are none."""
    library = _openssl()
    try:
        with _key(public) as key, _digesting(key, "EVP_DigestVerifyInit") as context:
            good = bool(library.EVP_DigestVerify(context, signature, len(signature), message, len(message)) == 1)
    except Sm2Error:
        return False
    library.ERR_clear_error()
    return good


def encrypt(public: bytes, plain: bytes) -> bytes:
    """``plain`` for the holder of ``public``, DER. Raises Sm2Error."""
    library = _openssl()
    with _key(public) as key, _context(key) as context:
        _must(library.EVP_PKEY_encrypt_init(context), "no encryption")
        size = ctypes.c_size_t()
        _must(library.EVP_PKEY_encrypt(context, None, ctypes.byref(size), plain, len(plain)), "no encryption")
        out = ctypes.create_string_buffer(size.value)
        _must(library.EVP_PKEY_encrypt(context, out, ctypes.byref(size), plain, len(plain)), "no encryption")
        return out.raw[: size.value]


def decrypt(private: bytes, public: bytes, cipher: bytes) -> bytes:
    """What was encrypted. Raises Sm2Error for anything else."""
    library = _openssl()
    with _key(public, private) as key, _context(key) as context:
        _must(library.EVP_PKEY_decrypt_init(context), "no decryption")
        size = ctypes.c_size_t()
        _must(library.EVP_PKEY_decrypt(context, None, ctypes.byref(size), cipher, len(cipher)), "not a ciphertext")
        out = ctypes.create_string_buffer(size.value)
        _must(library.EVP_PKEY_decrypt(context, out, ctypes.byref(size), cipher, len(cipher)), "does not decrypt")
        return out.raw[: size.value]
