"""Opens what was taken in: verifies the terminal's signature, unseals, runs the rules again. Never changes a case."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

import structlog
from sqlalchemy import ColumnElement, Connection, Engine, Row, and_, bindparam, insert, select, tuple_, update

from kiosk.catalogue.package import ServicePackage
from kiosk.forms.engine import FormEngine
from kiosk.forms.rules import Context
from kiosk.model.clock import Clock
from kiosk.model.ids import new_id
from sync.hub import counts, feed
from sync.hub.audit import Entry, record
from sync.hub.blobs import Blobs
from sync.hub.database import insert_new, locked, skip_locked, transaction
from sync.hub.forms import Forms
from sync.hub.keys import PlatformKeys
from sync.hub.schema import cases, events, named_blobs
from sync.hub.senders import Senders
from sync.protocol.case_file import CaseBody, CaseOpener
from sync.protocol.envelope import Envelope
from sync.protocol.suites import SealError

log = structlog.get_logger()

POLL, PAUSE = 0.3, 5.0
"""Seconds between looks for new cases, and after one that failed."""
LEASE = 120.0
"""Seconds after which a case that a process had taken up is open to the others."""
MOST_ATTEMPTS = 5
"""After so many the case is set aside: it may be what brings the process down."""


class CaseStage(StrEnum):
    """Where a case stands at the platform."""

    STORED = "stored"
    ACCEPTED = "accepted"
    FLAGGED = "flagged"
    QUARANTINED = "quarantined"
    FORWARDED = "forwarded"
    RETURNED = "returned"
    CLOSED = "closed"


OPEN = (CaseStage.ACCEPTED, CaseStage.FLAGGED, CaseStage.FORWARDED, CaseStage.RETURNED)
"""Stages of cases that somebody has to decide on."""


class Setback(StrEnum):
    """Why a case is in quarantine."""

    UNKNOWN_KEY = "unknown_key"
    BAD_SIGNATURE = "bad_signature"
    UNKNOWN_FORM = "unknown_form"
    DOES_NOT_OPEN = "does_not_open"
    BLOB_LOST = "blob_lost"
    PROCESSING = "processing"


@dataclass(frozen=True)
class Outcome:
    """What opening a case came to."""

    stage: CaseStage
    reason: str = ""
    findings: list[str] = field(default_factory=list)
    kept_key: bytes | None = None


class CaseWorker:
    """Any number of processes may run it on one database: each takes up what no other has."""

    def __init__(
        self,
        engine: Engine,
        blobs: Blobs,
        keys: PlatformKeys,
        forms: Forms,
        senders: Senders,
        clock: Clock,
    ) -> None:
        self._engine, self._blobs, self._keys, self._forms = engine, blobs, keys, forms
        self._senders, self._clock = senders, clock

    def work(self, most: int = 20) -> int:
        """Open up to ``most`` cases; returns how many were taken up."""
        taken = transaction(self._engine, lambda connection: self._take_up(connection, most))
        if not taken:
            return 0
        with self._engine.connect() as connection:
            public = self._senders.keys_of(connection, {row.terminal for row in taken})
        came_to = [(row, self._outcome(row, public.get(row.terminal, []))) for row in taken]
        outcomes = [(row, outcome) for row, outcome in came_to if outcome is not None]
        later = [row for row, outcome in came_to if outcome is None]
        transaction(self._engine, lambda connection: self._settle(connection, outcomes, later))
        return len(taken)

    def work_off(self) -> int:
        """Open all that waits; returns how many."""
        total = 0
        while count := self.work():
            total += count
        return total

    def close(self, terminal: str, case_id: str, by: str) -> bool:
        """The department is done with the case; False where it is not open. The terminal is told by its feed."""
        return self._move(terminal, case_id, OPEN, CaseStage.CLOSED, by)

    def replay(self, terminal: str, case_id: str, by: str) -> bool:
        """Try a case in quarantine again; False where it is in none."""
        return self._move(terminal, case_id, (CaseStage.QUARANTINED,), CaseStage.STORED, by)

    def _move(self, terminal: str, case_id: str, of: Sequence[CaseStage], to: CaseStage, by: str) -> bool:
        at = self._clock.now().isoformat()

        def write(connection: Connection) -> bool:
            one = and_(cases.c.terminal == terminal, cases.c.case_id == case_id, cases.c.state.in_(of))
            was = connection.scalar(locked(connection, select(cases.c.state).where(one)))
            if was is None:
                return False
            values = {"state": to.value, "reason": "", "attempts": 0, "lease": 0.0}
            connection.execute(update(cases).where(one).values(**values))
            note_stage(connection, terminal, case_id, to, by, at)
            counts.moved(connection, Counter({(terminal, was): -1, (terminal, to.value): 1}))
            feed.append(connection, feed.of_terminal(terminal), [(to.value, case_id)], at)
            done = "case_closed" if to == CaseStage.CLOSED else "case_replayed"
            record(connection, at, Entry(terminal, done, {"by": by, "case": case_id}))
            return True

        return transaction(self._engine, write)

    def _take_up(self, connection: Connection, most: int) -> list[Row[Any]]:
        now = self._clock.now().timestamp()
        c = cases.c
        query = (
            select(c.terminal, c.case_id, c.envelope, c.attempts)
            .where(c.state == CaseStage.STORED, c.lease < now)
            .order_by(c.received)
            .limit(most)
        )
        rows = list(connection.execute(skip_locked(connection, query)))
        if rows:
            taken = update(cases).where(_among(rows)).values(lease=now + LEASE, attempts=c.attempts + 1)
            connection.execute(taken)
        return rows

    def _outcome(self, row: Row[Any], public: list[tuple[str, bytes]]) -> Outcome | None:
        """None where the storage fails: nothing is wrong with the case, which is taken up again after its lease."""
        if row.attempts >= MOST_ATTEMPTS:
            return Outcome(CaseStage.QUARANTINED, Setback.PROCESSING)
        envelope = Envelope.model_validate_json(row.envelope)
        key = self._keys.sealing_key(envelope.key_id)
        if key is None or key.suite != envelope.suite:
            return Outcome(CaseStage.QUARANTINED, Setback.UNKNOWN_KEY)
        if not any(suite == envelope.suite and envelope.verified(k) for suite, k in public):
            return Outcome(CaseStage.QUARANTINED, Setback.BAD_SIGNATURE)
        package = self._forms.get(envelope.service, envelope.form_version)
        if package is None:
            return Outcome(CaseStage.QUARANTINED, Setback.UNKNOWN_FORM)
        try:
            sealed = self._blobs.read(envelope.body_digest())
        except FileNotFoundError:
            return Outcome(CaseStage.QUARANTINED, Setback.BLOB_LOST)
        except OSError as bad:
            log.error("storage_failed", case=row.case_id, error=type(bad).__name__)
            return None
        try:
            opener = CaseOpener.unwrapping(envelope, key.secret)
            findings = case_findings(envelope, opener.body(sealed), package)
            kept = opener.rewrapped(self._keys.keeping[0].public_bytes, self._keys.keeping[0].suite)
        except SealError:
            return Outcome(CaseStage.QUARANTINED, Setback.DOES_NOT_OPEN)
        except Exception as bad:  # noqa: BLE001 - what a terminal has sealed harms no case that was taken up with it
            log.error("case_not_processed", case=row.case_id, error=type(bad).__name__)
            return Outcome(CaseStage.QUARANTINED, Setback.PROCESSING)
        return Outcome(CaseStage.FLAGGED if findings else CaseStage.ACCEPTED, "", findings, kept)

    def _settle(
        self, connection: Connection, outcomes: list[tuple[Row[Any], Outcome]], later: Sequence[Row[Any]]
    ) -> None:
        at = self._clock.now().isoformat()
        c = cases.c
        if later:
            connection.execute(update(cases).where(_among(later)).values(attempts=c.attempts - 1))
        if not outcomes:
            return
        # Not those that took longer than their lease, and that another process was faster with in the end.
        waiting = (
            select(c.terminal, c.case_id)
            .where(_among([row for row, _outcome in outcomes]), c.state == CaseStage.STORED)
            .order_by(c.terminal, c.case_id)
            .with_for_update()
        )
        ours = {(row.terminal, row.case_id) for row in connection.execute(waiting)}
        settled = [(row, outcome) for row, outcome in outcomes if (row.terminal, row.case_id) in ours]
        if not settled:
            return
        one = update(cases).where(c.terminal == bindparam("of"), c.case_id == bindparam("case"))
        connection.execute(one, [{"of": r.terminal, "case": r.case_id, **self._columns(o)} for r, o in settled])
        stages = [
            _stage(row.terminal, row.case_id, outcome.stage, "platform", at, str(outcome.reason))
            for row, outcome in settled
        ]
        connection.execute(insert(events), stages)
        told: dict[str, list[tuple[str, str]]] = {}
        moves: counts.Moves = Counter()
        names = [
            {"terminal": row.terminal, "digest": blob["digest"]}
            for row, _outcome in settled
            for blob in json.loads(row.envelope)["blobs"]
        ]
        connection.execute(insert_new(connection, named_blobs).on_conflict_do_nothing(), names)
        for row, outcome in settled:
            told.setdefault(row.terminal, []).append((outcome.stage.value, row.case_id))
            moves[row.terminal, outcome.stage.value] += 1
            if outcome.reason:
                log.warning("case_quarantined", case=row.case_id, reason=str(outcome.reason))
        counts.moved(connection, moves)
        for terminal, entries in sorted(told.items()):
            feed.append(connection, feed.of_terminal(terminal), entries, at)

    def _columns(self, outcome: Outcome) -> dict[str, Any]:
        return {
            "state": outcome.stage.value,
            "reason": str(outcome.reason),
            "findings": json.dumps(outcome.findings),
            "kept_key": outcome.kept_key,
            "kept_key_id": self._keys.keeping[0].key_id if outcome.kept_key else "",
            "lease": 0.0,
        }


class Worker(Protocol):
    """Something that is worked off piece by piece."""

    def work(self) -> int:
        """Do a part of what waits; returns how much. 0: nothing waits."""
        ...


class WorkerThread:
    """Works beside the requests, as long as a platform is served."""

    def __init__(self, name: str, worker: Worker) -> None:
        self._worker = worker
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        pause = 0.0
        while not self._stopping.wait(pause):
            try:
                pause = 0.0 if self._worker.work() else POLL
            except Exception as bad:  # noqa: BLE001 - the database is away, say: what waits is opened later
                log.error("work_failed", of=self._thread.name, error=type(bad).__name__)
                pause = PAUSE


def _among(rows: Sequence[Row[Any]]) -> ColumnElement[bool]:
    return tuple_(cases.c.terminal, cases.c.case_id).in_([(row.terminal, row.case_id) for row in rows])


def note_stage(
    connection: Connection, terminal: str, case_id: str, stage: CaseStage, by: str, at: str, note: str = ""
) -> None:
    """Record that a case has come to ``stage``; inside the transaction that moves it."""
    connection.execute(insert(events), [_stage(terminal, case_id, stage, by, at, note)])


def _stage(terminal: str, case_id: str, stage: CaseStage, by: str, at: str, note: str) -> dict[str, str]:
    return {
        "terminal": terminal,
        "case_id": case_id,
        "id": new_id(),
        "at": at,
        "state": stage.value,
        "by": by,
        "note": note[:200],
    }


def case_findings(envelope: Envelope, body: CaseBody, package: ServicePackage) -> list[str]:
    """What does not fit between envelope, body and the form's rules, as codes; the case is never changed."""
    findings = [
        f"envelope.{name}"
        for name in ("case_id", "receipt", "service", "form_version")
        if getattr(envelope, name) != getattr(body, name)
    ]
    if {d.id for d in body.documents} != {b.id for b in envelope.blobs if b.role == "document"}:
        findings.append("documents")
    if {d.material for d in body.documents} != {p.material for p in body.pages}:
        findings.append("pages")
    pages = Counter(page.material for page in body.pages)
    applicant = {k: v for k, v in body.identity.items() if isinstance(v, str) and v}
    try:
        context = Context(applicant, datetime.fromisoformat(body.captured))
    except ValueError:
        return [*findings, "captured"]
    problems = FormEngine(package.form).problems(body.answers, pages, set(body.promises), context)
    return findings + [f"form.{p.where}" for p in problems]
