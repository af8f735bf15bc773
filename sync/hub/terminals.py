"""Terminals at the platform: enrolment by one-time code, signs of life, ratings."""

from __future__ import annotations

import json
import secrets

from sqlalchemy import Engine, delete, insert, select, update

from kiosk.model.clock import Clock
from sync.hub.keys import PlatformKeys
from sync.hub.schema import cases, enrolment_codes, ratings, terminals
from sync.protocol.canonical import digest, unb64
from sync.protocol.wire import (
    CaseState,
    EnrolAnswer,
    EnrolRequest,
    Heartbeat,
    HeartbeatAnswer,
    RatingBatch,
    SignedRequest,
)


class Refused(Exception):
    """The request is not from a terminal that may make it."""


class TerminalDesk:
    """What terminals ask for besides handing in cases."""

    def __init__(self, engine: Engine, keys: PlatformKeys, clock: Clock) -> None:
        self._engine, self._keys, self._clock = engine, keys, clock

    def new_code(self) -> str:
        """A one-time code for one enrolment; only its digest is kept."""
        code = secrets.token_hex(8)
        with self._engine.begin() as connection:
            connection.execute(insert(enrolment_codes).values(code_digest=digest(code.encode())))
        return code

    def enrol(self, request: EnrolRequest) -> EnrolAnswer:
        """Take a terminal in and use the code up. Raises Refused for an unknown code or a taken name."""
        code = digest(request.code.encode())
        with self._engine.begin() as connection:
            used = connection.execute(delete(enrolment_codes).where(enrolment_codes.c.code_digest == code))
            taken = connection.execute(select(terminals.c.terminal).where(terminals.c.terminal == request.terminal))
            if used.rowcount != 1 or taken.first() is not None:
                raise Refused("unknown code, or this terminal is enrolled already")
            connection.execute(
                insert(terminals).values(
                    terminal=request.terminal,
                    suite=request.suite,
                    public_key=request.public_key,
                    enrolled=self._clock.now().isoformat(),
                )
            )
        return EnrolAnswer(
            platform="bianmin",
            sealing=self._keys.sealing[0].published(),
            acknowledging=self._keys.acknowledging.published(),
            publishing=self._keys.publishing.published(),
            platform_time=self._clock.now().isoformat(),
        )

    def verified(self, request: SignedRequest) -> str:
        """The body of a request that its terminal signed. Raises Refused."""
        query = select(terminals.c.suite, terminals.c.public_key).where(terminals.c.terminal == request.terminal)
        with self._engine.connect() as connection:
            row = connection.execute(query).first()
        if row is None or not request.verified(row.suite, unb64(row.public_key)):
            raise Refused("unknown terminal or wrong signature")
        return request.body

    def heartbeat(self, beat: Heartbeat) -> HeartbeatAnswer:
        """Note the sign of life; tell the states of the cases asked for."""
        now = self._clock.now().isoformat()
        with self._engine.begin() as connection:
            connection.execute(
                update(terminals)
                .where(terminals.c.terminal == beat.terminal)
                .values(last_contact=now, backlog=beat.backlog, faults=json.dumps(sorted(beat.faults)))
            )
            rows = connection.execute(
                select(cases.c.case_id, cases.c.state).where(
                    cases.c.terminal == beat.terminal, cases.c.case_id.in_(beat.open_cases)
                )
            ).all()
        return HeartbeatAnswer(platform_time=now, states=[CaseState(case_id=r.case_id, state=r.state) for r in rows])

    def rate(self, batch: RatingBatch) -> None:
        """Store ratings; a repeat changes nothing. The terminal that sent them is not kept."""
        with self._engine.begin() as connection:
            known = set(connection.scalars(select(ratings.c.id).where(ratings.c.id.in_([r.id for r in batch.ratings]))))
            for rating in batch.ratings:
                if rating.id not in known:
                    connection.execute(
                        insert(ratings).values(
                            id=rating.id,
                            service=rating.service,
                            level=rating.level,
                            reasons=json.dumps(rating.reasons),
                            half_day=rating.half_day,
                        )
                    )
