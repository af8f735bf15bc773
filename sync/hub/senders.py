"""Who sends: requests of terminals are checked here before anything else looks at them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, Engine, Row, bindparam, select

from kiosk.model.clock import Clock
from sync.hub.audit import Entry, Refusals
from sync.hub.schema import terminals
from sync.protocol.canonical import unb64
from sync.protocol.wire import Purpose, Refusal, SignedRequest

FRESH = 600.0
"""Seconds that a request may be older or newer than the platform's clock says."""


_t = terminals.c
_KNOWN = select(_t.terminal, _t.suite, _t.public_key, _t.old_keys, _t.revoked).where(
    _t.terminal.in_(bindparam("names", expanding=True))
)
"""Made once: it is asked at every request."""


class Refused(Exception):
    """The request is not from a terminal that may make it."""

    def __init__(self, reason: Refusal) -> None:
        super().__init__(reason.value)
        self.reason = reason


class Senders:
    """Checks signatures, purposes and times of requests against the terminals that are enrolled."""

    def __init__(self, engine: Engine, refusals: Refusals, clock: Clock) -> None:
        self._engine, self._refusals, self._clock = engine, refusals, clock

    def verdicts(self, requests: Sequence[SignedRequest], purpose: Purpose) -> list[Refusal | None]:
        """For each request why it is refused, or None. What is refused is written into the audit record, as much as
        ``Refusals`` lets through: also what a terminal has signed can be sent again by whoever has got hold of it, from
        a disk that carried it, say."""
        with self._engine.connect() as connection:
            known = self._known(connection, {r.terminal for r in requests})
        found = [self._verdict(r, purpose, known.get(r.terminal)) for r in requests]
        noted = []
        refused = [(r, why) for r, why in zip(requests, found, strict=True) if why is not None]
        for request, why in refused:
            entry = Entry(request.terminal, "request_refused", {"purpose": purpose, "why": why})
            noted.append(("" if why == Refusal.UNKNOWN_TERMINAL else request.terminal, entry))
        self._refusals.note(*noted)
        return found

    def check(self, request: SignedRequest, purpose: Purpose) -> None:
        """Raises Refused."""
        why = self.verdicts([request], purpose)[0]
        if why is not None:
            raise Refused(why)

    def keys_of(self, connection: Connection, names: set[str]) -> dict[str, list[tuple[str, bytes]]]:
        """Suite and public key of each terminal's keys, the present one first."""
        return {
            name: [(row.suite, unb64(row.public_key)), *((s, unb64(k)) for s, k in json.loads(row.old_keys))]
            for name, row in self._known(connection, names).items()
        }

    def _known(self, connection: Connection, names: set[str]) -> dict[str, Row[str, str, str, str, str]]:
        return {row.terminal: row for row in connection.execute(_KNOWN, {"names": list(names)})}

    def _verdict(
        self, request: SignedRequest, purpose: Purpose, known: Row[str, str, str, str, str] | None
    ) -> Refusal | None:
        if known is None:
            return Refusal.UNKNOWN_TERMINAL
        if not request.verified(known.suite, unb64(known.public_key)):
            return Refusal.BAD_SIGNATURE
        if known.revoked:
            return Refusal.REVOKED
        if request.purpose != purpose:
            return Refusal.WRONG_PURPOSE
        # What was carried by hand may be weeks old; its records are taken once whenever they come.
        if purpose != Purpose.CARRIED and not self._fresh(request.at):
            return Refusal.EXPIRED
        return None

    def _fresh(self, at: str) -> bool:
        try:
            age = (self._clock.now() - datetime.fromisoformat(at)).total_seconds()
        except (ValueError, TypeError):
            return False
        return abs(age) <= FRESH
