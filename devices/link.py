"""What a driver knows of the line to its device: bytes out, bytes in, and the ways in which it is lost."""

from __future__ import annotations

import errno
from collections.abc import Callable
from enum import StrEnum
from typing import Protocol


class LinkFault(StrEnum):
    """Why a line cannot be used."""

    MISSING = "missing"  # unplugged, or never there
    BUSY = "busy"  # another program has it: ModemManager is the usual one
    NO_PERMISSION = "no_permission"
    STUCK = "stuck"  # the device takes no more bytes: flow control held, or it hangs


class LinkLost(Exception):
    """The line is gone, or cannot be opened. ``fault`` says why."""

    def __init__(self, text: str, fault: LinkFault = LinkFault.MISSING) -> None:
        super().__init__(text)
        self.fault = fault


class Link(Protocol):
    """A line to a device. Every method raises LinkLost."""

    def discard(self) -> None:
        """Throw away what came unasked: a late reply would answer the next command."""
        ...

    def write(self, data: bytes) -> None:
        """Send all of ``data``. A peer that takes not one byte for STUCK_SECONDS is stuck."""
        ...

    def read_some(self, seconds: float) -> bytes:
        """Whatever arrives within ``seconds``, at least one byte if any comes; empty on silence."""
        ...

    def fileno(self) -> int:
        """What becomes readable when something arrives; -1 where only reading tells."""
        ...

    def close(self) -> None: ...


Opener = Callable[[int], Link]
"""Opens the line at a speed (baud; meaningless for USB and network lines)."""

STUCK_SECONDS = 10.0
"""A printer that cuts or cools its head holds the line for a few seconds, never for ten."""


def fault_of(error: BaseException) -> LinkFault:
    """The fault behind an error of the operating system, wherever it sits in the chain of causes."""
    seen: BaseException | None = error
    while seen is not None:
        number = getattr(seen, "errno", None)
        if number in (errno.EACCES, errno.EPERM):
            return LinkFault.NO_PERMISSION
        if number in (errno.EBUSY, errno.EAGAIN, errno.EWOULDBLOCK):
            return LinkFault.BUSY
        seen = seen.__cause__ or seen.__context__
    return LinkFault.MISSING
