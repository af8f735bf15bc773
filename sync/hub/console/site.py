"""The console put together: routes, static files, what is said when something cannot be done."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Response, Router
from litestar.datastructures import CacheControlHeader
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.response import Redirect
from litestar.static_files import create_static_files_router
from litestar.template.config import TemplateConfig
from sqlalchemy import Connection

import kiosk
from kiosk.model.fault import load_faults
from sync.hub.console.pages import (
    audit,
    calls,
    cases,
    enrolment,
    handovers,
    live,
    overview,
    quarantine,
    session,
    terminals,
    users,
)
from sync.hub.console.queries.overview import Marks, marks
from sync.hub.console.queries.terminals import silent_since
from sync.hub.console.speech import Speech
from sync.hub.console.visitor import (
    COOKIE,
    LOGIN,
    PASSWORD,
    AnyRequest,
    MustChange,
    Visitor,
    href,
    language,
    look_at_request,
    stranger,
    visitor_of,
)
from sync.hub.console.watch import Watch
from sync.hub.services import Platform
from sync.hub.words import load_words
from sync.protocol.canonical import digest

HERE = Path(__file__).parents[1]
STATIC = HERE / "static"
FAULTS = Path(kiosk.__file__).parents[1] / "devices" / "faults.toml"
YEAR = 365 * 86400
_HANDLERS: Sequence[Any] = [
    *session.ROUTES,
    *overview.ROUTES,
    *terminals.ROUTES,
    *cases.ROUTES,
    *quarantine.ROUTES,
    *handovers.ROUTES,
    *calls.ROUTES,
    *enrolment.ROUTES,
    *users.ROUTES,
    *audit.ROUTES,
    *live.ROUTES,
]


class Console:
    """Its routes, and the watch that runs while it is served."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._words = load_words()
        self._faults = load_faults(FAULTS) if FAULTS.exists() else {}
        self.watch = Watch(platform.engine, self._marks)

    def __deepcopy__(self, _memo: object) -> Console:
        # The framework copies a route with the objects whose methods it calls; of this one there is only one.
        return self

    def routes(self) -> list[Router]:
        """Pages, and static files with addresses that change with their content."""
        pages = Router(
            path="/console",
            route_handlers=_HANDLERS,
            before_request=look_at_request,
            dependencies={
                "visitor": Provide(self._visitor, sync_to_thread=True),
                "stranger": Provide(self._stranger, sync_to_thread=False),
                "faults": Provide(lambda: self._faults, sync_to_thread=False),
                "watch": Provide(lambda: self.watch, sync_to_thread=False),
            },
            exception_handlers={HTTPException: self._sorry},
            response_headers={"Cache-Control": "no-store"},
        )
        kept = CacheControlHeader(max_age=YEAR, public=True, immutable=True)
        files = create_static_files_router("/console/static", [STATIC], cache_control=kept, after_request=_as_named)
        return [pages, files]

    def _say(self, lang: str) -> Speech:
        p = self._platform
        return Speech(lang, p.clock.now(), self._words[lang], self._faults, p.forms.titles)

    def _visitor(self, request: AnyRequest) -> Visitor:
        user = self._platform.users.who(request.cookies.get(COOKIE, ""))
        return visitor_of(request, user, self._say(language(request)))

    def _stranger(self, request: AnyRequest) -> Visitor:
        return stranger(request, self._say(language(request)))

    def _marks(self, connection: Connection) -> Marks:
        p = self._platform
        return marks(connection, silent_since(p.clock.now(), p.desk.usual_seconds))

    def _sorry(self, request: AnyRequest, error: HTTPException) -> Response[Any]:
        """Say what is wrong in the way that the asker understands."""
        if request.url.path.endswith((".json", "/events")):
            return Response({"detail": error.detail}, status_code=error.status_code)
        if isinstance(error, MustChange):
            return Redirect(PASSWORD, status_code=303)
        if error.status_code == 401:
            return self._to_login(request)
        page = stranger(request, self._say(language(request)))
        word = error.extra.get("word", "") if isinstance(error.extra, dict) else ""
        return page.page("error.html", error.status_code, status=error.status_code, word=word)

    def _to_login(self, request: AnyRequest) -> Response[Any]:
        if "HX-Request" in request.headers:
            # A part of a page: the login page as a whole takes its place.
            return Response(None, status_code=401, headers={"HX-Redirect": LOGIN})
        wanted = "" if request.method != "GET" else str(request.url.path)
        if wanted and request.url.query:
            wanted += f"?{request.url.query}"
        return Redirect(href(LOGIN, next=wanted), status_code=303)


def _as_named(response: Response[Any]) -> Response[Any]:
    """A file is what its name says."""
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def templates() -> TemplateConfig[JinjaTemplateEngine]:
    """Escaped, and strict: a word that is missing is a fault and not a gap."""
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    versions = {
        str(path.relative_to(STATIC)): digest(path.read_bytes()).partition(":")[2][:12]
        for path in STATIC.rglob("*")
        if path.is_file()
    }
    environment.globals["asset"] = lambda name: f"/console/static/{name}?v={versions[name]}"
    return TemplateConfig(instance=JinjaTemplateEngine.from_environment(environment))
