"""Canonical form (RFC 8785, JCS) and digests, which signatures and comparisons are made over."""

from __future__ import annotations

import base64
from typing import Any

import rfc8785
from cryptography.hazmat.primitives import hashes
from pydantic import BaseModel

ALGORITHMS: dict[str, type[hashes.SHA256 | hashes.SM3]] = {"sha256": hashes.SHA256, "sm3": hashes.SM3}


def canonical(value: BaseModel | dict[str, Any] | list[Any]) -> bytes:
    """The one byte string that stands for ``value``. Only strings, integers, booleans, null, lists and maps."""
    plain = value.model_dump(mode="json") if isinstance(value, BaseModel) else value
    return rfc8785.dumps(plain)


def digest(data: bytes, algorithm: str = "sha256") -> str:
    """SHA-256 or SM3 as ``sha256:<64 hex digits>`` or ``sm3:<64 hex digits>``."""
    hashing = hasher(algorithm)
    hashing.update(data)
    return f"{algorithm}:{hashing.finalize().hex()}"


def hasher(algorithm: str) -> hashes.Hash:
    """A running hash, for data in pieces. Raises KeyError for an algorithm that the protocol has not."""
    return hashes.Hash(ALGORITHMS[algorithm]())


def b64(data: bytes) -> str:
    """Base64url without padding, as in every field of the protocol that holds bytes."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    """The bytes of ``b64``; raises ValueError on anything else."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
