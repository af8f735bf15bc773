"""Users, what people and terminals did, and who opened which case."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, desc, func, or_, select, true

from sync.hub.console.queries.cases import day_begins
from sync.hub.schema import audit, cases, openings, sessions, users

PAGE = 100


@dataclass(frozen=True)
class AuditEntry:
    """``subject``: the user or terminal that it is about."""

    at: str
    id: str
    subject: str
    kind: str
    detail: dict[str, str]


@dataclass(frozen=True)
class Opening:
    """Somebody opened a case; ``receipt`` is its number."""

    at: str
    id: str
    user: str
    reason: str
    terminal: str
    receipt: str


@dataclass(frozen=True)
class Asked:
    """Filters of the record; what is empty counts for nothing. Dates are the hall's."""

    subject: str = ""
    kind: str = ""
    since: str = ""
    until: str = ""

    @classmethod
    def of(cls, asked: Mapping[str, str]) -> Asked:
        return cls(**{name: asked.get(name, "").strip()[:64] for name in cls.__dataclass_fields__})


def entries(connection: Connection, asked: Asked, after: str = "", most: int = PAGE) -> tuple[list[AuditEntry], str]:
    """Of the audit record, newest first, and the cursor of the next page."""
    a = audit.c
    condition = _between(a, asked, after)
    if asked.subject:
        condition = and_(condition, a.subject == asked.subject)
    if asked.kind:
        condition = and_(condition, a.kind == asked.kind)
    query = select(a.at, a.id, a.subject, a.kind, a.detail).where(condition).order_by(desc(a.at), desc(a.id))
    rows = connection.execute(query.limit(most + 1)).all()
    found = [AuditEntry(r.at, r.id, r.subject, r.kind, json.loads(r.detail)) for r in rows]
    return found[:most], _cursor(found, most)


def opened(connection: Connection, asked: Asked, after: str = "", most: int = PAGE) -> tuple[list[Opening], str]:
    """Openings of cases, newest first, and the cursor of the next page. ``subject`` is a user or a terminal."""
    o = openings.c
    condition = _between(o, asked, after)
    if asked.subject:
        condition = and_(condition, or_(o.user == asked.subject, o.terminal == asked.subject))
    the_case = and_(cases.c.terminal == o.terminal, cases.c.case_id == o.case_id)
    columns = (o.at, o.id, o.user, o.reason, o.terminal, cases.c.receipt)
    query = select(*columns).select_from(openings.join(cases, the_case)).where(condition)
    found = [Opening(*row) for row in connection.execute(query.order_by(desc(o.at), desc(o.id)).limit(most + 1))]
    return found[:most], _cursor(found, most)


def _between(columns: Any, asked: Asked, after: str) -> ColumnElement[bool]:
    condition: ColumnElement[bool] = true()
    if first := day_begins(asked.since):
        condition = and_(condition, columns.at >= first)
    if last := day_begins(asked.until, 1):
        condition = and_(condition, columns.at < last)
    at, _, found_id = after.partition("|")
    if found_id:
        condition = and_(condition, or_(columns.at < at, and_(columns.at == at, columns.id < found_id)))
    return condition


def _cursor(found: Sequence[AuditEntry | Opening], most: int) -> str:
    return f"{found[most - 1].at}|{found[most - 1].id}" if len(found) > most else ""


def everybody(connection: Connection, now: float) -> Sequence[Any]:
    """Users by name: ``name``, ``role``, ``locked``, ``must_change``, and how many ``sessions`` are open."""
    is_open = and_(sessions.c.user == users.c.name, sessions.c.expires > now)
    count = select(func.count()).select_from(sessions).where(is_open).scalar_subquery()
    u = users.c
    query = select(u.name, u.role, u.locked, u.must_change, count.label("sessions")).order_by(u.name).limit(1000)
    return connection.execute(query).all()
