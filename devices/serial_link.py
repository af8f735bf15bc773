"""The one place that opens, reads, writes and loses a serial port."""

from __future__ import annotations

import contextlib
import os
import select
import termios
from collections.abc import Callable

import serial

from devices.link import STUCK_SECONDS, LinkFault, LinkLost, fault_of
from kiosk.model.clock import Clock

_LOST = (OSError, termios.error)
"""SerialException is an OSError; termios.error is not, and ``reset_input_buffer`` raises it on a lost port."""
SLICE = 0.1
"""Seconds between two signs of life while waiting."""


class SerialLink:
    """A serial port, exclusive, 8N1; flow control only where ``xonxoff`` or ``rtscts`` says so.

    ``alive`` is called again and again while the line is waited for, so that a slow device is not taken for a
    hung process.
    """

    def __init__(
        self,
        port: str,
        baud: int,
        clock: Clock,
        alive: Callable[[], None] = lambda: None,
        *,
        xonxoff: bool = False,
        rtscts: bool = False,
    ) -> None:
        """Raises LinkLost where the port cannot be opened."""
        self._clock, self._alive = clock, alive
        try:
            self._serial = serial.Serial(port, baud, timeout=SLICE, exclusive=True, xonxoff=xonxoff, rtscts=rtscts)
        except (*_LOST, ValueError) as gone:
            raise LinkLost(f"{port}: {gone}", fault_of(gone)) from gone

    def discard(self) -> None:
        try:
            self._serial.reset_input_buffer()
        except _LOST as gone:
            raise LinkLost(str(gone)) from gone

    def write(self, data: bytes) -> None:
        # Not pyserial's write: after a time-out it does not say how much was taken. And no flush: draining a
        # line that is held by XOFF waits for ever.
        left = memoryview(data)
        deadline = self._clock.monotonic() + STUCK_SECONDS
        try:
            port = self._serial.fileno()
            while left:
                if select.select([], [port], [], SLICE)[1]:
                    taken = os.write(port, left[:4096])
                    left = left[taken:]
                    deadline = self._clock.monotonic() + STUCK_SECONDS
                elif self._clock.monotonic() >= deadline:
                    raise LinkLost(f"{len(left)} of {len(data)} bytes not taken", LinkFault.STUCK)
                self._alive()
        except _LOST as gone:
            raise LinkLost(str(gone)) from gone

    def read_some(self, seconds: float) -> bytes:
        # pyserial's own time limit covers a whole read(n), so a slow sender would be cut in the middle.
        deadline = self._clock.monotonic() + seconds
        while True:
            try:
                self._serial.timeout = max(0.0, min(SLICE, deadline - self._clock.monotonic()))
                data = self._serial.read(max(1, self._serial.in_waiting))
            except _LOST as gone:
                raise LinkLost(str(gone)) from gone
            self._alive()
            if data or self._clock.monotonic() >= deadline:
                return bytes(data)

    def fileno(self) -> int:
        return int(self._serial.fileno())

    def close(self) -> None:
        with contextlib.suppress(*_LOST):
            self._serial.close()
