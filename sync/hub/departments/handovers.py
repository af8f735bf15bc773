"""Hands accepted cases over, one department apart from the others: one that is down holds up only its own."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from functools import partial
from typing import Any

import structlog
from sqlalchemy import Connection, Engine, Row, and_, select, update

from kiosk.model.clock import Clock
from sync.hub import counts, feed
from sync.hub.audit import Entry, record
from sync.hub.database import insert_new, skip_locked, transaction
from sync.hub.departments.breaker import Breaker
from sync.hub.departments.contract import Decision, Department, Handover, Paper, Reply, Trouble, Unavailable
from sync.hub.opening import CaseStage, note_stage
from sync.hub.schema import cases, handovers
from sync.hub.vault import Reader, Vault
from sync.protocol.suites import SealError

log = structlog.get_logger()

LEASE = 120.0
FIRST, CAP = 5.0, 3600.0
"""Seconds until a case is tried again after the first failure, and at most: for ever."""
MOST = 20
ASKED = -1.0
"""In the place of the next time: a person wants it tried now."""


class HandoverWorker:
    """Any number of processes may run it on one database. Never gives up on a case and never drops one."""

    def __init__(
        self,
        engine: Engine,
        vault: Vault,
        departments: Mapping[str, Department],
        clock: Clock,
        chance: random.Random,
    ) -> None:
        """``departments``: by the id of the service that they decide on."""
        self._engine, self._vault, self._departments = engine, vault, departments
        self._clock, self._chance = clock, chance
        self.breakers = {service: Breaker(clock) for service in departments}

    def work(self) -> int:
        """Hand over what is due; returns how many cases a department has taken or returned."""
        done = 0
        for service, department in self._departments.items():
            breaker = self.breakers[service]
            # While nobody knows whether it is back, one case is enough to find out.
            most = MOST if breaker.failures == 0 else 1
            # One that is left alone is tried all the same with what a person has asked for.
            look = self._take_up if breaker.lets_pass() else self._take_up_asked
            for row in transaction(self._engine, partial(look, service=service, most=most)):
                done += self._hand_over(row, department, breaker)
        return done

    def try_now(self, service: str, by: str, terminal: str = "", case_id: str = "") -> bool:
        """Have what waits for the department of ``service`` tried at once: one case, or all that were tried in vain.

        Whichever process comes first does it, also while it leaves the department alone. False: nothing waits.
        """
        at = self._clock.now().isoformat()
        h = handovers.c
        waits = and_(h.service == service, h.done == "", h.attempts > 0)
        if case_id:
            waits = and_(h.service == service, h.done == "", h.terminal == terminal, h.case_id == case_id)

        def write(connection: Connection) -> bool:
            if case_id and not self._is_there(connection, service, terminal, case_id):
                return False
            if not connection.execute(update(handovers).where(waits).values(next_at=ASKED)).rowcount:
                return False
            subject = terminal if case_id else by
            record(connection, at, Entry(subject, "handover_asked", {"by": by, "service": service, "case": case_id}))
            return True

        return service in self._departments and transaction(self._engine, write)

    def _is_there(self, connection: Connection, service: str, terminal: str, case_id: str) -> bool:
        """Whether the case waits; one that nobody has tried yet is noted."""
        c = cases.c
        one = and_(c.terminal == terminal, c.case_id == case_id, c.service == service, c.state == CaseStage.ACCEPTED)
        if connection.scalar(select(c.case_id).where(one)) is None:
            return False
        row = {"terminal": terminal, "case_id": case_id, "service": service, "next_at": 0.0}
        connection.execute(insert_new(connection, handovers).values(**row).on_conflict_do_nothing())
        return True

    def _take_up(self, connection: Connection, service: str, most: int) -> list[Row[Any]]:
        """Cases that are due, leased to this process."""
        now = self._clock.now().timestamp()
        c, h = cases.c, handovers.c
        fresh = (
            select(c.terminal, c.case_id)
            .outerjoin(handovers, and_(h.terminal == c.terminal, h.case_id == c.case_id))
            .where(c.service == service, c.state == CaseStage.ACCEPTED, h.case_id.is_(None))
            .order_by(c.received)
            .limit(most)
        )
        rows = [
            {"terminal": r.terminal, "case_id": r.case_id, "service": service, "next_at": 0.0}
            for r in connection.execute(fresh)
        ]
        if rows:
            connection.execute(insert_new(connection, handovers).on_conflict_do_nothing(), rows)
        return self._leased(connection, service, now, most)

    def _take_up_asked(self, connection: Connection, service: str, most: int) -> list[Row[Any]]:
        return self._leased(connection, service, ASKED, most)

    def _leased(self, connection: Connection, service: str, until: float, most: int) -> list[Row[Any]]:
        now = self._clock.now().timestamp()
        h = handovers.c
        due = (
            select(h.terminal, h.case_id, h.attempts)
            .where(h.service == service, h.done == "", h.next_at <= until)
            .order_by(h.next_at)
            .limit(most)
        )
        taken = list(connection.execute(skip_locked(connection, due)))
        for row in taken:
            values = {"next_at": now + LEASE, "attempts": h.attempts + 1}
            connection.execute(update(handovers).where(_same(row)).values(**values))
        return taken

    def _hand_over(self, row: Row[Any], department: Department, breaker: Breaker) -> bool:
        reader = Reader("platform", "handover")
        try:
            body = self._vault.body(row.terminal, row.case_id, reader)
            case = Handover(
                key=f"{row.terminal}/{row.case_id}",
                receipt=body.receipt,
                service=body.service,
                form_version=body.form_version,
                captured=body.captured,
                identity=body.identity,
                answers=body.answers,
                promises=body.promises,
                papers=[Paper(id=d.id, material=d.material, digest=d.digest) for d in body.documents],
            )
            reply = department.hand_over(
                case, lambda paper: self._vault.document(row.terminal, row.case_id, paper, reader)
            )
        except Unavailable as away:
            breaker.failed(away.retry_after)
            self._put_off(row, away.trouble, str(away), away.retry_after)
            return False
        except (SealError, OSError, LookupError) as bad:
            # Ours to mend, and no fault of the department.
            log.error("handover_impossible", case=row.case_id, error=type(bad).__name__)
            self._put_off(row, Trouble.OWN, type(bad).__name__, CAP)
            return False
        breaker.succeeded()
        transaction(self._engine, lambda connection: self._settle(connection, row, reply))
        return True

    def _put_off(self, row: Row[Any], trouble: Trouble, why: str, at_least: float) -> None:
        ceiling = min(CAP, FIRST * 2 ** min(row.attempts, 12))
        wait = max(min(at_least, CAP), self._chance.uniform(ceiling / 2, ceiling))
        next_at = self._clock.now().timestamp() + wait
        query = update(handovers).where(_same(row)).values(next_at=next_at, note=f"{trouble}: {why}"[:200])
        transaction(self._engine, lambda connection: connection.execute(query))
        log.warning("handover_put_off", case=row.case_id, why=why, seconds=round(wait))

    def _settle(self, connection: Connection, row: Row[Any], reply: Reply) -> None:
        at = self._clock.now().isoformat()
        stage = CaseStage.FORWARDED if reply.decision == Decision.TAKEN else CaseStage.RETURNED
        one = and_(cases.c.terminal == row.terminal, cases.c.case_id == row.case_id)
        moved = update(cases).where(one, cases.c.state == CaseStage.ACCEPTED).values(state=stage.value)
        values = {"done": reply.decision.value, "number": reply.number, "note": reply.note}
        connection.execute(update(handovers).where(_same(row)).values(**values))
        if connection.execute(moved).rowcount:
            note_stage(connection, row.terminal, row.case_id, stage, "department", at, reply.note or reply.number)
            before, after = (row.terminal, CaseStage.ACCEPTED.value), (row.terminal, stage.value)
            counts.moved(connection, Counter({before: -1, after: 1}))
            feed.append(connection, feed.of_terminal(row.terminal), [(stage.value, row.case_id)], at)


def _same(row: Row[Any]) -> Any:
    return and_(handovers.c.terminal == row.terminal, handovers.c.case_id == row.case_id)
