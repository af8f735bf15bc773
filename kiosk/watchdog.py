"""systemd's watchdog (sd_notify): one datagram to the socket that the unit names."""

from __future__ import annotations

import os
import socket
from contextlib import suppress


def notify_systemd(state: str) -> None:
    """Tell systemd ``READY=1`` or ``WATCHDOG=1``; does nothing outside a unit."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender, suppress(OSError):
        sender.sendto(state.encode(), address.replace("@", "\0", 1) if address.startswith("@") else address)
