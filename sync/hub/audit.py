"""The platform's record of what was refused, and of what people did. Never holds a person's data."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, Engine, insert

from kiosk.model.clock import Clock
from kiosk.model.ids import new_id
from sync.hub.database import insert_new, transaction
from sync.hub.schema import audit

FIRST = 20
"""So many refusals of one kind in an hour are written down one by one; the others are counted."""


@dataclass(frozen=True)
class Entry:
    """``subject``: the terminal or the user that it is about."""

    subject: str
    kind: str
    detail: dict[str, str] = field(default_factory=dict)


def record(connection: Connection, at: str, *entries: Entry) -> None:
    """Add entries; inside the transaction of what they tell, or on their own."""
    if entries:
        rows = [
            {"subject": e.subject[:64], "id": new_id(), "at": at, "kind": e.kind, "detail": json.dumps(e.detail)}
            for e in entries
        ]
        connection.execute(insert(audit), rows)


@dataclass
class _Count:
    """Refusals of one kind in one hour, and the row that tells of those beyond the first."""

    entry: Entry
    at: str
    ones: int = 0
    more: int = 0
    told: int = 0
    id: str = field(default_factory=new_id)


class Refusals:
    """What nobody vouches for: requests that are refused, codes and passwords that are wrong.

    Whoever sends them cannot fill the record: of each kind, reason and sender the first of an hour are rows, and one
    more row counts the others. Each process counts for itself.
    """

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine, self._clock = engine, clock
        self._lock = threading.Lock()
        self._hour = ""
        self._counts: dict[tuple[str, str, str], _Count] = {}

    def note(self, *refused: tuple[str, Entry]) -> None:
        """Refusals with their senders: a terminal or a user that there is, or empty for a name that anybody can make
        up; all of those count as one."""
        at = self._clock.now().isoformat()
        with self._lock:
            counted, ones = [], []
            if at[:13] != self._hour:
                counted = self._untold()
                self._hour, self._counts = at[:13], {}
            for sender, entry in refused:
                key = sender, entry.kind, entry.detail.get("why", "")
                count = self._counts.setdefault(key, _Count(Entry(sender, entry.kind, entry.detail), at))
                if count.ones < FIRST:
                    count.ones += 1
                    ones.append(entry)
                    continue
                count.more += 1
                # Written whenever it has doubled: few writes, and what a crash can lose is less than what is told.
                if count.more >= 2 * count.told:
                    count.told = count.more
                    counted.append(count)
            told = [_told(count) for count in counted]
        self._write(at, ones, told)

    def settle(self) -> None:
        """Write what has been counted so far."""
        with self._lock:
            told = [_told(count) for count in self._untold()]
        self._write("", [], told)

    def _untold(self) -> list[_Count]:
        found = [count for count in self._counts.values() if count.told < count.more]
        for count in found:
            count.told = count.more
        return found

    def _write(self, at: str, ones: Sequence[Entry], told: Sequence[dict[str, str]]) -> None:
        if not ones and not told:
            return

        def write(connection: Connection) -> None:
            record(connection, at, *ones)
            for row in told:
                query = insert_new(connection, audit).values(**row)
                same = [audit.c.subject, audit.c.id]
                connection.execute(query.on_conflict_do_update(index_elements=same, set_={"detail": row["detail"]}))

        transaction(self._engine, write)


def _told(count: _Count) -> dict[str, str]:
    detail = {**count.entry.detail, "more": str(count.more)}
    subject = count.entry.subject[:64]
    return {"subject": subject, "id": count.id, "at": count.at, "kind": count.entry.kind, "detail": json.dumps(detail)}
