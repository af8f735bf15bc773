"""Numbers of the start page, and marks that tell whether they have changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, case, func, select

from sync.hub import counts
from sync.hub.console.queries.terminals import Filter, chosen
from sync.hub.opening import CaseStage
from sync.hub.schema import cases, quarantine, terminals

HOURS = 48


@dataclass(frozen=True)
class Numbers:
    """``backlog``: cases that terminals say are still with them. ``oldest``: when the oldest of them was made."""

    terminals: int
    online: int
    silent: int
    faulty: int
    chains: int
    calls: int
    backlog: int
    held: int
    oldest: str
    by_state: dict[CaseStage, int]


def numbers(connection: Connection, cutoff: str) -> Numbers:
    """``cutoff``: who was last heard before it is silent."""
    t = terminals.c

    def total(what: ColumnElement[Any]) -> ColumnElement[int]:
        return func.coalesce(func.sum(what), 0)

    def count(condition: ColumnElement[bool]) -> ColumnElement[int]:
        return total(case((condition, 1), else_=0))

    some = (Filter.SILENT, Filter.FAULTS, Filter.CHAIN, Filter.CALLS)
    query = select(
        func.count().label("terminals"),
        count(t.last_contact >= cutoff).label("online"),
        *(count(chosen(which, cutoff)).label(which.value) for which in some),
        total(t.backlog).label("backlog"),
        total(t.held).label("held"),
        func.min(case((t.oldest != "", t.oldest))).label("oldest"),
    ).where(t.revoked == "")
    row = connection.execute(query).one()
    return Numbers(
        terminals=row.terminals,
        online=int(row.online),
        silent=int(row.silent),
        faulty=int(row.faults),
        chains=int(row.chain),
        calls=int(row.calls),
        backlog=int(row.backlog),
        held=int(row.held),
        oldest=row.oldest or "",
        by_state=by_state(connection),
    )


def by_state(connection: Connection) -> dict[CaseStage, int]:
    """Cases in each state; one that has none stands there with 0."""
    found = counts.by_state(connection)
    return {stage: found.get(stage.value, 0) for stage in CaseStage}


def per_hour(connection: Connection, now: datetime, hours: int = HOURS) -> list[tuple[datetime, int]]:
    """Cases received in each of the last ``hours`` hours (UTC), the present one last."""
    first = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=hours - 1)
    # Times are written in UTC and begin alike: the first 13 characters are the hour.
    hour = func.substr(cases.c.received, 1, 13)
    query = select(hour, func.count()).where(cases.c.received >= first.isoformat()).group_by(hour)
    found = {text: int(count) for text, count in connection.execute(query)}
    each = [first + timedelta(hours=n) for n in range(hours)]
    return [(begins, found.get(begins.isoformat()[:13], 0)) for begins in each]


@dataclass(frozen=True)
class Marks:
    """Cheap to read; where one differs from before, something has changed that a page shows."""

    overview: tuple[object, ...]
    terminals: tuple[object, ...]
    calls: tuple[object, ...]


def marks(connection: Connection, cutoff: str) -> Marks:
    """One pass over the terminals, and index look-ups over the cases."""
    t, c = terminals.c, cases.c
    beaten = connection.execute(
        select(
            func.count(),
            func.max(t.last_contact),
            func.sum(t.backlog),
            func.sum(t.held),
            func.sum(func.length(t.faults)),
            func.sum(case((t.chain != "whole", 1), else_=0)),
            func.sum(case((t.revoked != "", 1), else_=0)),
            func.sum(case((chosen(Filter.SILENT, cutoff), 1), else_=0)),
        )
    ).one()
    called = connection.execute(
        select(func.sum(t.calls), func.max(t.called), func.count()).where(chosen(Filter.CALLS, cutoff))
    ).one()
    # Of the states only those are counted that few cases are in at a time.
    few = (CaseStage.STORED.value, CaseStage.FLAGGED.value, CaseStage.QUARANTINED.value, CaseStage.RETURNED.value)
    states = [connection.scalar(select(func.count()).select_from(cases).where(c.state == state)) for state in few]
    received = connection.scalar(select(func.max(c.received)))
    apart = connection.scalar(select(func.count()).select_from(quarantine).where(quarantine.c.settled == ""))
    # A sign of life that says nothing new changes no number of the overview.
    steady = (beaten[0], *beaten[2:], received, apart, *states)
    return Marks((*steady, *called), (*beaten, *called), tuple(called))
