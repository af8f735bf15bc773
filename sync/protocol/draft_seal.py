"""The sealed copy of a draft, against a crash of the worker. Its key lives in the supervisor's memory only."""

from __future__ import annotations

from sync.protocol.suites import SealError, suite

_CONTEXT = b"bianmin draft 1"


def new_key() -> bytes:
    return suite("intl").new_data_key()


def seal_draft(key: bytes, plain: bytes) -> bytes:
    return suite("intl").seal(key, plain, _CONTEXT)


def open_draft(key: bytes, sealed: bytes) -> bytes | None:
    """The draft, or None where it does not open: then the citizen starts anew, and nothing is shown."""
    try:
        return suite("intl").open(key, sealed, _CONTEXT)
    except SealError:
        return None
