"""Cases in lists: numbers, services, states. Nothing of a person is in any of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, desc, or_, select, true

from kiosk.model.clock import HALL_ZONE
from kiosk.model.ids import parse_receipt_number
from sync.hub.opening import OPEN, CaseStage
from sync.hub.schema import cases, events, openings, terminals
from sync.protocol.envelope import Envelope

PAGE = 50
_LISTED = ("case_id", "receipt", "terminal", "received", "state", "reason", "service", "findings")


@dataclass(frozen=True)
class Case:
    """One case, from the outside."""

    terminal: str
    case_id: str
    receipt: str
    service: str
    received: str
    state: str
    reason: str
    findings: list[str]

    @property
    def is_open(self) -> bool:
        """Somebody has to decide on it."""
        return self.state in OPEN


@dataclass(frozen=True)
class Page:
    """``after``: the cursor of the next page; empty: there is none."""

    rows: list[Case]
    after: str


@dataclass(frozen=True)
class Search:
    """What a person looks for; what is empty counts for nothing. Dates are the hall's (``YYYY-MM-DD``)."""

    number: str = ""
    service: str = ""
    state: str = ""
    terminal: str = ""
    since: str = ""
    until: str = ""

    @classmethod
    def of(cls, asked: Mapping[str, str]) -> Search:
        """From the fields of a form."""
        return cls(**{name: asked.get(name, "").strip()[:64] for name in cls.__dataclass_fields__})

    def condition(self) -> ColumnElement[bool]:
        """Of the table ``case_record``."""
        c = cases.c
        parts: list[ColumnElement[bool]] = [true()]
        parts += [_numbered(self.number)] if self.number else []
        parts += [c.service == self.service] if self.service else []
        parts += [c.state == self.state] if self.state else []
        parts += [c.terminal == self.terminal.upper()] if self.terminal else []
        if first := day_begins(self.since):
            parts.append(c.received >= first)
        if last := day_begins(self.until, 1):
            parts.append(c.received < last)
        return and_(*parts)


def _numbered(typed: str) -> ColumnElement[bool]:
    """A whole number is looked up; the beginning of one, with its hyphens, is searched for at the terminal that it
    names, so that an index leads there."""
    c = cases.c
    if whole := parse_receipt_number(typed):
        return c.receipt == whole
    begins = typed.upper()
    terminal, hyphen, _rest = begins.partition("-")
    if hyphen:
        return and_(c.terminal == terminal, c.receipt.startswith(begins, autoescape=True))
    named = select(terminals.c.terminal).where(terminals.c.terminal.startswith(begins, autoescape=True))
    return c.terminal.in_(named)


def day_begins(day: str, later: int = 0) -> str:
    """The UTC time at which a day of the hall (or the one ``later`` days after it) begins; empty where it is none."""
    try:
        begins = datetime.combine(date.fromisoformat(day) + timedelta(days=later), time(), HALL_ZONE)
        return begins.astimezone(UTC).isoformat()
    except (ValueError, OverflowError):
        return ""


def find(connection: Connection, condition: ColumnElement[bool], after: str = "") -> Page:
    """One page, newest first. ``after``: the cursor that the page before gave."""
    c = cases.c
    received, _, case_id = after.partition("|")
    if case_id:
        condition = and_(condition, or_(c.received < received, and_(c.received == received, c.case_id < case_id)))
    query = (
        select(*(c[name] for name in _LISTED))
        .where(condition)
        .order_by(desc(c.received), desc(c.case_id))
        .limit(PAGE + 1)
    )
    rows = [_case(row) for row in connection.execute(query)]
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    return Page(rows[:PAGE], f"{last.received}|{last.case_id}" if last else "")


def of_terminal(connection: Connection, terminal: str, most: int = 20) -> list[Case]:
    """A terminal's latest cases."""
    c = cases.c
    query = select(*(c[name] for name in _LISTED)).where(c.terminal == terminal).order_by(desc(c.received)).limit(most)
    return [_case(row) for row in connection.execute(query)]


def one(connection: Connection, terminal: str, case_id: str) -> tuple[Case, Envelope] | None:
    """A case and its envelope."""
    row = connection.execute(select(cases).where(cases.c.terminal == terminal, cases.c.case_id == case_id)).first()
    return (_case(row), Envelope.model_validate_json(row.envelope)) if row else None


@dataclass(frozen=True)
class Step:
    """A case came to ``state``."""

    at: str
    state: str
    by: str
    note: str


def way(connection: Connection, case: Case) -> list[Step]:
    """How a case came to where it stands, from its arrival on."""
    e = events.c
    query = (
        select(e.at, e.state, e.by, e.note)
        .where(e.terminal == case.terminal, e.case_id == case.case_id)
        .order_by(e.at, e.id)
    )
    return [
        Step(case.received, CaseStage.STORED, case.terminal, ""),
        *(Step(*row) for row in connection.execute(query)),
    ]


def opened_by(connection: Connection, case: Case) -> Sequence[Any]:
    """Who has opened the case (``at``, ``user``, ``reason``), the latest first."""
    o = openings.c
    mine = (o.terminal == case.terminal, o.case_id == case.case_id)
    return connection.execute(select(o.at, o.user, o.reason).where(*mine).order_by(desc(o.at)).limit(50)).all()


def reason_given(connection: Connection, terminal: str, case_id: str, user: str, since: str) -> str:
    """For what ``user`` has opened the case since then; empty: not at all."""
    o = openings.c
    mine = (o.terminal == terminal, o.case_id == case_id, o.user == user, o.at >= since)
    found = connection.scalar(select(o.reason).where(*mine).order_by(desc(o.at)).limit(1))
    return (found or "").partition(":")[0]


def listed_json(connection: Connection, most: int = 200) -> list[dict[str, Any]]:
    """The latest cases as data for programs."""
    c = cases.c
    query = select(*(c[name] for name in _LISTED), c.envelope).order_by(desc(c.received), desc(c.case_id)).limit(most)
    return [
        {
            **{name: row[name] for name in _LISTED},
            "findings": json.loads(row["findings"]),
            "documents": sum(1 for b in json.loads(row["envelope"])["blobs"] if b["role"] == "document"),
        }
        for row in connection.execute(query).mappings()
    ]


def _case(row: Any) -> Case:
    return Case(
        terminal=row.terminal,
        case_id=row.case_id,
        receipt=row.receipt,
        service=row.service,
        received=row.received,
        state=row.state,
        reason=row.reason,
        findings=json.loads(row.findings),
    )
