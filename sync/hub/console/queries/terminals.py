"""Terminals: which ones, how they are, what happened to them."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from kiosk.model.fault import Fault, Severity
from sync.hub.schema import enrolment_codes, terminals
from sync.protocol.wire import ChainState

PAGE = 50
MISSED = 3
"""A terminal is silent once so many signs of life are missing."""
_NO_FAULTS = "[]"


class Health(StrEnum):
    """The worst of what is known about a terminal."""

    FINE = "fine"
    ATTENTION = "attention"
    TROUBLE = "trouble"
    SILENT = "silent"
    NEW = "new"
    REVOKED = "revoked"


class Filter(StrEnum):
    """Which terminals a list shows."""

    ALL = "all"
    PROBLEMS = "problems"
    SILENT = "silent"
    FAULTS = "faults"
    CHAIN = "chain"
    CALLS = "calls"
    FINE = "fine"
    REVOKED = "revoked"


@dataclass(frozen=True)
class Terminal:
    """One terminal as it was at its last sign of life."""

    name: str
    health: Health
    version: str
    last_contact: str
    backlog: int
    held: int
    oldest: str
    free_bytes: int
    faults: list[str]
    calls: int
    called: str
    chain: ChainState
    enrolled: str
    revoked: str
    records: int


@dataclass(frozen=True)
class Page:
    """``after``: where the next page begins; empty: there is none."""

    rows: list[Terminal]
    total: int
    after: str


def silent_since(now: datetime, heartbeat_seconds: float) -> str:
    """Who was last heard before this is silent."""
    return (now - timedelta(seconds=MISSED * heartbeat_seconds)).isoformat()


def chosen(which: Filter, cutoff: str) -> ColumnElement[bool]:
    """The condition of a filter. ``cutoff``: as of ``silent_since``."""
    t = terminals.c
    alive = t.revoked == ""
    silent = and_(t.last_contact < cutoff, t.last_contact != "")
    faulty, broken, asked = t.faults != _NO_FAULTS, t.chain != ChainState.WHOLE.value, t.calls > 0
    match which:
        case Filter.ALL:
            return t.terminal != ""
        case Filter.PROBLEMS:
            return and_(alive, or_(silent, faulty, broken, asked, t.held > 0))
        case Filter.SILENT:
            return and_(alive, silent)
        case Filter.FAULTS:
            return and_(alive, faulty)
        case Filter.CHAIN:
            return and_(alive, broken)
        case Filter.CALLS:
            return and_(alive, asked)
        case Filter.FINE:
            return and_(alive, t.last_contact >= cutoff, ~faulty, ~broken, ~asked, t.held == 0)
        case Filter.REVOKED:
            return t.revoked != ""


def matching(text: str, codes: Collection[str]) -> ColumnElement[bool]:
    """Terminals whose name, version or faults hold ``text``; ``codes``: faults whose words hold it."""
    t = terminals.c
    parts = [
        t.terminal.contains(text.upper(), autoescape=True),
        t.version.startswith(text, autoescape=True),
        t.faults.contains(text.lower(), autoescape=True),
        *(t.faults.contains(f'"{code}"', autoescape=True) for code in sorted(codes)),
    ]
    return or_(*parts)


def find(
    connection: Connection, condition: ColumnElement[bool], after: str, cutoff: str, faults: dict[str, Fault]
) -> Page:
    """One page of terminals in the order of their names."""
    total = int(connection.scalar(select(func.count()).select_from(terminals).where(condition)) or 0)
    query = (
        select(terminals).where(condition, terminals.c.terminal > after).order_by(terminals.c.terminal).limit(PAGE + 1)
    )
    rows = [_terminal(row, cutoff, faults) for row in connection.execute(query)]
    return Page(rows[:PAGE], total, rows[PAGE - 1].name if len(rows) > PAGE else "")


def one(connection: Connection, name: str, cutoff: str, faults: dict[str, Fault]) -> Terminal | None:
    row = connection.execute(select(terminals).where(terminals.c.terminal == name)).first()
    return _terminal(row, cutoff, faults) if row else None


def calling(connection: Connection, cutoff: str, faults: dict[str, Fault]) -> list[Terminal]:
    """Terminals where somebody waits for help, the latest call first."""
    t = terminals.c
    query = select(terminals).where(chosen(Filter.CALLS, cutoff)).order_by(t.called.desc(), t.terminal).limit(200)
    return [_terminal(row, cutoff, faults) for row in connection.execute(query)]


def waiting_calls(connection: Connection) -> int:
    """At how many terminals somebody waits for help."""
    query = select(func.count()).select_from(terminals).where(chosen(Filter.CALLS, ""))
    return int(connection.scalar(query) or 0)


def enrolled_lately(connection: Connection, cutoff: str, faults: dict[str, Fault], most: int = 20) -> list[Terminal]:
    query = select(terminals).order_by(terminals.c.enrolled.desc(), terminals.c.terminal).limit(most)
    return [_terminal(row, cutoff, faults) for row in connection.execute(query)]


def open_codes(connection: Connection, now: datetime) -> Sequence[Any]:
    """Codes that nobody has used: ``expires`` (seconds since 1970) and ``replaces``; nothing of the code itself."""
    c = enrolment_codes.c
    query = select(c.expires, c.replaces).where(c.expires > now.timestamp()).order_by(c.expires).limit(100)
    return connection.execute(query).all()


def health(terminal: Any, cutoff: str, faults: dict[str, Fault]) -> Health:
    """The worst that a row of the table ``terminal`` tells."""
    if terminal.revoked:
        return Health.REVOKED
    if not terminal.last_contact:
        return Health.NEW
    if terminal.last_contact < cutoff:
        return Health.SILENT
    severities = {faults[c].severity if c in faults else Severity.WARNING for c in json.loads(terminal.faults)}
    if Severity.ERROR in severities or terminal.chain in (ChainState.GAP, ChainState.FORKED):
        return Health.TROUBLE
    if Severity.WARNING in severities or terminal.held or terminal.chain != ChainState.WHOLE:
        return Health.ATTENTION
    return Health.FINE


def _terminal(row: Any, cutoff: str, faults: dict[str, Fault]) -> Terminal:
    return Terminal(
        name=row.terminal,
        health=health(row, cutoff, faults),
        version=row.version,
        last_contact=row.last_contact,
        backlog=row.backlog,
        held=row.held,
        oldest=row.oldest,
        free_bytes=row.free_bytes,
        faults=json.loads(row.faults),
        calls=row.calls,
        called=row.called,
        chain=ChainState(row.chain),
        enrolled=row.enrolled,
        revoked=row.revoked,
        records=row.records,
    )
