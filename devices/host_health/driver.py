"""The machine as a device: readings become faults, with a margin so that none flickers."""

from __future__ import annotations

from datetime import datetime, timedelta

from pydantic import BaseModel

from devices.host_health.probe import HostReadings, Probe
from kiosk.model.clock import Clock
from kiosk.model.device import Availability, DeviceState
from kiosk.model.room import MB, Disk, Mark, Marks

LOOK = 2.0
MEMORY_LOW = 200 * MB
HOT, TOO_HOT = 80.0, 95.0
"""Degrees. Processors of touch PCs slow down at about 90 and switch off at about 105."""
BUSY = 4.0
"""Processes that want to run, for each core, over five minutes."""
BATTERY_LOW = 20
MARGIN = 1.1
"""A fault goes only when its reading is better than the limit by a tenth."""
JUMP = 60.0
"""Seconds by which the wall clock may leave the monotonic clock before it counts as a jump."""


class HostDriver:
    """``floor``: no true clock is behind it (the latest of build date and last signed time).

    ``jump_shown``: so many seconds after a jump of the clock it is still told. ``marks``: how much room the disk must
    have.
    """

    def __init__(
        self, probe: Probe, clock: Clock, floor: datetime, jump_shown: float = 600.0, marks: Marks | None = None
    ) -> None:
        self._probe, self._clock, self._floor, self._jump_shown = probe, clock, floor, jump_shown
        self._marks, self._mark = marks or Marks(), Mark.PLENTY
        self._offset: timedelta | None = None
        self._jumped_at: float | None = None
        self.state = DeviceState(device="host")

    def handle(self, message: BaseModel, fds: list[int]) -> None:
        """Nothing is asked of the machine."""

    def step(self) -> float:
        readings = self._probe.read()
        faults = frozenset(self._of(readings) | self._of_clock(readings))
        self.state = self.state.model_copy(update={"availability": Availability.ONLINE, "faults": faults})
        return LOOK

    def close(self) -> None:
        """Nothing is held open."""

    def _had(self, code: str) -> bool:
        return code in self.state.faults

    def _below(self, code: str, value: float | None, limit: float) -> bool:
        return value is not None and value < limit * (MARGIN if self._had(code) else 1)

    def _above(self, code: str, value: float | None, limit: float) -> bool:
        return value is not None and value > limit / (MARGIN if self._had(code) else 1)

    def _of(self, r: HostReadings) -> set[str]:
        if r.disk_free is not None:
            self._mark = self._marks.of(Disk(free=r.disk_free, files=r.disk_files), self._mark)
        hot, too_hot = self._above("host_hot", r.temperature, HOT), self._above("host_too_hot", r.temperature, TOO_HOT)
        weak = self._below("battery_low", r.battery, BATTERY_LOW) and r.mains is False
        found = {
            self._mark.fault: r.disk_free is not None and self._mark != Mark.PLENTY,
            "disk_read_only": r.disk_read_only is True,
            "memory_low": self._below("memory_low", r.memory_available, MEMORY_LOW),
            "host_hot": hot and not too_hot,
            "host_too_hot": too_hot,
            "host_busy": self._above("host_busy", r.load_per_core, BUSY),
            "on_battery": r.mains is False and not weak,
            "battery_low": weak,
            "undervoltage": r.undervoltage is True,
            "network_cable": r.cable is False,
            "swap_open": r.open_swap is True,
        }
        return {code for code, on in found.items() if on}

    def _of_clock(self, r: HostReadings) -> set[str]:
        now, ticks = self._clock.now() + timedelta(seconds=r.clock_shift or 0), self._clock.monotonic()
        offset = now - datetime.fromtimestamp(0, now.tzinfo) - timedelta(seconds=ticks)
        if self._offset is not None and abs((offset - self._offset).total_seconds()) > JUMP:
            self._jumped_at = ticks
        self._offset = offset
        found = set()
        if self._jumped_at is not None and ticks - self._jumped_at < self._jump_shown:
            found.add("clock_jumped")
        if now < self._floor:
            found.add("clock_behind")
        return found
