"""Quarantine: cases that did not open, and records that could not become a case."""

from __future__ import annotations

from litestar import get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.response import Redirect, Template
from sqlalchemy import and_

from sync.hub.console.queries import cases
from sync.hub.console.queries import quarantine as query
from sync.hub.console.visitor import Form, Guest, back
from sync.hub.opening import CaseStage, Setback
from sync.hub.roles import Right
from sync.hub.schema import cases as table
from sync.hub.services import Platform
from sync.protocol.wire import RecordStatus, Refusal

Hub = NamedDependency[Platform]
_SEE = {"right": Right.QUARANTINE}
APART = (RecordStatus.CONFLICT.value, Refusal.BAD_ENVELOPE.value)
"""Why records are set apart."""


@get("/quarantine", sync_to_thread=True, opt=_SEE)
def quarantine_page(visitor: Guest, platform: Hub) -> Template:
    asked = visitor.query
    reason, terminal = asked.get("reason", ""), asked.get("terminal", "").strip().upper()[:64]
    settled = asked.get("settled") == "yes"
    stuck = table.c.state == CaseStage.QUARANTINED.value
    if reason:
        stuck = and_(stuck, table.c.reason == reason)
    if terminal:
        stuck = and_(stuck, table.c.terminal == terminal)
    with platform.engine.connect() as connection:
        waiting = cases.find(connection, stuck, asked.get("cases_after", ""))
        apart = query.find(connection, settled=settled, reason=reason, terminal=terminal, after=asked.get("after", ""))
    reasons = [*(s.value for s in Setback), *APART]
    return visitor.page(
        "quarantine.html",
        waiting=waiting,
        apart=apart,
        reason=reason,
        terminal=terminal,
        settled=settled,
        reasons=reasons,
    )


@get("/quarantine/record", sync_to_thread=True, opt=_SEE)
def record_page(visitor: Guest, platform: Hub) -> Template:
    """One record set apart; a conflict beside the version that is kept."""
    terminal, digest = visitor.query.get("terminal", ""), visitor.query.get("digest", "")
    with platform.engine.connect() as connection:
        found = query.one(connection, terminal, digest)
        kept = cases.one(connection, terminal, found[0].case_id) if found and found[0].case_id else None
    if found is None:
        raise NotFoundException("no such record")
    record, content = found
    fields: list[query.Field] = []
    if kept is not None:
        try:
            fields = query.side_by_side(kept[1], content)
        except ValueError:
            pass  # it is shown as text
    case = kept[0] if kept else None
    return visitor.page("record.html", record=record, fields=fields, case=case, text=query.readable(content))


@post("/quarantine/record", sync_to_thread=True, opt=_SEE)
def settle_record(visitor: Guest, data: Form, platform: Hub) -> Redirect:
    terminal, digest, note = data.get("terminal", ""), data.get("digest", ""), data.get("note", "").strip()
    done = bool(note) and query.settle(platform.engine, platform.clock, terminal, digest, note, visitor.name)
    return back("/console/quarantine/record", "settled" if done else "not_done", terminal=terminal, digest=digest)


@post("/quarantine/replay", sync_to_thread=True, opt=_SEE)
def replay(visitor: Guest, data: Form, platform: Hub) -> Redirect:
    """Open a case again: the form has been published meanwhile, or the key has been found."""
    terminal, case_id = data.get("terminal", ""), data.get("id", "")
    done = platform.worker.replay(terminal, case_id, visitor.name)
    return back("/console/case", "replayed" if done else "not_done", terminal=terminal, id=case_id)


ROUTES = (quarantine_page, record_page, settle_record, replay)
