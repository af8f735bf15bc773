"""A platform on a loopback port, for tests."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from granian.constants import Interfaces
from granian.server.embed import Server
from litestar.middleware.rate_limit import RateLimitMiddleware

from sync.client import NoNetwork, PlatformClient
from sync.hub.app import create_app
from sync.hub.services import Platform


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def unhurried() -> Iterator[None]:
    """Nobody is told to slow down: tests ask faster than any terminal."""

    async def through(self: RateLimitMiddleware, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RateLimitMiddleware, "__call__", through)
        yield


@contextmanager
def serving(platform: Platform, *, opens: bool = False) -> Iterator[str]:
    """Serve ``platform`` in a thread; yields its address. Cases are opened when the test says so, unless ``opens``."""
    port = free_port()
    app = create_app(platform, opens=opens)
    server = Server(app, address="127.0.0.1", port=port, interface=Interfaces.ASGI, log_enabled=False)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=lambda: loop.run_until_complete(server.serve()))
    thread.start()
    url = f"http://127.0.0.1:{port}"
    client = PlatformClient(url)
    for _ in range(200):
        try:
            client.ping()
            break
        except NoNetwork:
            threading.Event().wait(0.05)
    try:
        yield url
    finally:
        app.state.end_streams()
        loop.call_soon_threadsafe(server.stop)
        thread.join(10)
        loop.close()
