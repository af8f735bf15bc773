"""Lines that are no serial ports: a USB printer class device (``/dev/usb/lp0``) and a network printer (TCP 9100)."""

from __future__ import annotations

import contextlib
import os
import select
import socket
from collections.abc import Callable

from devices.link import STUCK_SECONDS, Link, LinkFault, LinkLost, fault_of
from devices.serial_link import SLICE, SerialLink
from kiosk.model.clock import Clock

CONNECT_SECONDS = 2.0


class DescriptorLink:
    """Bytes through a file descriptor that does not block."""

    def __init__(self, descriptor: int, clock: Clock, alive: Callable[[], None]) -> None:
        self._descriptor, self._clock, self._alive = descriptor, clock, alive
        os.set_blocking(descriptor, False)

    def discard(self) -> None:
        while self._read():
            pass

    def write(self, data: bytes) -> None:
        left = memoryview(data)
        deadline = self._clock.monotonic() + STUCK_SECONDS
        try:
            while left:
                if select.select([], [self._descriptor], [], SLICE)[1]:
                    taken = os.write(self._descriptor, left[:4096])
                    left = left[taken:]
                    deadline = self._clock.monotonic() + STUCK_SECONDS
                elif self._clock.monotonic() >= deadline:
                    raise LinkLost(f"{len(left)} of {len(data)} bytes not taken", LinkFault.STUCK)
                self._alive()
        except OSError as gone:
            raise LinkLost(str(gone)) from gone

    def read_some(self, seconds: float) -> bytes:
        deadline = self._clock.monotonic() + seconds
        while True:
            wait = max(0.0, min(SLICE, deadline - self._clock.monotonic()))
            data = self._read() if select.select([self._descriptor], [], [], wait)[0] else b""
            self._alive()
            if data or self._clock.monotonic() >= deadline:
                return data

    def _read(self) -> bytes:
        try:
            return os.read(self._descriptor, 4096)
        except BlockingIOError:
            return b""
        except OSError as gone:
            raise LinkLost(str(gone)) from gone

    def fileno(self) -> int:
        return self._descriptor

    def close(self) -> None:
        with contextlib.suppress(OSError):
            os.close(self._descriptor)


class SocketLink(DescriptorLink):
    """A network printer. An end of file is a lost line: such a printer never closes by itself."""

    def _read(self) -> bytes:
        if not select.select([self._descriptor], [], [], 0)[0]:
            return b""
        data = super()._read()
        if not data:
            raise LinkLost("the printer has closed the connection")
        return data


def open_link(
    address: str, baud: int, clock: Clock, alive: Callable[[], None] = lambda: None, *, flow: str = "none"
) -> Link:
    """The line that ``address`` names: ``tcp://HOST:PORT``, ``/dev/usb/lpN``, or a serial port. Raises LinkLost.

    ``flow`` is ``none``, ``xonxoff`` or ``rtscts`` and concerns serial ports alone.
    """
    if address.startswith("tcp://"):
        host, _, port = address.removeprefix("tcp://").partition(":")
        try:
            connection = socket.create_connection((host, int(port or 9100)), CONNECT_SECONDS)
        except (OSError, ValueError) as gone:
            raise LinkLost(f"{address}: {gone}") from gone
        return SocketLink(connection.detach(), clock, alive)
    if "/usb/lp" in address:
        try:
            descriptor = os.open(address, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as gone:
            raise LinkLost(f"{address}: {gone}", fault_of(gone)) from gone
        return DescriptorLink(descriptor, clock, alive)
    return SerialLink(address, baud, clock, alive, xonxoff=flow == "xonxoff", rtscts=flow == "rtscts")
