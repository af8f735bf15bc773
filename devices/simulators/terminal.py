"""A pseudo-terminal that can be unplugged: the port is a link that appears and disappears."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tty
from collections.abc import Callable
from pathlib import Path


class PseudoPort:
    """The device's end of a serial line. ``link`` is where the terminal's software finds the port."""

    def __init__(self, link: Path, on_bytes: Callable[[bytes], None]) -> None:
        self._link = link
        self._on_bytes = on_bytes
        self._master = -1
        self._slave = -1

    @property
    def plugged(self) -> bool:
        return self._master >= 0

    def plug(self) -> None:
        """Create the port. A pty that is not raw yet would change and echo bytes, so that comes first."""
        if self.plugged:
            return
        # One descriptor of the slave stays open: reading the master without any fails with EIO.
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self._link.unlink(missing_ok=True)
        self._link.symlink_to(os.ttyname(self._slave))
        asyncio.get_running_loop().add_reader(self._master, self._readable)

    def unplug(self) -> None:
        """Pull the cable: the other side gets an I/O error and the port is gone."""
        if not self.plugged:
            return
        asyncio.get_running_loop().remove_reader(self._master)
        self._link.unlink(missing_ok=True)
        os.close(self._master)
        os.close(self._slave)
        self._master = self._slave = -1

    def send(self, data: bytes) -> None:
        """Answer; bytes that nobody reads are lost, as on a real line."""
        with contextlib.suppress(OSError):
            if self.plugged:
                os.write(self._master, data)

    def _readable(self) -> None:
        try:
            data = os.read(self._master, 65536)
        except OSError:
            return
        if data:
            self._on_bytes(data)
