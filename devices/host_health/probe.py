"""What the kernel says of the machine; what it does not say is None, never guessed."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Protocol

from pydantic import BaseModel, ConfigDict

from kiosk.model.room import Disk


class HostReadings(BaseModel):
    """One look at the machine. Bytes, degrees Celsius, percent."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    disk_free: int | None = None
    disk_files: int | None = None
    disk_read_only: bool | None = None
    memory_available: int | None = None
    temperature: float | None = None
    load_per_core: float | None = None
    mains: bool | None = None
    battery: int | None = None
    undervoltage: bool | None = None
    cable: bool | None = None
    open_swap: bool | None = None
    clock_shift: float | None = None  # seconds; only a simulated machine has it


class Probe(Protocol):
    def read(self) -> HostReadings:
        """The readings of this moment. Never raises."""
        ...


class KernelProbe:
    """Reads /proc and /sys under ``root``, and the file system of ``state``."""

    def __init__(self, state: Path, root: Path = Path("/")) -> None:
        self._state, self._root = state, root

    def read(self) -> HostReadings:
        disk = self._disk()
        mains, battery = self._power()
        return HostReadings(
            disk_free=disk and disk.free,
            disk_files=disk and disk.files,
            disk_read_only=disk and disk.read_only,
            memory_available=self._memory(),
            temperature=self._temperature(),
            load_per_core=self._load(),
            mains=mains,
            battery=battery,
            undervoltage=self._undervoltage(),
            cable=self._cable(),
            open_swap=self._open_swap(),
        )

    def _text(self, path: str | Path) -> str | None:
        try:
            return (self._root / path).read_text().strip()
        except OSError:
            return None

    def _numbers(self, pattern: str) -> list[int]:
        found = []
        for path in sorted(self._root.glob(pattern)):
            with contextlib.suppress(OSError, ValueError):
                found.append(int(path.read_text()))
        return found

    def _disk(self) -> Disk | None:
        try:
            return Disk.of(self._state)
        except OSError:
            return None

    def _memory(self) -> int | None:
        for line in (self._text("proc/meminfo") or "").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
        return None

    def _temperature(self) -> float | None:
        readings = [n for n in self._numbers("sys/class/thermal/thermal_zone*/temp") if n > 0]
        return max(readings) / 1000 if readings else None

    def _load(self) -> float | None:
        text = self._text("proc/loadavg")
        return float(text.split()[1]) / (os.cpu_count() or 1) if text else None

    def _power(self) -> tuple[bool | None, int | None]:
        mains: bool | None = None
        battery: int | None = None
        for supply in sorted(self._root.glob("sys/class/power_supply/*")):
            kind = self._text(supply / "type")
            if kind in ("Mains", "USB"):
                mains = bool(mains) or self._text(supply / "online") == "1"
            elif kind in ("Battery", "UPS"):
                capacity = self._text(supply / "capacity") or ""
                battery = int(capacity) if capacity.isdigit() else battery
        return mains, battery

    def _undervoltage(self) -> bool | None:
        alarms = self._numbers("sys/class/hwmon/hwmon*/in*_lcrit_alarm")
        return any(alarms) if alarms else None

    def _cable(self) -> bool | None:
        """Whether any network card of its own (no bridge, no loopback) has a link."""
        links = [d for d in self._root.glob("sys/class/net/*") if (d / "device").exists()]
        if not links:
            return None
        return any(self._text(d / "carrier") == "1" for d in links)

    def _open_swap(self) -> bool | None:
        """Whether memory may be written to a disk in the clear. zram stays in memory, dm-crypt is encrypted."""
        text = self._text("proc/swaps")
        if text is None:
            return None
        devices = [Path(line.split()[0]).name for line in text.splitlines()[1:] if line.strip()]
        return any(not d.startswith(("zram", "dm-")) for d in devices)


class FileProbe:
    """Readings from a JSON file: the simulated machine of demo, robot and training."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> HostReadings:
        try:
            return HostReadings.model_validate_json(self._path.read_bytes())
        except (OSError, ValueError):
            return HostReadings()
