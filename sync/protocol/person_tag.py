"""A mark by which a terminal knows that the same person has an open case, and by which nobody knows the person.

HMAC-SHA-256 over service and number, cut to 24 bits. Who has the key and tries all numbers finds thousands
of people for each mark; two people share one by chance in about one of 16 million pairs.
"""

from __future__ import annotations

import hmac

TAG_BYTES = 3


def person_tag(key: bytes, service: str, number: str) -> bytes:
    """The mark: 3 bytes."""
    return hmac.digest(key, f"{service}\0{number.upper()}".encode(), "sha256")[:TAG_BYTES]
