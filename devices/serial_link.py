"""The one place that opens, reads, writes and loses a serial port."""

from __future__ import annotations

import contextlib
import termios

import serial

from kiosk.model.clock import Clock


class LinkLost(Exception):
    """The port is gone: unplugged, or never there."""


_LOST = (OSError, termios.error)
"""SerialException is an OSError; termios.error is not, and ``reset_input_buffer`` raises it on a lost port."""


class SerialLink:
    """A serial port, exclusive, 8N1, without flow control unless ``xonxoff`` or ``rtscts`` says so."""

    def __init__(self, port: str, baud: int, clock: Clock, *, xonxoff: bool = False, rtscts: bool = False) -> None:
        """Raises LinkLost where the port cannot be opened."""
        self._clock = clock
        try:
            self._serial = serial.Serial(
                port, baud, timeout=0.05, write_timeout=5.0, exclusive=True, xonxoff=xonxoff, rtscts=rtscts
            )
        except (*_LOST, ValueError) as gone:
            raise LinkLost(f"{port}: {gone}") from gone

    def discard(self) -> None:
        """Throw away what came unasked: a late reply would answer the next command."""
        try:
            self._serial.reset_input_buffer()
        except _LOST as gone:
            raise LinkLost(str(gone)) from gone

    def write(self, data: bytes) -> None:
        """Send all of ``data``. Raises LinkLost; a peer that takes nothing for 5 s counts as lost."""
        try:
            self._serial.write(data)
            self._serial.flush()
        except _LOST as gone:
            raise LinkLost(str(gone)) from gone

    def read_some(self, seconds: float) -> bytes:
        """Whatever arrives within ``seconds``, at least one byte if any comes; empty on silence.

        pyserial's own time limit covers a whole ``read(n)``, so a slow sender would be cut in the middle;
        callers keep their own deadline and ask again.
        """
        deadline = self._clock.monotonic() + seconds
        while True:
            try:
                waiting = self._serial.in_waiting
                data = self._serial.read(max(1, waiting))
            except _LOST as gone:
                raise LinkLost(str(gone)) from gone
            if data or self._clock.monotonic() >= deadline:
                return bytes(data)

    def close(self) -> None:
        with contextlib.suppress(*_LOST):
            self._serial.close()
