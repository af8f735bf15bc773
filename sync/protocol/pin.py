"""Hashes short secrets (Argon2id, RFC 9106)."""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id


def _kdf(salt: bytes) -> Argon2id:
    return Argon2id(salt=salt, length=32, iterations=3, lanes=2, memory_cost=64 * 1024)


def hash_pin(pin: str) -> str:
    """The hash in PHC string form."""
    return _kdf(os.urandom(16)).derive_phc_encoded(pin.encode())


def check_pin(pin: str, phc: str) -> bool:
    """Whether ``pin`` belongs to the hash; False for anything that is no hash."""
    try:
        Argon2id.verify_phc_encoded(pin.encode(), phc)
    except (InvalidKey, ValueError):
        return False
    return True
