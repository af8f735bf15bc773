"""Canonical form (RFC 8785, JCS) and digests, which signatures and comparisons are made over."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import rfc8785
from pydantic import BaseModel


def canonical(value: BaseModel | dict[str, Any] | list[Any]) -> bytes:
    """The one byte string that stands for ``value``. Only strings, integers, booleans, null, lists and maps."""
    plain = value.model_dump(mode="json") if isinstance(value, BaseModel) else value
    return rfc8785.dumps(plain)


def digest(data: bytes) -> str:
    """SHA-256 as ``sha256:<64 hex digits>``."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def b64(data: bytes) -> str:
    """Base64url without padding, as in every field of the protocol that holds bytes."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    """The bytes of ``b64``; raises ValueError on anything else."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
