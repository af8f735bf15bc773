"""The audit record, and who opened which case."""

from __future__ import annotations

from litestar import get
from litestar.di import NamedDependency
from litestar.response import Template

from sync.hub.console.queries.people import Asked, entries, opened
from sync.hub.console.visitor import Guest
from sync.hub.roles import Right
from sync.hub.services import Platform

Hub = NamedDependency[Platform]
_READ = {"right": Right.AUDIT}
KINDS = (
    "logged_in",
    "logged_out",
    "login_failed",
    "password_changed",
    "password_reset",
    "password_set",
    "user_created",
    "role_changed",
    "user_locked",
    "user_unlocked",
    "code_made",
    "enrolled",
    "enrolment_refused",
    "revoked",
    "chain_settled",
    "case_closed",
    "case_replayed",
    "quarantine_settled",
    "handover_asked",
    "request_refused",
    "record_refused",
)
"""What the record tells, as far as this version has words for it."""


@get("/audit", sync_to_thread=True, opt=_READ)
def audit_page(visitor: Guest, platform: Hub) -> Template:
    asked = Asked.of(visitor.query)
    with platform.engine.connect() as connection:
        rows, after = entries(connection, asked, visitor.query.get("after", ""))
    return visitor.page("audit.html", rows=rows, after=after, asked=asked, kinds=KINDS)


@get("/openings", sync_to_thread=True, opt=_READ)
def openings_page(visitor: Guest, platform: Hub) -> Template:
    asked = Asked.of(visitor.query)
    with platform.engine.connect() as connection:
        rows, after = opened(connection, asked, visitor.query.get("after", ""))
    return visitor.page("openings.html", rows=rows, after=after, asked=asked)


ROUTES = (audit_page, openings_page)
