"""Lanes of the agent's work: each has its own time and its own back-off, so that one that fails holds up no other."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

FIRST, CAP = 2.0, 900.0
"""Seconds that a lane waits at most after its first failure, and after many."""


@dataclass
class Lane:
    """``work`` runs whenever ``every()`` seconds have gone by since it last succeeded."""

    name: str
    work: Callable[[], None]
    every: Callable[[], float]
    chance: random.Random
    cap: Callable[[], float] = lambda: CAP
    next_at: float = 0.0
    failures: int = field(default=0)

    def due(self, now: float) -> bool:
        return now >= self.next_at

    def succeeded(self, now: float) -> None:
        self.failures = 0
        self.next_at = now + self.every()

    def failed(self, now: float, at_least: float = 0.0) -> None:
        """Full jitter, below a ceiling that doubles each time, after the ``at_least`` seconds that the platform asked
        for: it may have told all terminals the same."""
        ceiling = min(self.cap(), FIRST * 2 ** min(self.failures, 20))
        self.failures += 1
        self.next_at = now + at_least + self.chance.uniform(min(0.5, ceiling), ceiling)

    def at_once(self) -> None:
        self.next_at = 0.0
