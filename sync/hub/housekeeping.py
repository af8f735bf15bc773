"""What the platform does by itself: it forgets what is of no case (feeds that everybody has read, codes, sessions,
sealed files), and keeps fresh what it has published."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Connection, Engine, delete

from kiosk.model.clock import Clock
from sync.hub import feed
from sync.hub.audit import Refusals
from sync.hub.database import transaction
from sync.hub.leftovers import Leftovers
from sync.hub.repository import Repository
from sync.hub.schema import enrolment_codes, sessions

EVERY = 3600.0
"""Seconds between two rounds."""
FEED = timedelta(days=90)
"""A terminal that has been away for longer asks for its open cases instead."""


class Housekeeping:
    """A round an hour. Cases, their events, openings and the audit record are kept for ever: who may destroy them, and
    when, is the archive law's matter."""

    def __init__(
        self, engine: Engine, repository: Repository, leftovers: Leftovers, refusals: Refusals, clock: Clock
    ) -> None:
        self._engine, self._repository, self._clock = engine, repository, clock
        self._leftovers, self._refusals = leftovers, refusals
        self._next = 0.0

    def work(self) -> int:
        """Rows removed; 0 before the next round is due."""
        if self._clock.monotonic() < self._next:
            return 0
        self._next = self._clock.monotonic() + EVERY
        self._refusals.settle()
        self._leftovers.round()
        self._repository.keep_fresh()
        return transaction(self._engine, self._round)

    def _round(self, connection: Connection) -> int:
        now = self._clock.now()
        removed = feed.forget(connection, (now - FEED).isoformat())
        for table in (enrolment_codes, sessions):
            removed += connection.execute(delete(table).where(table.c.expires < now.timestamp())).rowcount
        return removed
