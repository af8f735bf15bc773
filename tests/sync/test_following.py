"""What terminals and platform tell each other beside the cases: changes of state, chains, ratings; on both stores."""

from __future__ import annotations

import threading

from sqlalchemy import Connection, select

from sync.hub import feed
from sync.hub.database import transaction
from sync.hub.schema import changes, ratings
from sync.hub.services import Platform
from sync.protocol.wire import ChainHead, ChainState, Heartbeat, HeartbeatAnswer, Purpose, RatingBatch, RatingRecord
from tests.sync.conftest import Terminal
from tests.sync.sending import rows, sealed, sent


def test_changes_come_in_order_and_none_is_missed(terminal: Terminal, platform: Platform) -> None:
    """Transactions that commit in another order than they began: no reader steps over one."""
    name, entered, seen = feed.of_terminal("T01"), threading.Event(), []
    slow_may_commit = threading.Event()

    def slow(connection: Connection) -> None:
        feed.append(connection, name, [("closed", "slow")], "2026-01-01")
        entered.set()
        assert slow_may_commit.wait(30)

    def fast(connection: Connection) -> None:
        feed.append(connection, name, [("closed", "fast")], "2026-01-01")

    first = threading.Thread(target=transaction, args=(platform.engine, slow))
    first.start()
    assert entered.wait(30)
    second = threading.Thread(target=transaction, args=(platform.engine, fast))
    second.start()
    second.join(0.5)
    cursor = 0
    for _ in range(2):
        with platform.engine.connect() as connection:
            part = feed.since(connection, name, cursor, 10)
        seen += [c.subject for c in part.changes]
        cursor = part.cursor
        slow_may_commit.set()
        first.join(30)
        second.join(30)
    assert seen == ["slow", "fast"]


def test_a_terminal_hears_of_its_cases_and_starts_anew_where_its_cursor_is_unknown(
    terminal: Terminal, platform: Platform
) -> None:
    envelope = sealed(terminal)
    sent(terminal, platform, envelope)
    platform.worker.work_off()
    platform.worker.close("T01", envelope.case_id, "clerk")

    def beat(**told: object) -> HeartbeatAnswer:
        [answer] = platform.door.heartbeats([terminal.sign(Purpose.HEARTBEAT, Heartbeat(**told))])  # type: ignore[arg-type]
        assert isinstance(answer, HeartbeatAnswer)
        return answer

    news = beat(cursor=0)
    assert [s.state for s in news.states] == ["accepted", "closed"]
    assert (news.cursor, news.more, news.reset) == (2, False, False)
    assert beat(cursor=2).states == []
    assert beat(cursor=9).reset
    assert [s.state for s in beat(cursor=9, open_cases=[envelope.case_id]).states] == ["closed"]
    transaction(platform.engine, lambda c: feed.forget(c, "9999"))
    assert len(rows(platform, select(changes))) == 1
    assert beat(cursor=0).reset
    assert [s.state for s in beat(cursor=1).states] == ["closed"]


def test_chains_are_compared_at_every_sign_of_life(terminal: Terminal, platform: Platform) -> None:
    envelopes = [sealed(terminal) for _ in range(3)]
    head = ChainHead(epoch="ABCD", sequence=3, envelope=envelopes[-1].digest())

    def state(backlog: int, **change: object) -> ChainState:
        beat = Heartbeat(backlog=backlog, chain=head.model_copy(update=change))
        [answer] = platform.door.heartbeats([terminal.sign(Purpose.HEARTBEAT, beat)])
        assert isinstance(answer, HeartbeatAnswer)
        return answer.chain

    assert state(3) == ChainState.WHOLE
    assert state(2) == ChainState.GAP  # the terminal counts one as delivered that never came
    sent(terminal, platform, *envelopes[:2])
    assert state(1) == ChainState.WHOLE
    assert state(2) == ChainState.WHOLE  # its acknowledgement was lost: it will come again
    assert state(0, sequence=1) == ChainState.BEHIND  # an old image of the disk
    copied = envelopes[1].model_copy(update={"case_id": "copied"}).signed(terminal.signing_key)
    sent(terminal, platform, copied)
    assert state(1) == ChainState.FORKED
    assert state(1) == ChainState.FORKED


def test_a_copied_disk_is_seen_behind_a_gap_too(terminal: Terminal, platform: Platform) -> None:
    """The copy's record takes the place of a lost one in the count."""
    first, second, third = (sealed(terminal) for _ in range(3))
    copied = second.model_copy(update={"case_id": "copied"}).signed(terminal.signing_key)
    sent(terminal, platform, first, second, copied)
    for sequence, expected in ((9, ChainState.FORKED), (1, ChainState.FORKED)):
        head = ChainHead(epoch="ABCD", sequence=sequence, envelope=third.digest())
        [answer] = platform.door.heartbeats([terminal.sign(Purpose.HEARTBEAT, Heartbeat(chain=head))])
        assert isinstance(answer, HeartbeatAnswer)
        assert answer.chain == expected


def test_ratings_count_once_and_do_not_tell_the_terminal(terminal: Terminal, platform: Platform) -> None:
    rating = RatingRecord(id="r1", service="social-security-card", level=4, half_day="2026-03-02-am")
    for _ in range(2):
        request = terminal.sign(Purpose.RATINGS, RatingBatch(ratings=[rating]))
        assert platform.door.ratings([request]) == [None]
    [row] = rows(platform, select(ratings))
    assert "T01" not in {str(v) for v in row.values()}
