"""Enrolment: one-time codes, and who came lately."""

from __future__ import annotations

from datetime import UTC, datetime

from litestar import get, post
from litestar.di import NamedDependency
from litestar.exceptions import HTTPException
from litestar.response import Template

from kiosk.model.fault import Fault
from sync.hub.console.pages.terminals import cutoff_of
from sync.hub.console.queries import terminals as query
from sync.hub.console.visitor import Form, Guest, Visitor
from sync.hub.roles import Right
from sync.hub.services import Platform
from sync.hub.terminals import NoSuchTerminal

Hub = NamedDependency[Platform]
Faults = NamedDependency[dict[str, Fault]]
_MAKE = {"right": Right.ENROLMENT}


@get("/enrolment", sync_to_thread=True, opt=_MAKE)
def enrolment_page(visitor: Guest, platform: Hub, faults: Faults) -> Template:
    return _page(visitor, platform, faults)


@post("/enrolment", sync_to_thread=True, status_code=200, opt=_MAKE)
def make_code(visitor: Guest, data: Form, platform: Hub, faults: Faults) -> Template:
    """The code stands on this one answer; the platform keeps only its digest."""
    replaces = data.get("replaces", "").strip().upper()
    try:
        code = platform.desk.new_code(replaces, visitor.name)
    except NoSuchTerminal:
        raise HTTPException(status_code=404, detail="no such terminal", extra={"word": "no_such_terminal"}) from None
    return _page(visitor, platform, faults, code, replaces)


def _page(
    visitor: Visitor, platform: Platform, faults: dict[str, Fault], code: str = "", replaces: str = ""
) -> Template:
    with platform.engine.connect() as connection:
        codes = query.open_codes(connection, platform.clock.now())
        lately = query.enrolled_lately(connection, cutoff_of(platform), faults)
    expiry = [(datetime.fromtimestamp(c.expires, UTC).isoformat(), c.replaces) for c in codes]
    return visitor.page("enrolment.html", code=code, replaces=replaces, codes=expiry, lately=lately)


ROUTES = (enrolment_page, make_code)
