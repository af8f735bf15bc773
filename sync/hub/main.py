"""Serves the platform: ``kiosk hub``."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import os
import signal
from contextlib import suppress
from pathlib import Path

from granian.constants import Interfaces
from granian.server.embed import Server

from sync.hub.api import THREADS
from sync.hub.app import create_app
from sync.hub.services import Platform

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""Of ``mallopt(3)``."""
LARGE, KEPT = 32 << 20, 128 << 20
"""Bytes: more at once comes from the system; more freed at the end of the heap goes back to it."""


async def _serve(platform: Platform, host: str, port: int, tls: tuple[Path, Path] | None, threads: int) -> None:
    app = create_app(
        platform,
        metrics_token=os.environ.get("BIANMIN_HUB_METRICS_TOKEN", ""),
        proxies=os.environ.get("BIANMIN_HUB_PROXIES", "").split(),
        threads=threads,
    )
    server = Server(
        app,
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        log_access=False,
        ssl_cert=tls[0] if tls else None,
        ssl_key=tls[1] if tls else None,
    )

    def stop() -> None:
        app.state.end_streams()
        server.stop()  # type: ignore[no-untyped-call]

    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop)
    await server.serve()


def serve(
    platform: Platform, host: str, port: int, tls: tuple[Path, Path] | None = None, *, alone: bool = True
) -> None:
    """Serve until SIGTERM, over HTTPS where ``tls`` names certificate and key; ``alone``: no other process does."""
    # What lives as long as the process need not be looked through at every collection.
    gc.freeze()
    _keep_memory()
    asyncio.run(_serve(platform, host, port, tls, THREADS if alone else 1))


def _keep_memory() -> None:
    """Pieces of sealed files are megabytes. By itself glibc gets such memory from the system and gives it back each
    time, and the system clears it each time: a fifth of what an upload costs."""
    with suppress(AttributeError):  # another C library
        libc = ctypes.CDLL(None)
        libc.mallopt(M_MMAP_THRESHOLD, LARGE)
        libc.mallopt(M_TRIM_THRESHOLD, KEPT)
