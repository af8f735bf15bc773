"""How a fault is planted."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any
from unittest import mock

from sync.hub import ingest
from sync.protocol.envelope import Acknowledgement
from sync.protocol.wire import RecordAnswer, RecordStatus

Patch = contextlib.AbstractContextManager[Any]


def instead(owner: Any, name: str, made: Callable[[Any], Any]) -> Patch:
    """``made`` gets what is there and gives what stands in its place."""
    return mock.patch.object(owner, name, made(getattr(owner, name)))


def answered_now_and_then(status: RecordStatus, when: Callable[[int], bool]) -> Patch:
    """The platform answers single records with ``status`` without looking at them."""
    count = iter(range(10**9))

    def looked_at(real: Any) -> Any:
        def moody(self: Any, given: Any, terminal: str, noted: Any, apart: Any) -> Any:
            if when(next(count)):
                return RecordAnswer(status=status)
            return real(self, given, terminal, noted, apart)

        return moody

    return instead(ingest.Ingest, "_looked_at", looked_at)


def word_on(outgoing: Any) -> Acknowledgement:
    """A word on a case that nobody has signed."""
    e = outgoing.envelope
    received = "2026-03-02T00:00:00+00:00"
    return Acknowledgement(suite="intl", key_id="", case_id=e.case_id, envelope=e.digest(), received=received)
