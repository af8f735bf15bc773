"""The device's end of a line, as a simulator sees it; and one that lies in memory, on a clock of the test's own."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Protocol

from devices.link import STUCK_SECONDS, LinkFault, LinkLost
from kiosk.model.clock import ManualClock

BITS = 10
"""Bits on the wire for a byte: start, eight of data, stop."""


def misheard(data: bytes) -> bytes:
    """What is understood at another speed: nothing keeps its shape."""
    return bytes((b * 7 + 3) & 0xFF for b in data[::2])


class Port(Protocol):
    """Where a simulator sends to; what arrives goes to ``on_bytes``, which the simulator sets."""

    on_bytes: Callable[[bytes], None]

    @property
    def plugged(self) -> bool: ...

    def send(self, data: bytes) -> None: ...
    def plug(self) -> None: ...
    def unplug(self) -> None: ...


class MemoryPort:
    """Both ends of a line in one process: a test drives real drivers against real simulators without waiting.

    Time passes on the clock only: bytes need their time on the wire at ``baud`` (0: none), a reader that waits
    moves the clock to what it waits for. ``cut_after`` pulls the cable after so many bytes in either direction,
    ``passed`` counts them; ``refuse`` makes opening fail, ``held`` takes no bytes.
    """

    def __init__(self, clock: ManualClock, baud: int = 0) -> None:
        self.on_bytes: Callable[[bytes], None] = lambda _data: None
        self.plugged = True
        self.refuse: LinkFault | None = None
        self.held = False
        self.speaks_at = 0  # the device's own speed; 0: whatever the line is opened at
        self.cut_after: int | None = None
        self.opened_at = 0
        self.passed = 0
        self.clock, self._baud = clock, baud
        self._coming: deque[tuple[float, int]] = deque()
        self._line_free = 0.0

    def plug(self) -> None:
        self.plugged = True
        self.cut_after = None

    def unplug(self) -> None:
        self.plugged = False
        self._coming.clear()

    def send(self, data: bytes) -> None:
        """From the device to the terminal; bytes that nobody reads are lost, as on a real line."""
        for byte in self._heard(data):
            if not self._count():
                return
            self._line_free = max(self._line_free, self.clock.monotonic()) + self._time(1)
            self._coming.append((self._line_free, byte))

    def _heard(self, data: bytes) -> bytes:
        """What is understood at the other end: at another speed nothing keeps its shape."""
        if self.speaks_at in (0, self.opened_at):
            return data
        return misheard(data)

    def _time(self, count: int) -> float:
        return count * BITS / self._baud if self._baud else 0.0

    def _count(self) -> bool:
        """Whether one more byte passes before the cable is cut."""
        if not self.plugged:
            return False
        if self.cut_after is not None:
            if self.cut_after <= 0:
                self.unplug()
                return False
            self.cut_after -= 1
        self.passed += 1
        return True

    def open(self, baud: int) -> MemoryLink:
        """The terminal's end. Raises LinkLost where it is refused or nothing is plugged in."""
        if self.refuse is not None:
            raise LinkLost(f"refused: {self.refuse}", self.refuse)
        if not self.plugged:
            raise LinkLost("no such port")
        self.opened_at = baud
        self._coming.clear()
        return MemoryLink(self, self.clock)

    # for MemoryLink

    def take(self, data: bytes) -> None:
        if self.held:
            self.clock.advance(STUCK_SECONDS)
            raise LinkLost("not taken", LinkFault.STUCK)
        passed = bytearray()
        for byte in data:
            if not self._count():
                break
            passed.append(byte)
        self.clock.advance(self._time(len(passed)))
        if passed:
            self.on_bytes(self._heard(bytes(passed)))
        self.check()

    def check(self) -> None:
        if not self.plugged:
            raise LinkLost("unplugged")

    def arrived(self) -> bytes:
        out = bytearray()
        while self._coming and self._coming[0][0] <= self.clock.monotonic():
            out.append(self._coming.popleft()[1])
        return bytes(out)

    @property
    def next_arrival(self) -> float | None:
        return self._coming[0][0] if self._coming else None

    def forget(self) -> None:
        self._coming.clear()


class MemoryLink:
    """``devices.link.Link`` over a MemoryPort. Waiting moves the clock."""

    def __init__(self, port: MemoryPort, clock: ManualClock) -> None:
        self._port, self._clock = port, clock

    def discard(self) -> None:
        self._port.check()
        self._port.forget()

    def write(self, data: bytes) -> None:
        self._port.check()
        self._port.take(data)

    def read_some(self, seconds: float) -> bytes:
        self._port.check()
        deadline = self._clock.monotonic() + seconds
        data = self._port.arrived()
        if data:
            return data
        due = self._port.next_arrival
        until = deadline if due is None else min(due, deadline)
        if until > self._clock.monotonic():
            self._clock.advance(until - self._clock.monotonic())
        self._port.check()
        return self._port.arrived()

    def fileno(self) -> int:
        return -1

    def close(self) -> None:
        """Nothing is held open."""
