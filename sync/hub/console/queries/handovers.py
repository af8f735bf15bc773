"""What waits to be handed over to departments, and what they have answered. Nothing of a person is in any of it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Select, and_, desc, func, or_, select

from sync.hub.departments.contract import Decision, Trouble
from sync.hub.opening import CaseStage
from sync.hub.schema import cases, handovers

PAGE = 50


class Shown(StrEnum):
    """Which handovers are listed."""

    WAITING = "waiting"
    TAKEN = "taken"
    RETURNED = "returned"


@dataclass(frozen=True)
class Waiting:
    """Cases of one service that wait for its department; ``tried``: how many of them were in vain."""

    service: str
    count: int
    oldest: str
    tried: int


@dataclass(frozen=True)
class Handover:
    """``next_at``: the next try (Unix time), 0 where the first is still to come; ``note`` is the department's, or says
    what went wrong."""

    terminal: str
    case_id: str
    receipt: str
    service: str
    received: str
    attempts: int
    next_at: float
    done: str
    number: str
    note: str

    @property
    def trouble(self) -> Trouble | None:
        return trouble(self.note) if self.attempts and not self.done else None


@dataclass(frozen=True)
class Page:
    """``after``: the cursor of the next page; empty: there is none."""

    rows: list[Handover]
    after: str


def trouble(note: str) -> Trouble | None:
    """What a note of the handover worker begins with; None for an empty one."""
    kind = note.partition(":")[0]
    return Trouble(kind) if kind in list(Trouble) else None


def waiting(connection: Connection, services: Collection[str]) -> dict[str, Waiting]:
    """Of each of ``services`` what waits; a service of which nothing does is not among them."""
    c, h = cases.c, handovers.c
    query = (
        select(c.service, func.count(), func.min(c.received), func.count(h.attempts).filter(h.attempts > 0))
        .outerjoin(handovers, and_(h.terminal == c.terminal, h.case_id == c.case_id))
        .where(c.state == CaseStage.ACCEPTED, c.service.in_(services))
        .group_by(c.service)
    )
    return {row[0]: Waiting(*row) for row in connection.execute(query)}


def last_trouble(connection: Connection, service: str) -> str:
    """The note of the try that failed last."""
    h = handovers.c
    query = select(h.note).where(h.service == service, h.done == "", h.note != "").order_by(desc(h.next_at)).limit(1)
    return connection.scalar(query) or ""


def find(connection: Connection, services: Collection[str], shown: Shown, after: str = "") -> Page:
    """One page: what waits, the oldest first; what is decided, the newest first."""
    c, h = cases.c, handovers.c
    same = and_(h.terminal == c.terminal, h.case_id == c.case_id)
    columns = (
        *(c.terminal, c.case_id, c.receipt, c.service, c.received),
        *(func.coalesce(h.attempts, 0), func.coalesce(h.next_at, 0.0)),
        *(func.coalesce(column, "") for column in (h.done, h.number, h.note)),
    )
    query: Select[Any] = select(*columns).select_from(cases.outerjoin(handovers, same))
    received, _, case_id = after.partition("|")
    if shown == Shown.WAITING:
        query = query.where(c.state == CaseStage.ACCEPTED, c.service.in_(services)).order_by(c.received, c.case_id)
        later = or_(c.received > received, and_(c.received == received, c.case_id > case_id))
    else:
        stage = CaseStage.FORWARDED if shown == Shown.TAKEN else CaseStage.RETURNED
        decided = h.done == (Decision.TAKEN if shown == Shown.TAKEN else Decision.RETURNED)
        query = query.where(c.state == stage, decided).order_by(desc(c.received), desc(c.case_id))
        later = or_(c.received < received, and_(c.received == received, c.case_id < case_id))
    if case_id:
        query = query.where(later)
    rows = [Handover(*row) for row in connection.execute(query.limit(PAGE + 1))]
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    return Page(rows[:PAGE], f"{last.received}|{last.case_id}" if last else "")
