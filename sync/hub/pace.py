"""How fast terminals may go: from how many there are, and from how busy this process is.

Two things slow terminals down. The fleet: signs of life, and so the first contacts after an outage, are spread over a
time that grows with the terminals heard of lately, and batches over one that grows with those that have cases waiting.
And load: where requests wait long in the group commits, the same times are stretched further, step by step, and taken
back more slowly. Each process measures itself alone, so any number of them may stand behind one address.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass

from cachetools import TTLCache

from kiosk.model.clock import Clock
from sync.protocol.wire import Pace

BEATS, BATCHES = 1000.0, 50.0
"""Signs of life, and batches of cases, that a process takes in a second without haste; half of what was measured on two
shared cores (docs/scale.md)."""
LATELY = 3600.0
"""Seconds after which a terminal that was not heard of counts no more: the longest pace that there is."""
MOST_TERMINALS = 1_000_000
LOOK = 30.0
"""Seconds over which load is measured; after each the stretch may change by one step."""
LONG, SHORT = 1.0, 0.25
"""Seconds until the last of those that wait is answered, on average: above the first, slower; below the second,
faster."""
SLOWER, FASTER, MOST_STRETCH = 1.5, 1.25, 64.0
SLOWEST = 3600.0


@dataclass
class _Work:
    """What one kind of group commit did since the last look."""

    groups: int = 0
    waited: float = 0.0


class Pacer:
    """Hears of every group commit and every sign of life; ``pace`` is what terminals are told. For many threads."""

    def __init__(self, clock: Clock, settings: Pace | None = None, usual: float = 60.0) -> None:
        """``settings``: never faster than this. ``usual``: seconds between two signs of life of a terminal that is set
        as usual; below it, a stretch would change nothing."""
        self._clock, self._settings, self._usual = clock, settings or Pace(), usual
        self._lock = threading.Lock()
        self._heard: TTLCache[str, bool] = TTLCache(MOST_TERMINALS, LATELY, timer=clock.monotonic)
        self._with_cases: TTLCache[str, bool] = TTLCache(MOST_TERMINALS, LATELY, timer=clock.monotonic)
        self._work: dict[str, _Work] = {}
        self._looked = clock.monotonic()
        self._stretch = 1.0

    def told_group(self, kind: str, size: int, seconds: float, waiting: int) -> None:
        """A group of ``size`` requests took ``seconds``; ``waiting`` are next."""
        with self._lock:
            work = self._work.setdefault(kind, _Work())
            work.groups += 1
            work.waited += seconds * (1 + waiting / max(1, size))

    def heard(self, beats: Iterable[tuple[str, int]]) -> None:
        """Signs of life: who, and how many cases wait there."""
        with self._lock:
            for terminal, backlog in beats:
                self._heard[terminal] = True
                if backlog:
                    self._with_cases[terminal] = True
                else:
                    self._with_cases.pop(terminal, None)

    def pace(self) -> Pace:
        """What terminals are told now."""
        with self._lock:
            self._look()
            beat, batch = len(self._heard) / BEATS, len(self._with_cases) / BATCHES
            if self._stretch > 1:
                beat, batch = max(beat, self._usual) * self._stretch, max(batch, 1.0) * self._stretch
            elif batch < 1:
                batch = 0.0
            return Pace(
                heartbeat_seconds=min(SLOWEST, max(self._settings.heartbeat_seconds, round(beat, 1))),
                batch_seconds=min(SLOWEST, max(self._settings.batch_seconds, round(batch, 1))),
            )

    def _look(self) -> None:
        now = self._clock.monotonic()
        if now - self._looked < LOOK:
            return
        wait = max((w.waited / w.groups for w in self._work.values()), default=0.0)
        if wait > LONG:
            self._stretch = min(MOST_STRETCH, self._stretch * SLOWER)
        elif wait < SHORT:
            self._stretch = max(1.0, self._stretch / FASTER)
        self._work.clear()
        self._looked = now
