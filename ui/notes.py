"""What is noted in the store beside the cases."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from kiosk.store.room import STORE_ERRORS, is_full

log = structlog.get_logger()


def noted(what: Callable[[], object]) -> None:
    """Write a note. A disk that takes nothing more must not stop what the citizen does."""
    try:
        what()
    except STORE_ERRORS as bad:
        log.error("not_noted", error=type(bad).__name__, full=is_full(bad))
