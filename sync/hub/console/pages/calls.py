"""Calls for help: where somebody waits."""

from __future__ import annotations

from litestar import get
from litestar.di import NamedDependency
from litestar.response import Template

from kiosk.model.fault import Fault
from sync.hub.console.pages.terminals import cutoff_of
from sync.hub.console.queries import terminals as query
from sync.hub.console.visitor import Guest
from sync.hub.roles import Right
from sync.hub.services import Platform

Hub = NamedDependency[Platform]
_SEE = {"right": Right.CALLS}


@get("/calls", sync_to_thread=True, opt=_SEE)
def calls_page(visitor: Guest, platform: Hub, faults: NamedDependency[dict[str, Fault]]) -> Template:
    with platform.engine.connect() as connection:
        rows = query.calling(connection, cutoff_of(platform), faults)
    return visitor.page("_calls.html" if visitor.part else "calls.html", rows=rows)


@get("/calls/count", sync_to_thread=True, opt=_SEE)
def calls_count(visitor: Guest, platform: Hub) -> Template:
    """The number that stands beside the word in the menu of every page."""
    with platform.engine.connect() as connection:
        count = query.waiting_calls(connection)
    return visitor.page("_calls_count.html", count=count)


ROUTES = (calls_page, calls_count)
