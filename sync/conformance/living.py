"""Checks of what goes on beside cases: signs of life, feed, chain, keys, ratings, catalogue."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from kiosk.model.ids import new_id
from sync.client import NotThere
from sync.conformance.report import NotHeld, NotTestable, expect
from sync.conformance.session import Session
from sync.content import NotTaken, refresh
from sync.protocol.canonical import unb64
from sync.protocol.wire import (
    ChainState,
    Heartbeat,
    HeartbeatAnswer,
    Problem,
    Purpose,
    RatingBatch,
    RatingRecord,
    RecordStatus,
    Refusal,
)

AHEAD = 10**9
MOST_KEYS = 1000
"""More of them lead nowhere."""
CLOSED_STATES = ("accepted", "flagged", "closed")


def a_sign_of_life_is_answered(session: Session) -> None:
    answer = session.terminal.beat(chain=session.terminal.head()).read(HeartbeatAnswer)
    try:
        gone = (datetime.fromisoformat(answer.platform_time) - datetime.fromisoformat(session.terminal.at())).seconds
    except (ValueError, TypeError):
        raise NotHeld(f"platform_time is no time with a zone: {answer.platform_time!r}") from None
    expect(min(gone, 86400 - gone) < 60, "platform_time is not the time that /v1/ping tells")


def a_repeated_sign_of_life_is_refused(session: Session) -> None:
    beat = session.terminal.sign(Purpose.HEARTBEAT, Heartbeat(backlog=2))
    session.wire.ask("POST", "/v1/heartbeat", beat).must_be(200)
    session.wire.ask("POST", "/v1/heartbeat", beat).refused(Refusal.REPLAYED)


def chains_are_compared(session: Session) -> None:
    """Comes before any record that is refused, for those leave holes in this terminal's own count."""
    terminal = session.terminal
    if not session.delivered:
        raise NotTestable("no case could be delivered")
    head = terminal.head()

    def found(sequence: int) -> ChainState:
        told = head.model_copy(update={"sequence": sequence})
        return terminal.beat(chain=told).read(HeartbeatAnswer).chain

    states = [
        (head.sequence, ChainState.WHOLE, "a chain that fits"),
        (head.sequence + 3, ChainState.GAP, "a terminal that counts three records as delivered that never came"),
        (head.sequence - 1, ChainState.BEHIND, "a terminal that does not know its last record"),
        (head.sequence, ChainState.WHOLE, "a chain that fits again"),
    ]
    for sequence, wanted, words in states:
        state = found(sequence)
        expect(state == wanted, f"{words} is {state.value}, not {wanted.value}")


def two_records_after_the_same_one_are_a_fork(session: Session) -> None:
    """As from a disk that was copied. Comes last: a terminal that was once found copied stays so."""
    terminal = session.terminal
    _first = session.first
    terminal.deliver(one := terminal.seal())
    terminal.deliver(terminal.seal(previous=one.envelope.previous, sequence=one.envelope.stamp.sequence))
    # Told as by one of the two machines: it has not sent what the other one has.
    sealed = one.envelope.stamp.sequence
    state = terminal.beat(chain=terminal.head(), backlog=sealed - terminal.stored + 1).read(HeartbeatAnswer).chain
    expect(state == ChainState.FORKED, f"two records that name the same one before them: {state.value}, not forked")


def the_feed_tells_every_change_once(session: Session) -> None:
    """A case is handed in, and the feed is followed until the platform has opened it."""
    terminal, wanted = session.terminal, session.first[0].envelope.case_id
    seen: list[tuple[str, str]] = []
    cursor, waited = 0, threading.Event()
    for _ in range(max(1, int(session.patience / 0.5))):
        answer = terminal.beat(cursor=cursor).read(HeartbeatAnswer)
        expect(not answer.reset, "a cursor that the platform gave itself is reset")
        expect(answer.cursor >= cursor, "the cursor goes back")
        expect(
            bool(answer.states) == (answer.cursor > cursor), "the cursor moves without changes, or does not with them"
        )
        again = terminal.beat(cursor=cursor).read(HeartbeatAnswer)
        known = [(s.case_id, s.state) for s in answer.states]
        expect(
            [(s.case_id, s.state) for s in again.states][: len(known)] == known,
            "the same cursor does not give the same changes",
        )
        seen += known
        cursor = answer.cursor
        if wanted in {case for case, _state in seen}:
            expect(len(seen) == len(set(seen)), "a change is told twice after its cursor")
            return
        if not answer.more:
            waited.wait(0.5)
    raise NotTestable(f"the platform opened no case within {session.patience:.0f} s")


def an_unknown_cursor_is_reset(session: Session) -> None:
    terminal, known = session.terminal, session.first[0].envelope.case_id
    answer = terminal.beat(cursor=AHEAD).read(HeartbeatAnswer)
    expect(answer.reset, "a cursor ahead of the feed is not reset")
    told = terminal.beat(cursor=AHEAD, open_cases=[known, new_id()]).read(HeartbeatAnswer)
    mine = [s.state for s in told.states if s.case_id == known]
    expect(len(mine) == 1, "the state of an open case is not told on asking")
    expect({s.case_id for s in told.states} == {known}, "the state of a case is told that is not this terminal's")


def a_forged_case_is_never_accepted(session: Session) -> None:
    """It may be taken in, for it is evidence; it may not count as the terminal's."""
    terminal = session.terminal
    case = terminal.seal()
    terminal.bring(case)
    forged = case.envelope.model_copy(update={"receipt": "FORGED"})
    [answer] = terminal.hand_in(forged)
    if answer.status != RecordStatus.STORED:
        return
    pause = threading.Event()
    for _ in range(max(1, int(session.patience / 0.5))):
        told = terminal.beat(cursor=AHEAD, open_cases=[forged.case_id]).read(HeartbeatAnswer).states
        states = [s.state for s in told if s.case_id == forged.case_id]
        expect(not set(states) & set(CLOSED_STATES), "an envelope with a wrong signature was accepted")
        if states == ["quarantined"]:
            return
        pause.wait(0.5)
    raise NotTestable(f"the platform opened no case within {session.patience:.0f} s")


def a_newer_key_is_told_with_a_signature(session: Session) -> None:
    terminal = session.terminal
    beat = terminal.sign(Purpose.HEARTBEAT, Heartbeat(key_id="an-older-key"))
    notice = session.wire.ask("POST", "/v1/heartbeat", beat).read(HeartbeatAnswer).key
    if notice is None:
        raise NotHeld("a terminal that seals to a key that is not the present one is told no newer one")
    key = terminal.trust.acknowledging
    expect(notice.verified(key.suite, unb64(key.public)), "the notice of a newer key does not verify")
    same = terminal.beat().read(HeartbeatAnswer).key
    expect(same is None, "a terminal that seals to the present key is told of another one")


def successions_lead_to_the_present_key(session: Session) -> None:
    terminal, present = session.terminal, session.terminal.trust.acknowledging
    for known in (present.key_id, "no-such-key"):
        told = terminal.beat(acknowledging=known).read(HeartbeatAnswer).successions
        expect(not told, f"a terminal that believes the key {known} is told of {len(told)} others")
    if not terminal.trust.earlier:
        raise NotTestable("the platform tells of no acknowledging key before the present one")
    for earlier in terminal.trust.earlier:
        key, length = earlier, 0
        while key != present:
            told = terminal.beat(acknowledging=key.key_id).read(HeartbeatAnswer).successions
            length += len(told)
            expect(bool(told) and length < MOST_KEYS, f"nothing leads from the key {earlier.key_id} to the present one")
            for word in told:
                expect(word.verified(key), "a succession is not signed by the key before it")
                key = word.acknowledging


def a_pace_is_given(session: Session) -> None:
    """Its limits are those of the schema; an answer that asks for patience without Retry-After fails any check."""
    session.terminal.beat().read(HeartbeatAnswer)


def ratings_may_come_again(session: Session) -> None:
    rating = RatingRecord(id=new_id(), service="residence-permit", level=4, half_day="2026-03-02-am")
    for _ in range(2):
        request = session.terminal.sign(Purpose.RATINGS, RatingBatch(ratings=[rating]))
        session.wire.ask("POST", "/v1/ratings", request).must_be(204)
    for bad in ('{"ratings": [{"id": "x", "service": "s", "level": 6, "half_day": "2026-03-02-am"}]}', "[]"):
        answer = session.wire.ask("POST", "/v1/ratings", session.terminal.sign_text(Purpose.RATINGS, bad)).must_be(422)
        try:
            Problem.model_validate_json(answer.body)
        except ValidationError:
            raise NotHeld("a 422 without a Problem as its body") from None


class _Published:
    """The platform's published files, as a terminal's client asks for them."""

    def __init__(self, session: Session) -> None:
        self._wire = session.wire

    def pieces(self, path: str) -> Iterator[bytes]:
        answer = self._wire.ask("GET", path).must_be(200, 404)
        if answer.status == 404:
            raise NotThere(path)
        yield answer.body


def published_files_are_a_repository(session: Session) -> None:
    """A terminal's own client must take them; they are what the roles say that the root of the enrolment names."""
    terminal = session.terminal
    root, now = terminal.trust.root.encode(), datetime.fromisoformat(terminal.at())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            refresh(_Published(session), folder, root, now)
        except NotTaken as why:
            raise NotHeld(f"a terminal does not take the published files: {why}") from None
        there = list((folder / "current" / "catalogue").iterdir())
    for path in ("metadata/999999999999.root.json", "metadata/none.json", "files/catalogue/none.yaml"):
        session.wire.ask("GET", f"/v1/content/{path}").must_be(404)
    if not there:
        raise NotTestable("the catalogue is empty")
