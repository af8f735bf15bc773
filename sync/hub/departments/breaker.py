"""A circuit breaker: a department that is down is left alone for a while, and then tried with one case."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from kiosk.model.clock import Clock

FAILURES = 5
"""In a row, after which the circuit opens."""
FIRST, CAP = 15.0, 900.0
"""Seconds that it stays open the first time, and at most."""


class Circuit(StrEnum):
    """How a department is treated at the moment."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass
class Breaker:
    """Closed: cases go. Open: none does until ``until``. Then half open: one goes, and decides."""

    clock: Clock
    failures: int = 0
    until: float = 0.0

    @property
    def circuit(self) -> Circuit:
        if not self.lets_pass():
            return Circuit.OPEN
        return Circuit.HALF_OPEN if self.failures else Circuit.CLOSED

    @property
    def left(self) -> float:
        """Seconds until the next case goes."""
        return max(0.0, self.until - self.clock.monotonic())

    def lets_pass(self) -> bool:
        return self.clock.monotonic() >= self.until

    def succeeded(self) -> None:
        self.failures, self.until = 0, 0.0

    def failed(self, at_least: float = 0.0) -> None:
        """``at_least``: seconds that the department asked for."""
        self.failures += 1
        over = self.failures - FAILURES
        pause = min(CAP, FIRST * 2**over) if over >= 0 else 0.0
        if max(pause, at_least) > 0:
            self.until = self.clock.monotonic() + max(pause, min(at_least, CAP))
