"""Sealed files that no envelope names, and parts that nobody goes on with, are removed in time.

An envelope may arrive at the very moment: ingest has found its files, and its transaction is still to commit. So
nothing is removed at once. A file is hidden first: ingest does not find it any more, and a terminal that still needs it
is told ``missing_blobs`` and brings it again. A week later every transaction that had found it before has long ended:
what has been named meanwhile is shown again, the rest is removed. Readers find hidden files all the time.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlalchemy import Connection, Engine, select

from kiosk.model.clock import Clock
from sync.hub.blobs import Blobs
from sync.hub.opening import CaseStage
from sync.hub.schema import cases, named_blobs, quarantine
from sync.protocol.canonical import digest
from sync.protocol.wire import RecordStatus

log = structlog.get_logger()

HIDDEN = timedelta(days=7)
"""How long a file is hidden: longer than any transaction can last."""
MOST = 20_000
"""Files that one round looks at, from a name that it draws: in the course of many rounds it comes by all."""
MOST_WAITING = 20_000
"""Cases that wait to be opened; while there are more, nobody can tell soon what they name."""
AT_ONCE = 500


@dataclass(frozen=True)
class Times:
    """After how long a sealed file that no envelope names, and a part that has not grown, are left over."""

    blobs: timedelta = timedelta(days=30)
    parts: timedelta = timedelta(days=7)


class Leftovers:
    """Any number of processes may run it on one storage."""

    def __init__(self, engine: Engine, blobs: Blobs, clock: Clock, times: Times, chance: random.Random) -> None:
        self._engine, self._blobs, self._clock, self._times, self._chance = engine, blobs, clock, times, chance
        self.count: Counter[str] = Counter(hidden=0, shown=0, removed=0, parts=0)
        """What this process has done so far."""
        self.tell: Callable[[Counter[str]], None] = lambda _done: None
        """Hears what each round has done."""

    def round(self) -> None:
        """Hide what has become left over, remove what has been hidden long enough."""
        now = self._clock.now()
        before = Counter(self.count)
        self.count["parts"] += self._blobs.drop_parts((now - self._times.parts).timestamp())
        old = {d for d, since in self._some() if since < (now - self._times.blobs).timestamp()}
        ripe = [d for d, since in self._blobs.hidden() if since < (now - HIDDEN).timestamp()]
        with self._engine.connect() as connection:
            free = _not_named(connection, {*old, *ripe})
        if free is None:
            log.warning("leftovers_wait", reason="too many cases are still to be opened")
            return
        for name in ripe:
            if name in free:
                self._blobs.remove(name)
            else:
                self._blobs.show(name)
            self.count["removed" if name in free else "shown"] += 1
        for name in sorted(old & free):
            if self._blobs.hide(name, now.timestamp()):
                self.count["hidden"] += 1
        done = self.count - before
        self.tell(done)
        if done:
            log.info("leftovers", **done)

    def _some(self) -> list[tuple[str, float]]:
        start = digest(self._chance.randbytes(8)).partition(":")[2]
        found = self._blobs.complete(start, MOST)
        return found if len(found) >= MOST else found + self._blobs.complete("", MOST - len(found))


def _not_named(connection: Connection, digests: Collection[str]) -> set[str] | None:
    """Those of ``digests`` that no envelope names; None where that cannot be told now."""
    if not digests:
        return set()
    # First what is still to be opened: what leaves that state has its files named by the same transaction.
    waiting = select(cases.c.envelope).where(cases.c.state == CaseStage.STORED).limit(MOST_WAITING + 1)
    texts = list(connection.scalars(waiting))
    if len(texts) > MOST_WAITING:
        return None
    free = set(digests) - set(_names(texts)) - kept_apart(connection)
    wanted = sorted(free)
    for first in range(0, len(wanted), AT_ONCE):
        some = named_blobs.c.digest.in_(wanted[first : first + AT_ONCE])
        free -= set(connection.scalars(select(named_blobs.c.digest).where(some)))
    return free


def kept_apart(connection: Connection) -> set[str]:
    """What is named by other contents under known ids, which people look into."""
    query = select(quarantine.c.content).where(quarantine.c.reason == RecordStatus.CONFLICT)
    return set(_names(connection.scalars(query).yield_per(AT_ONCE)))


def _names(envelopes: Iterable[str]) -> Iterable[str]:
    return (blob["digest"] for text in envelopes for blob in json.loads(text)["blobs"])
