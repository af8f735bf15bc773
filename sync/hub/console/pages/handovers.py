"""Handovers: which departments take cases, what waits for them, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from litestar import get, post
from litestar.di import NamedDependency
from litestar.response import Redirect, Template

from sync.hub.console.queries import handovers as query
from sync.hub.console.visitor import Form, Guest, back
from sync.hub.departments.breaker import Circuit
from sync.hub.departments.contract import Trouble
from sync.hub.roles import Right
from sync.hub.services import Platform

Hub = NamedDependency[Platform]
_SEE = {"right": Right.HANDOVERS}


@dataclass(frozen=True)
class Line:
    """A service whose cases a department decides on. ``circuit`` is what this process does."""

    service: str
    circuit: Circuit
    left: float
    waiting: query.Waiting
    note: str

    @property
    def trouble(self) -> Trouble | None:
        return query.trouble(self.note)


@get("/handovers", sync_to_thread=True, opt=_SEE)
def handovers_page(visitor: Guest, platform: Hub) -> Template:
    breakers = platform.handovers.breakers
    asked = visitor.query.get("shown", "")
    shown = query.Shown(asked) if asked in list(query.Shown) else query.Shown.WAITING
    service = visitor.query.get("service", "")
    chosen = [service] if service in breakers else list(breakers)
    with platform.engine.connect() as connection:
        found = query.waiting(connection, list(breakers))
        lines = [
            Line(
                name,
                breaker.circuit,
                breaker.left,
                found.get(name, query.Waiting(name, 0, "", 0)),
                query.last_trouble(connection, name),
            )
            for name, breaker in sorted(breakers.items())
        ]
        listed = query.find(connection, chosen, shown, visitor.query.get("after", ""))
    return visitor.page(
        "handovers.html",
        lines=lines,
        listed=listed,
        shown=shown,
        service=service,
        every=list(query.Shown),
        moment=lambda at: datetime.fromtimestamp(at, UTC).isoformat(),
    )


@post("/handovers/try", sync_to_thread=True, opt=_SEE)
def try_now(visitor: Guest, data: Form, platform: Hub) -> Redirect:
    """One case, or all of a service that have been tried in vain; whatever its circuit says."""
    service, terminal, case_id = (data.get(name, "") for name in ("service", "terminal", "id"))
    done = platform.handovers.try_now(service, visitor.name, terminal, case_id)
    return back("/console/handovers", "handover_asked" if done else "not_done", service=data.get("chosen", ""))


ROUTES = (handovers_page, try_now)
