"""The start page."""

from __future__ import annotations

from litestar import get
from litestar.di import NamedDependency
from litestar.response import Template

from kiosk.model.clock import HALL_ZONE
from sync.hub.console.queries.overview import numbers, per_hour
from sync.hub.console.queries.terminals import silent_since
from sync.hub.console.visitor import Guest
from sync.hub.roles import Right
from sync.hub.services import Platform

Hub = NamedDependency[Platform]


@get("/", sync_to_thread=True, opt={"right": Right.SELF})
def overview_page(visitor: Guest, platform: Hub) -> Template:
    now = platform.clock.now()
    with platform.engine.connect() as connection:
        found = numbers(connection, silent_since(now, platform.desk.usual_seconds))
        hours = per_hour(connection, now)
    local = [(begins.astimezone(HALL_ZONE), count) for begins, count in hours]
    name = "_overview.html" if visitor.part else "overview.html"
    return visitor.page(name, numbers=found, hours=local)


ROUTES = (overview_page,)
