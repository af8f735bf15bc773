"""Terminals: the list, one of them, and what is done to it."""

from __future__ import annotations

from litestar import get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect, Template
from sqlalchemy import and_

from kiosk.model.fault import Fault
from sync.hub.console.queries import cases, people
from sync.hub.console.queries import terminals as query
from sync.hub.console.queries.terminals import Filter
from sync.hub.console.visitor import Form, Guest, Visitor, back
from sync.hub.roles import Right
from sync.hub.services import Platform

Hub = NamedDependency[Platform]
Faults = NamedDependency[dict[str, Fault]]
_SEE = {"right": Right.TERMINALS}


def cutoff_of(platform: Platform) -> str:
    """Who was last heard before this is silent."""
    return query.silent_since(platform.clock.now(), platform.desk.usual_seconds)


@get("/terminals", sync_to_thread=True, opt=_SEE)
def terminals_page(visitor: Guest, platform: Hub, faults: Faults) -> Template:
    asked = visitor.query
    which = Filter(asked["show"]) if asked.get("show") in set(Filter) else Filter.ALL
    text, cutoff = asked.get("text", "").strip()[:64], cutoff_of(platform)
    condition = query.chosen(which, cutoff)
    if text:
        condition = and_(condition, query.matching(text, _codes(visitor, text, faults)))
    with platform.engine.connect() as connection:
        found = query.find(connection, condition, asked.get("after", ""), cutoff, faults)
    name = "_terminals.html" if visitor.part else "terminals.html"
    return visitor.page(name, found=found, which=which, text=text, filters=list(Filter))


@get("/terminals/{name:str}", sync_to_thread=True, opt=_SEE)
def terminal_page(visitor: Guest, name: FromPath[str], platform: Hub, faults: Faults) -> Template:
    with platform.engine.connect() as connection:
        terminal = query.one(connection, name, cutoff_of(platform), faults)
        if terminal is None:
            raise NotFoundException("no such terminal")
        history = cases.of_terminal(connection, name)
        told, _more = people.entries(connection, people.Asked(subject=name), most=20)
    page = "_terminal.html" if visitor.part else "terminal.html"
    return visitor.page(page, t=terminal, history=history, told=told, catalogue=faults)


@post("/terminals/{name:str}/chain", sync_to_thread=True, opt=_SEE)
def settle_chain(visitor: Guest, name: FromPath[str], data: Form, platform: Hub) -> Redirect:
    note = data.get("note", "").strip()
    done = bool(note) and platform.desk.settle_chain(name, note, visitor.name)
    return back(f"/console/terminals/{name}", "chain_settled" if done else "not_done")


@post("/terminals/{name:str}/revoke", sync_to_thread=True, opt={"right": Right.REVOKE})
def revoke(visitor: Guest, name: FromPath[str], data: Form, platform: Hub) -> Redirect:
    """The name has to be typed: a revoked terminal comes back only by a new enrolment."""
    sure = data.get("name", "").strip().upper() == name
    done = sure and platform.desk.revoke(name, visitor.name)
    return back(f"/console/terminals/{name}", "terminal_revoked" if done else "not_done")


def _codes(visitor: Visitor, text: str, faults: dict[str, Fault]) -> list[str]:
    """Faults whose words, as this visitor reads them, hold the text."""
    wanted = text.lower()
    return [code for code in faults if wanted in visitor.say.fault(code).lower()]


ROUTES = (terminals_page, terminal_page, settle_chain, revoke)
