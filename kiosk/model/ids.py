"""Identifiers: UUIDv7 for records, and the receipt number that a citizen can read out and type."""

from __future__ import annotations

import re

import uuid_utils

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: without I, L, O and U, so that nothing is mistaken for a digit."""

_RECEIPT = re.compile(r"^([0-9A-Z]{2,6})-([0-9A-Z]{4})-([0-9]{6})-([0-9A-Z])$")


def new_id() -> str:
    """A UUIDv7 (RFC 9562). It is the idempotency key of its record at every step."""
    return str(uuid_utils.uuid7())


def receipt_check(body: str) -> str:
    """Check character of a receipt number: weighted sum modulo 31, a prime, so that every single
    wrong character and every swap of neighbours is noticed."""
    values = [ALPHABET.index(c) for c in body if c in ALPHABET]
    return ALPHABET[sum((i + 2) * v for i, v in enumerate(values)) % 31]


def receipt_number(terminal: str, epoch: str, counter: int) -> str:
    """``CD03-7K2M-000187-X``: terminal, epoch, counter within the life of the terminal, check character."""
    body = f"{terminal}-{epoch}-{counter:06d}"
    return f"{body}-{receipt_check(body)}"


def parse_receipt_number(typed: str) -> str | None:
    """The canonical form of what a person typed, or None when the check character does not fit.

    Forgives small letters, spaces, missing hyphens, O for 0 and I or L for 1.
    """
    plain = typed.upper().translate(str.maketrans("OIL", "011"))
    plain = re.sub(r"[^0-9A-Z]", "", plain)
    if len(plain) < 13:
        return None
    canonical = f"{plain[:-11]}-{plain[-11:-7]}-{plain[-7:-1]}-{plain[-1]}"
    if not _RECEIPT.match(canonical) or any(c not in ALPHABET for c in canonical.replace("-", "")):
        return None
    return canonical if receipt_check(canonical[:-2]) == canonical[-1] else None
