"""Notices that nobody is there any more: warns first, and any touch goes on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from kiosk.model.clock import Clock
from kiosk.visit.stage import Stage


class Idle(StrEnum):
    PRESENT = "present"
    WARNING = "warning"
    GONE = "gone"


@dataclass(frozen=True)
class Limits:
    """Seconds without a touch until the warning, and from the warning to the end."""

    quiet: float
    warning: float


ASSISTED = 5
"""How many times longer a citizen may be away who has called for help and was told that nothing is lost."""

STANDARD = Limits(quiet=60, warning=30)
ELDER = Limits(quiet=120, warning=60)

WAITED_FOR = frozenset({Stage.SUBMIT})
"""Stages in which the machine works and the citizen waits: no time runs."""


class IdleWatch:
    """Fed with touches, asked every second. While ``paused`` (camera, printer at work) no time runs."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.limits = STANDARD
        self.paused = False
        self._since = clock.monotonic()

    def touched(self) -> None:
        self._since = self._clock.monotonic()

    def state(self, stage: Stage) -> Idle:
        """Whether somebody is there. At the attract screen nobody needs to be."""
        if self.paused or stage in WAITED_FOR or stage == Stage.ATTRACT:
            self.touched()
            return Idle.PRESENT
        quiet = self._clock.monotonic() - self._since
        if quiet < self.limits.quiet:
            return Idle.PRESENT
        return Idle.WARNING if quiet < self.limits.quiet + self.limits.warning else Idle.GONE
