"""Serves the platform: ``kiosk hub``."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from pathlib import Path

from granian.constants import Interfaces
from granian.server.embed import Server

from sync.hub.app import create_app
from sync.hub.services import Platform


async def _serve(platform: Platform, host: str, port: int, tls: tuple[Path, Path] | None) -> None:
    app = create_app(
        platform,
        metrics_token=os.environ.get("BIANMIN_HUB_METRICS_TOKEN", ""),
        proxies=os.environ.get("BIANMIN_HUB_PROXIES", "").split(),
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


def serve(platform: Platform, host: str, port: int, tls: tuple[Path, Path] | None = None) -> None:
    """Serve until SIGTERM, over HTTPS where ``tls`` names certificate and key."""
    # What lives as long as the process need not be looked through at every collection.
    gc.freeze()
    asyncio.run(_serve(platform, host, port, tls))
