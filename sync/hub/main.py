"""Runs the platform: ``kiosk hub``."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

from granian.constants import Interfaces
from granian.server.embed import Server

from kiosk.model.clock import SystemClock
from sync.hub.app import create_app
from sync.hub.services import open_platform


async def _serve(folder: Path, sources: Path, host: str, port: int, tls: tuple[Path, Path] | None, suite: str) -> None:
    server = Server(
        create_app(open_platform(folder, sources, SystemClock(), suite)),
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        log_access=False,
        ssl_cert=tls[0] if tls else None,
        ssl_key=tls[1] if tls else None,
    )
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, server.stop)
    await server.serve()


def serve(
    folder: Path, sources: Path, host: str, port: int, tls: tuple[Path, Path] | None = None, suite: str = "intl"
) -> None:
    """Serve until SIGTERM, over HTTPS where ``tls`` names certificate and key. ``suite``: of keys that are drawn now.

    Raises ValueError where a package of ``sources`` is unsound.
    """
    asyncio.run(_serve(folder, sources, host, port, tls, suite))
