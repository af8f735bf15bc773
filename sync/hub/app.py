"""The web application of the platform."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from litestar import Litestar, Request, Response, Router
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.response import Redirect
from litestar.template.config import TemplateConfig

from sync.hub.api import Groups, TerminalApi
from sync.hub.console import Console
from sync.hub.description import CONFIG
from sync.hub.metrics import Metrics, metrics
from sync.hub.opening import WorkerThread
from sync.hub.services import Platform

MAX_BODY = 4_000_000
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'self'; style-src 'unsafe-inline'; img-src 'self'; frame-ancestors 'none'",
}


def _to_login(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    if request.url.path.startswith("/console") and not request.url.path.endswith(".json"):
        return Redirect("/console/login", status_code=303)
    return Response({"detail": error.detail}, status_code=401)


def _plain_error(_request: Request[Any, Any, Any], error: HTTPException) -> Response[dict[str, str]]:
    extra = error.extra if isinstance(error.extra, dict) and "reason" in error.extra else {}
    headers = dict(error.headers or {})
    if error.status_code == 429:
        headers["Retry-After"] = headers.get("RateLimit-Reset", "60")
    return Response({"detail": error.detail, **extra}, status_code=error.status_code, headers=headers)


def create_app(platform: Platform, *, opens: bool = True, metrics_token: str = "") -> Litestar:
    """The application on one opened platform. While it is served, cases that arrive are opened and handed over
    beside it, unless another process does that. ``metrics_token`` opens ``/metrics``."""
    groups: list[Groups] = []
    numbers = Metrics(platform)
    beside = [WorkerThread("opening", platform.worker), WorkerThread("departments", platform.handovers)]

    def start() -> None:
        groups.append(Groups(platform, numbers.told_group))
        if opens:
            for thread in beside:
                thread.start()

    def stop() -> None:
        for started in groups:
            started.close()
        for thread in beside:
            thread.stop()

    return Litestar(
        route_handlers=[TerminalApi, Router("/", route_handlers=[Console, metrics], include_in_schema=False)],
        dependencies={
            "platform": Provide(lambda: platform, sync_to_thread=False),
            "groups": Provide(lambda: groups[-1], sync_to_thread=False),
            "numbers": Provide(lambda: numbers, sync_to_thread=False),
            "metrics_token": Provide(lambda: metrics_token, sync_to_thread=False),
        },
        template_config=TemplateConfig(directory=Path(__file__).parent / "templates", engine=JinjaTemplateEngine),
        exception_handlers={401: _to_login, HTTPException: _plain_error},
        request_max_body_size=MAX_BODY,
        openapi_config=CONFIG,
        response_headers=_HEADERS,
        on_startup=[start],
        on_shutdown=[stop],
    )
