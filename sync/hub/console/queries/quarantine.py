"""What could not become a case, or became one that does not open."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection, Engine, and_, desc, func, or_, select, update

from kiosk.model.clock import Clock
from sync.hub import feed
from sync.hub.audit import Entry, record
from sync.hub.database import transaction
from sync.hub.opening import CaseStage
from sync.hub.schema import cases, quarantine
from sync.protocol.envelope import Envelope

PAGE = 50
LONGEST_TEXT = 20_000
"""Characters that are shown of a record that cannot be read."""


@dataclass(frozen=True)
class Apart:
    """A record that was set apart."""

    terminal: str
    digest: str
    case_id: str
    reason: str
    received: str
    settled: str
    note: str


@dataclass(frozen=True)
class Page:
    """``after``: the cursor of the next page; empty: there is none."""

    rows: list[Apart]
    after: str


@dataclass(frozen=True)
class Field:
    """One clear field of two envelopes that claim the same case."""

    name: str
    kept: str
    other: str

    @property
    def differs(self) -> bool:
        return self.kept != self.other


def find(connection: Connection, *, settled: bool, reason: str = "", terminal: str = "", after: str = "") -> Page:
    """Records set apart, newest first."""
    q = quarantine.c
    condition = and_(q.settled != "" if settled else q.settled == "")
    if reason:
        condition = and_(condition, q.reason == reason)
    if terminal:
        condition = and_(condition, q.terminal == terminal.upper())
    received, _, digest = after.partition("|")
    if digest:
        condition = and_(condition, or_(q.received < received, and_(q.received == received, q.content_digest < digest)))
    query = (
        select(q.terminal, q.content_digest, q.case_id, q.reason, q.received, q.settled, q.note)
        .where(condition)
        .order_by(desc(q.received), desc(q.content_digest))
        .limit(PAGE + 1)
    )
    rows = [Apart(*row) for row in connection.execute(query)]
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    return Page(rows[:PAGE], f"{last.received}|{last.digest}" if last else "")


def counted(connection: Connection) -> int:
    """How much waits for people: cases in quarantine, and records set apart that nobody has settled."""
    stuck = select(func.count()).select_from(cases).where(cases.c.state == CaseStage.QUARANTINED.value)
    apart = select(func.count()).select_from(quarantine).where(quarantine.c.settled == "")
    return int(connection.scalar(stuck) or 0) + int(connection.scalar(apart) or 0)


def one(connection: Connection, terminal: str, digest: str) -> tuple[Apart, str] | None:
    """A record set apart, and its text as it came."""
    q = quarantine.c
    row = connection.execute(select(quarantine).where(q.terminal == terminal, q.content_digest == digest)).first()
    if row is None:
        return None
    apart = Apart(row.terminal, row.content_digest, row.case_id, row.reason, row.received, row.settled, row.note)
    return apart, row.content


def side_by_side(kept: Envelope, other: str) -> list[Field]:
    """The clear fields of the version that is kept as the case, and of the other one. Raises ValueError."""
    try:
        second = Envelope.model_validate_json(other)
    except ValidationError as bad:
        raise ValueError(f"{bad.error_count()} faults") from None
    left, right = _clear(kept), _clear(second)
    return [Field(name, left.get(name, ""), right.get(name, "")) for name in {**left, **right}]


def _clear(envelope: Envelope) -> dict[str, str]:
    plain: dict[str, Any] = {
        "receipt": envelope.receipt,
        "service": envelope.service,
        "form_version": envelope.form_version,
        "sealed_at": envelope.stamp.trusted,
        "terminal_clock": envelope.stamp.raw,
        "epoch": envelope.stamp.epoch,
        "sequence": envelope.stamp.sequence,
        "previous": envelope.previous,
        "suite": envelope.suite,
        "key_id": envelope.key_id,
        "digest": envelope.digest(),
    }
    for number, blob in enumerate(envelope.blobs, 1):
        plain[f"file_{number}"] = f"{blob.role} {blob.material} {blob.size} {blob.digest}".replace("  ", " ")
    return {name: str(value) for name, value in plain.items()}


def readable(content: str) -> str:
    """A record that is no envelope, as text for people; cut where it is very long."""
    try:
        text = json.dumps(json.loads(content), ensure_ascii=False, indent=1)
    except ValueError:
        text = content
    return text if len(text) <= LONGEST_TEXT else text[:LONGEST_TEXT] + " …"


def settle(engine: Engine, clock: Clock, terminal: str, digest: str, note: str, by: str) -> bool:
    """People have dealt with a record; False where it is not open. It stays, as evidence; its terminal is told to hand
    it in once more, gets the platform's word on it, and need not keep it any longer."""
    at = clock.now().isoformat()

    def write(connection: Connection) -> bool:
        q = quarantine.c
        open_one = (q.terminal == terminal, q.content_digest == digest, q.settled == "")
        values = {"settled": at, "note": note[:200]}
        settled = update(quarantine).where(*open_one).values(**values).returning(q.case_id)
        found = connection.execute(settled).first()
        if found is None:
            return False
        if found.case_id:
            feed.append(connection, feed.of_terminal(terminal), [("released", found.case_id)], at)
        detail = {"by": by, "record": digest, "note": note[:200]}
        record(connection, at, Entry(terminal, "quarantine_settled", detail))
        return True

    return transaction(engine, write)
