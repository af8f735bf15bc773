"""Clocks are handed in through the constructor, so that tests own the time."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

HALL_ZONE = ZoneInfo("Asia/Shanghai")
"""Dates that a citizen reads or types are dates in this zone."""


class Clock(Protocol):
    """What a part of the program may know of time."""

    def now(self) -> datetime:
        """Wall-clock time, UTC, as the terminal believes it."""
        ...

    def monotonic(self) -> float:
        """Seconds from an arbitrary start; never goes back."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


@dataclass
class ManualClock:
    """A clock that moves only when told to."""

    at: datetime = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
    seconds: float = 0.0

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.seconds

    def advance(self, seconds: float) -> None:
        """Move both the wall clock and the monotonic clock by ``seconds``."""
        self.at += timedelta(seconds=seconds)
        self.seconds += seconds


@dataclass
class TrustedClock:
    """Wall-clock time that a terminal with a wrong clock can still rely on.

    The floor is the latest of the build date and the last time that the platform has signed. A raw
    clock behind the floor is not believed: the floor plus the monotonic time since start is used.
    A raw clock ahead of a signed time cannot be told from time gone by, so it is believed.
    """

    raw: Clock
    floor: datetime

    def __post_init__(self) -> None:
        self._started = self.raw.monotonic()

    def now(self) -> datetime:
        return max(self.raw.now(), self.floor + timedelta(seconds=self.raw.monotonic() - self._started))

    def monotonic(self) -> float:
        return self.raw.monotonic()


def since_start() -> timedelta:
    """How long ago this machine was started, sleep included: the one clock of it that nobody can set."""
    return timedelta(seconds=time.clock_gettime(time.CLOCK_BOOTTIME))


def hall_date(moment: datetime) -> str:
    """The date of ``moment`` on the hall's wall calendar, as ``YYYY-MM-DD``."""
    return moment.astimezone(HALL_ZONE).date().isoformat()
