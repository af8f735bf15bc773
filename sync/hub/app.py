"""The web application of the platform."""

from __future__ import annotations

from collections.abc import Collection

from litestar import Litestar, Router
from litestar.datastructures import MutableScopeHeaders
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.types import Message, Scope

from sync.hub.api import THREADS, Groups, TerminalApi
from sync.hub.console.site import Console, templates
from sync.hub.console.visitor import CONSOLE
from sync.hub.description import CONFIG
from sync.hub.metrics import Metrics, metrics
from sync.hub.opening import Worker, WorkerThread
from sync.hub.problems import plain_error
from sync.hub.services import Platform
from sync.hub.uploads import BlobApi
from sync.protocol.wire import MAX_BODY

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
}


async def _strict(message: Message, scope: Scope) -> None:
    """The framework sets headers on what handlers answer; errors, redirections and files need them as well."""
    if message["type"] == "http.response.start":
        sent = MutableScopeHeaders(message)
        for name, value in _HEADERS.items():
            sent.setdefault(name, value)
        if scope["path"].startswith(CONSOLE):
            sent.setdefault("Cache-Control", "no-store")


def create_app(
    platform: Platform,
    *,
    opens: bool = True,
    metrics_token: str = "",
    proxies: Collection[str] = (),
    threads: int = THREADS,
) -> Litestar:
    """The application on one opened platform. While it is served, cases that arrive are opened and handed over
    beside it, unless another process does that. ``metrics_token`` opens ``/metrics``. ``proxies``: addresses
    that are believed whom they speak for (``X-Forwarded-For``). ``threads`` take in records."""
    groups: list[Groups] = []
    numbers = Metrics(platform)
    platform.leftovers.tell = numbers.told_leftovers
    workers: dict[str, Worker] = {
        "opening": platform.worker,
        "departments": platform.handovers,
        "housekeeping": platform.housekeeping,
    }
    beside = [WorkerThread(name, worker) for name, worker in workers.items()]
    console = Console(platform)

    def told_group(kind: str, size: int, seconds: float, waiting: int) -> None:
        numbers.told_group(kind, size, seconds, waiting)
        platform.desk.pacer.told_group(kind, size, seconds, waiting)

    def start() -> None:
        groups.append(Groups(platform, told_group, threads))
        console.watch.start()
        if opens:
            for thread in beside:
                thread.start()

    def stop() -> None:
        console.watch.stop()
        for started in groups:
            started.close()
        for thread in beside:
            thread.stop()

    undescribed = Router("/", route_handlers=[*console.routes(), metrics], include_in_schema=False)
    app = Litestar(
        route_handlers=[TerminalApi, BlobApi, undescribed],
        dependencies={
            "platform": Provide(lambda: platform, sync_to_thread=False),
            "groups": Provide(lambda: groups[-1], sync_to_thread=False),
            "numbers": Provide(lambda: numbers, sync_to_thread=False),
            "metrics_token": Provide(lambda: metrics_token, sync_to_thread=False),
        },
        template_config=templates(),
        exception_handlers={HTTPException: plain_error},
        request_max_body_size=MAX_BODY,
        openapi_config=CONFIG,
        response_headers=_HEADERS,
        before_send=[_strict],
        on_startup=[start],
        on_shutdown=[stop],
    )
    # A server that ends waits for all answers, and a stream has no end of its own.
    app.state.end_streams = console.watch.end
    app.state.proxies = frozenset(proxies)
    return app
