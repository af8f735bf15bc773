"""A pseudo-terminal that can be unplugged: the port is a link that appears and disappears."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import termios
import tty
from collections.abc import Callable
from pathlib import Path

from devices.simulators.port import BITS, misheard

XON, XOFF = b"\x11", b"\x13"
PIECE = 32
"""Bytes that pass the wire at once where its speed is simulated: 2.8 ms at 115200."""
SLACK = 0.01
REFILL = 0.05
NOT_WRITABLE = Path("/sys/kernel/notes")
"""Nobody, not even root, may open it for writing: it stands in for a port that the user may not open."""


class PseudoPort:
    """The device's end of a serial line. ``link`` is where the terminal's software finds the port.

    ``baud`` simulates the time on the wire, which a pseudo-terminal has not; 0 is as fast as it goes. ``speaks_at`` is
    the device's own speed: on a line that is set to another one nothing is understood; 0 is whatever is set.
    """

    def __init__(self, link: Path, baud: int = 0, *, speaks_at: int = 0) -> None:
        self.on_bytes: Callable[[bytes], None] = lambda _data: None
        self.baud = baud
        self.cut_after: int | None = None
        self.speaks_at = speaks_at
        self.refuse = ""
        self._link = link
        self._master = -1
        self._slave = -1
        self._line_free = 0.0
        self._heard_until = 0.0
        self._held = False

    @property
    def plugged(self) -> bool:
        return self._master >= 0

    def set_fault(self, *, refuse: str | None = None, speaks_at: int | None = None) -> None:
        """``refuse``: opening fails as ``busy`` or ``no_permission``, or no more (empty); ``speaks_at``: a speed."""
        if speaks_at is not None:
            self.speaks_at = speaks_at
        if refuse is not None and refuse != self.refuse:
            self.unplug()
            self.refuse = refuse
            self.plug()

    def plug(self) -> None:
        """Create the port. A pty that is not raw yet would change and echo bytes, so that comes first."""
        if self.plugged:
            return
        if self.refuse == "no_permission":
            self._link.unlink(missing_ok=True)
            self._link.symlink_to(NOT_WRITABLE)
            return
        # One descriptor of the slave stays open: reading the master without any fails with EIO.
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        if self.refuse == "busy":
            fcntl.flock(self._slave, fcntl.LOCK_EX)
        os.set_blocking(self._master, False)
        self._link.unlink(missing_ok=True)
        self._link.symlink_to(os.ttyname(self._slave))
        self._held = False
        self._listen()

    def unplug(self) -> None:
        """Pull the cable: the other side gets an I/O error and the port is gone."""
        self._link.unlink(missing_ok=True)
        if not self.plugged:
            return
        self._deafen()
        os.close(self._master)
        os.close(self._slave)
        self._master = self._slave = -1

    def hold(self, on: bool, *, deaf: bool = True) -> None:
        """Take no more bytes, as a printer with a full buffer does; says XOFF and XON for who obeys them.

        Without ``deaf`` it goes on listening, so that only who obeys is held up.
        """
        filled, self._held = self._held, on and deaf
        self._write(XOFF if on else XON)
        if self._held:
            self._deafen()
            self._fill()
        elif self.plugged:
            if filled:
                self._drain()
            self._listen()

    def _fill(self) -> None:
        """The kernel takes some thousand bytes for a device that does not: fill that up, so that none is taken.

        It moves bytes on from one buffer to the next when it finds the time, so there is room again a moment later.
        """
        if not self._held or not self.plugged:
            return
        os.set_blocking(self._slave, False)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(self._slave, bytes(512))
        asyncio.get_running_loop().call_later(REFILL, self._fill)

    def _drain(self) -> None:
        """Everything in the kernel's buffers, at both ends, is thrown away."""
        termios.tcflush(self._slave, termios.TCOFLUSH)
        termios.tcflush(self._master, termios.TCIFLUSH)
        with contextlib.suppress(BlockingIOError):
            while os.read(self._master, 65536):
                pass

    def send(self, data: bytes) -> None:
        """Answer; bytes that nobody reads are lost, as on a real line."""
        if not self.baud:
            self._write(data)
            return
        loop = asyncio.get_running_loop()
        for place in range(0, len(data), PIECE):
            piece = data[place : place + PIECE]
            self._line_free = max(self._line_free, loop.time()) + len(piece) * BITS / self.baud
            loop.call_at(self._line_free, self._write, piece)

    def _write(self, data: bytes) -> None:
        with contextlib.suppress(OSError):
            if self.plugged:
                os.write(self._master, self._passed(self._in_shape(data)))

    def _in_shape(self, data: bytes) -> bytes:
        """What is understood where the line may be set to another speed than the device's."""
        if not self.speaks_at or termios.tcgetattr(self._slave)[5] == getattr(termios, f"B{self.speaks_at}"):
            return data
        return misheard(data)

    def _passed(self, data: bytes) -> bytes:
        """What gets through before the cable is cut."""
        if self.cut_after is None:
            return data
        data = data[: self.cut_after]
        self.cut_after -= len(data)
        if self.cut_after == 0:
            self.cut_after = None
            asyncio.get_running_loop().call_soon(self.unplug)
        return data

    def _listen(self) -> None:
        if self.plugged and not self._held:
            asyncio.get_running_loop().add_reader(self._master, self._readable)

    def _deafen(self) -> None:
        asyncio.get_running_loop().remove_reader(self._master)

    def _readable(self) -> None:
        try:
            data = os.read(self._master, PIECE if self.baud else 65536)
        except OSError:
            return
        data = self._passed(self._in_shape(data))
        if not data:
            return
        if not self.baud:
            self.on_bytes(data)
            return
        # What is not read yet stays in the kernel, as it would stay in the port's own buffer.
        self._deafen()
        loop = asyncio.get_running_loop()
        # A byte that follows close behind the last one was on the wire while that one was worked on.
        busy = loop.time() - self._heard_until < SLACK
        self._heard_until = (self._heard_until if busy else loop.time()) + len(data) * BITS / self.baud
        loop.call_at(self._heard_until, self._deliver, data)

    def _deliver(self, data: bytes) -> None:
        if self.plugged:
            self.on_bytes(data)
            self._listen()
