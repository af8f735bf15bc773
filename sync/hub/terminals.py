"""Terminals at the platform: enrolment by one-time code, revocation, signs of life, ratings."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, Engine, Row, bindparam, delete, func, insert, select, update

from kiosk.model.clock import Clock
from sync.hub import feed
from sync.hub.audit import Entry, Refusals, record
from sync.hub.database import insert_new, transaction
from sync.hub.keys import PlatformKeys
from sync.hub.pace import Pacer
from sync.hub.repository import Repository
from sync.hub.schema import cases, enrolment_codes, ratings, terminals
from sync.hub.senders import Refused
from sync.protocol.canonical import digest
from sync.protocol.wire import (
    CaseState,
    ChainState,
    EnrolAnswer,
    EnrolRequest,
    Heartbeat,
    HeartbeatAnswer,
    Pace,
    RatingBatch,
    Refusal,
)

CODE_SECONDS = 7 * 86400.0
"""A code that nobody has used by then is void."""
USUAL = 60.0
"""Seconds between two signs of life that terminals are set to, if nobody has set them otherwise."""
MOST_CHANGES = 200

_NOTED = ("version", "backlog", "held", "oldest", "free_bytes", "calls")
_BEATEN = (
    update(terminals)
    .where(terminals.c.terminal == bindparam("b_terminal"))
    .values(
        {name: bindparam(f"b_{name}") for name in (*_NOTED, "last_contact", "last_at", "faults", "chain", "called")}
    )
)


@dataclass(frozen=True)
class Beat:
    """A sign of life whose sender is verified; ``at`` is the time that it carried."""

    terminal: str
    at: str
    beat: Heartbeat


class NoSuchTerminal(ValueError):
    """No terminal of this name was ever enrolled here."""


class TerminalDesk:
    """What terminals ask for besides handing in cases."""

    def __init__(
        self, engine: Engine, keys: PlatformKeys, repository: Repository, refusals: Refusals, clock: Clock
    ) -> None:
        self._engine, self._keys, self._clock = engine, keys, clock
        self._repository, self._refusals = repository, refusals
        self.pacer = Pacer(clock, usual=USUAL)

    @property
    def usual_seconds(self) -> float:
        """Between two signs of life of a terminal that is set as usual; the platform's pace may make it longer."""
        return max(USUAL, self.pacer.pace().heartbeat_seconds)

    def new_code(self, replaces: str = "", by: str = "operator") -> str:
        """A one-time code for one enrolment, or for a new machine in the place of ``replaces``.

        Only its digest is kept. Raises NoSuchTerminal where there is none to replace.
        """
        code = secrets.token_hex(8)
        expires = self._clock.now().timestamp() + CODE_SECONDS
        row = {"code_digest": digest(code.encode()), "expires": expires, "replaces": replaces}

        def write(connection: Connection) -> None:
            known = select(terminals.c.terminal).where(terminals.c.terminal == replaces)
            if replaces and connection.scalar(known) is None:
                raise NoSuchTerminal(replaces)
            connection.execute(insert(enrolment_codes).values(**row))
            record(connection, self._clock.now().isoformat(), Entry(by, "code_made", {"replaces": replaces}))

        transaction(self._engine, write)
        return code

    def enrol(self, request: EnrolRequest) -> EnrolAnswer:
        """Take a terminal in and use the code up.

        Raises Refused for a code that is not valid, a taken name, or a suite that is not the platform's: what is
        sealed to its keys is signed by the same suite.
        """
        why = transaction(self._engine, lambda connection: self._enrolled(connection, request))
        if why == Refusal.UNKNOWN_CODE:
            self._refusals.note(("", Entry(request.terminal, "enrolment_refused", {"why": "code"})))
        if why is not None:
            raise Refused(why)
        return self._keys.told(self._clock.now(), self._repository.root())

    def _enrolled(self, connection: Connection, request: EnrolRequest) -> Refusal | None:
        now = self._clock.now()
        code = enrolment_codes.c.code_digest == digest(request.code.encode())
        valid = connection.execute(
            select(enrolment_codes.c.replaces).where(code, enrolment_codes.c.expires > now.timestamp())
        ).first()
        if valid is None:
            return Refusal.UNKNOWN_CODE
        taken = connection.execute(select(terminals).where(terminals.c.terminal == request.terminal)).mappings().first()
        if taken is not None and valid.replaces != request.terminal:
            record(connection, now.isoformat(), Entry(request.terminal, "enrolment_refused", {"why": "name"}))
            return Refusal.TAKEN_NAME
        if request.suite != self._keys.sealing[0].suite:
            record(connection, now.isoformat(), Entry(request.terminal, "enrolment_refused", {"why": "suite"}))
            return Refusal.WRONG_SUITE
        connection.execute(delete(enrolment_codes).where(code))
        fresh: dict[str, object] = {
            "suite": request.suite,
            "public_key": request.public_key,
            "enrolled": now.isoformat(),
            "revoked": "",
        }
        if taken is None:
            connection.execute(insert(terminals).values(terminal=request.terminal, **fresh))
        else:
            old = [*json.loads(taken["old_keys"]), [taken["suite"], taken["public_key"]]]
            # The new machine starts a chain of its own; times of requests start anew as well.
            fresh |= {"old_keys": json.dumps(old), "last_at": "", "records": 0, "last_sequence": 0, "chain": "whole"}
            connection.execute(update(terminals).where(terminals.c.terminal == request.terminal).values(**fresh))
        record(connection, now.isoformat(), Entry(request.terminal, "enrolled", {"replaces": valid.replaces}))
        return None

    def revoke(self, terminal: str, by: str) -> bool:
        """Take a terminal's right to speak; False where there is none of this name."""
        at = self._clock.now().isoformat()

        def write(connection: Connection) -> bool:
            t = terminals.c
            query = update(terminals).where(t.terminal == terminal, t.revoked == "").values(revoked=at)
            found = connection.execute(query).rowcount == 1
            if found:
                record(connection, at, Entry(terminal, "revoked", {"by": by}))
            return found

        return transaction(self._engine, write)

    def settle_chain(self, terminal: str, note: str, by: str) -> bool:
        """People have looked into what was found about a terminal's chain; False where there is nothing to settle.

        The platform compares again with the next sign of life, from what it holds now.
        """
        at = self._clock.now().isoformat()

        def write(connection: Connection) -> bool:
            t = terminals.c
            one = select(t.chain, t.records, t.last_sequence).where(t.terminal == terminal, t.chain != ChainState.WHOLE)
            found = connection.execute(one).first()
            if found is None:
                return False
            # What is missing up to here is accounted for by people; what goes missing later is noticed again.
            records = max(found.records, found.last_sequence) if found.chain == ChainState.GAP else found.records
            values = {"chain": ChainState.WHOLE.value, "records": records}
            connection.execute(update(terminals).where(t.terminal == terminal).values(**values))
            record(connection, at, Entry(terminal, "chain_settled", {"by": by, "was": found.chain, "note": note[:200]}))
            return True

        return transaction(self._engine, write)

    def heartbeats(self, beats: Sequence[Beat]) -> list[HeartbeatAnswer | Refusal]:
        """Note signs of life; for each what its terminal needs to know, or why it is not one."""
        answers = transaction(self._engine, lambda connection: self._beaten(connection, beats))
        taken = list(zip(beats, answers, strict=True))
        self.pacer.heard((b.terminal, b.beat.backlog) for b, a in taken if not isinstance(a, Refusal))
        refused = [
            (b.terminal, Entry(b.terminal, "request_refused", {"why": a})) for b, a in taken if isinstance(a, Refusal)
        ]
        self._refusals.note(*refused)
        return answers

    def _beaten(self, connection: Connection, beats: Sequence[Beat]) -> list[HeartbeatAnswer | Refusal]:
        now, pace = self._clock.now().isoformat(), self.pacer.pace()
        t = terminals.c
        query = select(t.terminal, t.last_at, t.records, t.last_sequence, t.chain, t.called).where(
            t.terminal.in_({b.terminal for b in beats})
        )
        known = {row.terminal: row for row in connection.execute(query)}
        latest = {name: _time(row.last_at) for name, row in known.items()}
        answers: list[HeartbeatAnswer | Refusal] = []
        rows = []
        for b in beats:
            if _time(b.at) <= latest[b.terminal]:
                answers.append(Refusal.REPLAYED)
                continue
            latest[b.terminal] = _time(b.at)
            chain = self._chain(connection, known[b.terminal], b.beat)
            called = (known[b.terminal].called or now) if b.beat.calls else ""
            rows.append({"b_terminal": b.terminal, "b_called": called, **_noted(b, chain, now)})
            answers.append(self._answer(connection, b, chain, now, pace))
        if rows:
            # In the order of names, so that two processes never wait for each other crosswise.
            rows.sort(key=lambda r: str(r["b_terminal"]))
            connection.execute(_BEATEN, rows)
        return answers

    def _chain(self, connection: Connection, known: Row[str, str, int, int, str, str], beat: Heartbeat) -> ChainState:
        """How the terminal's count and ours fit together."""
        head = beat.chain
        if head is None or known.chain == ChainState.FORKED:
            return ChainState(known.chain)
        delivered = head.sequence - beat.backlog
        if known.chain == ChainState.WHOLE and known.records == delivered and known.last_sequence <= head.sequence:
            return ChainState.WHOLE
        # Something does not fit, or did not: a copied disk is the worst of what it can be, and shows as the others do.
        if _forked(connection, known.terminal):
            return ChainState.FORKED
        if known.last_sequence > head.sequence:
            return ChainState.BEHIND
        return ChainState.GAP if known.records < delivered else ChainState.WHOLE

    def _answer(self, connection: Connection, b: Beat, chain: ChainState, now: str, pace: Pace) -> HeartbeatAnswer:
        news = feed.since(connection, feed.of_terminal(b.terminal), b.beat.cursor, MOST_CHANGES)
        states = [CaseState(case_id=c.subject, state=c.kind) for c in news.changes]
        if b.beat.open_cases:
            query = select(cases.c.case_id, cases.c.state).where(
                cases.c.terminal == b.terminal, cases.c.case_id.in_(b.beat.open_cases)
            )
            states += [CaseState(case_id=r.case_id, state=r.state) for r in connection.execute(query)]
        return HeartbeatAnswer(
            platform_time=now,
            states=states,
            cursor=news.cursor,
            more=news.more,
            reset=news.reset,
            chain=chain,
            pace=pace,
            successions=self._keys.successions_after(b.beat.acknowledging),
            key=self._keys.notice() if b.beat.key_id not in ("", self._keys.sealing[0].key_id) else None,
        )

    def rate(self, batch: RatingBatch) -> None:
        """Store ratings; a repeat changes nothing. The terminal that sent them is not kept."""
        rows = [
            {
                "id": rating.id,
                "service": rating.service,
                "level": rating.level,
                "reasons": json.dumps(rating.reasons),
                "half_day": rating.half_day,
            }
            for rating in batch.ratings
        ]
        if rows:
            transaction(self._engine, lambda connection: _add_new(connection, rows))


def _forked(connection: Connection, terminal: str) -> bool:
    """Whether two of the terminal's records name the same one before them."""
    c = cases.c
    twice = select(c.previous).where(c.terminal == terminal, c.previous != "").group_by(c.previous)
    return connection.execute(twice.having(func.count() > 1).limit(1)).first() is not None


def _time(at: str) -> datetime:
    return datetime.fromisoformat(at) if at else datetime.min.replace(tzinfo=UTC)


def _noted(b: Beat, chain: ChainState, now: str) -> dict[str, object]:
    """The parameters of ``_BEATEN``."""
    plain = {f"b_{name}": getattr(b.beat, name) for name in _NOTED}
    faults = json.dumps(sorted(b.beat.faults))
    return {**plain, "b_last_contact": now, "b_last_at": b.at, "b_faults": faults, "b_chain": chain.value}


def _add_new(connection: Connection, rows: list[dict[str, object]]) -> None:
    connection.execute(insert_new(connection, ratings).on_conflict_do_nothing(), rows)
