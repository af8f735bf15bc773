"""What the platform takes, refuses, opens and keeps; on both databases."""

from __future__ import annotations

import json
import shutil
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, insert, select
from sqlalchemy.exc import OperationalError

from kiosk.config import ASSETS
from kiosk.model.clock import ManualClock
from sync.hub import feed
from sync.hub.database import open_database, transaction
from sync.hub.door import Malformed
from sync.hub.keys import load_or_create, save
from sync.hub.schema import audit, cases, changes, feeds, openings, quarantine, ratings, terminals
from sync.hub.services import Platform, Storage, open_platform
from sync.hub.vault import NoSuchCase, Reader
from sync.outbox import Sent
from sync.protocol.canonical import b64, canonical
from sync.protocol.envelope import Envelope
from sync.protocol.suites import SealError, suite
from sync.protocol.wire import (
    BatchAnswer,
    ChainHead,
    ChainState,
    EnrolRequest,
    Heartbeat,
    HeartbeatAnswer,
    Purpose,
    RatingBatch,
    RatingRecord,
    RecordBatch,
    RecordStatus,
    Refusal,
    SignedRequest,
)
from tests.sync.conftest import Terminal

CHECK = Reader("tester", "check")


def sealed(terminal: Terminal) -> Envelope:
    """A case of the terminal whose files are at the platform, and that is not sent yet."""
    case_id = terminal.submit()
    [outgoing] = [o for o in terminal.cases.due(terminal.clock.now().timestamp(), 100) if o.envelope.case_id == case_id]
    terminal.outbox._send_files(outgoing)
    return outgoing.envelope


def sent(terminal: Terminal, platform: Platform, *envelopes: Envelope) -> BatchAnswer:
    request = terminal.sign(Purpose.RECORDS, RecordBatch(records=list(envelopes)))
    [answer] = platform.door.records([request])
    assert isinstance(answer, BatchAnswer)
    return answer


def rows(platform: Platform, query: object) -> list[dict[str, object]]:
    with platform.engine.connect() as connection:
        return [dict(r) for r in connection.execute(query).mappings()]  # type: ignore[call-overload]


def refusals(platform: Platform) -> list[str]:
    return [json.loads(str(r["detail"]))["why"] for r in rows(platform, select(audit)) if "refused" in str(r["kind"])]


# taking in


def test_one_signature_covers_all_that_came_together(terminal: Terminal, platform: Platform) -> None:
    envelopes = [sealed(terminal) for _ in range(3)]
    requests = [terminal.sign(Purpose.RECORDS, RecordBatch(records=[e])) for e in envelopes]
    answers = platform.door.records(requests)
    words = [a.answers[0].acknowledgement for a in answers if isinstance(a, BatchAnswer)]
    assert len({w.signature for w in words if w}) == 1
    public = platform.keys.acknowledging.public_bytes
    assert all(w is not None and w.verified(public) for w in words)
    moved = words[0].model_copy(update={"case_id": envelopes[1].case_id})  # type: ignore[union-attr]
    assert not moved.verified(public)


def test_the_same_case_twice_in_one_batch_is_stored_once(terminal: Terminal, platform: Platform) -> None:
    envelope = sealed(terminal)
    answer = sent(terminal, platform, envelope, envelope)
    assert {a.status for a in answer.answers} == {RecordStatus.STORED, RecordStatus.DUPLICATE}
    assert answer.answers[0].acknowledgement == answer.answers[1].acknowledgement
    assert len(rows(platform, select(cases))) == 1


def test_a_bad_record_does_not_fail_the_others_and_is_kept(terminal: Terminal, platform: Platform) -> None:
    envelope = sealed(terminal)
    body = {"records": [{"version": 1}, envelope.model_dump(mode="json")]}
    request = _signed_text(terminal, Purpose.RECORDS, canonical(body).decode())
    [answer] = platform.door.records([request])
    assert isinstance(answer, BatchAnswer)
    assert [a.status for a in answer.answers] == [RecordStatus.REFUSED, RecordStatus.STORED]
    [kept] = rows(platform, select(quarantine))
    assert kept["reason"] == Refusal.BAD_ENVELOPE
    assert '"version":1' in str(kept["content"])


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"records": []}', '{"records": 3}', "nothing"])
def test_a_body_that_is_no_batch_is_told_so(terminal: Terminal, platform: Platform, body: str) -> None:
    [answer] = platform.door.records([_signed_text(terminal, Purpose.RECORDS, body)])
    assert isinstance(answer, Malformed)


def test_a_case_without_its_files_waits(terminal: Terminal, platform: Platform) -> None:
    terminal.submit()
    [outgoing] = terminal.cases.due(terminal.clock.now().timestamp())
    [answer] = sent(terminal, platform, outgoing.envelope).answers
    assert (answer.status, answer.reason) == (RecordStatus.LATER, Refusal.MISSING_BLOBS)
    assert set(answer.missing) == {b.digest for b in outgoing.envelope.blobs}
    assert rows(platform, select(cases)) == []


def test_two_processes_that_get_the_same_case_at_once_store_it_once(
    terminal: Terminal, platform: Platform, storage: Storage
) -> None:
    other = open_platform(platform.folder, ASSETS / "catalogue", platform.clock, storage=storage)
    envelopes = [sealed(terminal) for _ in range(6)]
    requests = [terminal.sign(Purpose.RECORDS, RecordBatch(records=envelopes[::way])) for way in (1, -1)]
    found: list[BatchAnswer] = []

    def send(door: Platform, request: SignedRequest) -> None:
        [answer] = door.door.records([request])
        assert isinstance(answer, BatchAnswer)
        found.append(answer)

    threads = [threading.Thread(target=send, args=pair) for pair in zip((platform, other), requests, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    other.engine.dispose()
    statuses = sorted(a.status for answer in found for a in answer.answers)
    assert statuses == ["duplicate"] * 6 + ["stored"] * 6
    assert len(rows(platform, select(cases))) == 6
    [known] = rows(platform, select(terminals))
    assert (known["records"], known["last_sequence"]) == (6, 6)


def test_a_transaction_that_another_got_in_the_way_of_is_done_again(platform: Platform) -> None:
    tries = []

    class GotInTheWay(Exception):
        sqlstate = "40001"

    def work(connection: Connection) -> int:
        connection.execute(insert(feeds).values(feed=f"try-{len(tries)}", last=0))
        tries.append(1)
        if len(tries) < 3:
            raise OperationalError("UPDATE", {}, GotInTheWay())
        return 7

    assert transaction(platform.engine, work) == 7
    assert [r["feed"] for r in rows(platform, select(feeds))] == ["try-2"]


# who sends


def _signed_text(terminal: Terminal, purpose: Purpose, body: str, at: str = "") -> SignedRequest:
    """A request over any text, properly signed."""
    made = SignedRequest(
        terminal="T01", purpose=purpose, at=at or terminal.client.platform_now(), body=body, signature=""
    )
    return made.model_copy(update={"signature": b64(suite("intl").sign(terminal.signing_key, made._signed()))})


def test_forged_expired_misused_and_unknown_requests_are_refused_and_written_down(
    terminal: Terminal, platform: Platform
) -> None:
    good = terminal.sign(Purpose.HEARTBEAT, Heartbeat())
    now = platform.clock.now()
    bad = {
        Refusal.BAD_SIGNATURE: good.model_copy(update={"body": good.body.replace("0", "1")}),
        Refusal.EXPIRED: terminal.sign(Purpose.HEARTBEAT, Heartbeat(), (now - timedelta(minutes=11)).isoformat()),
        Refusal.WRONG_PURPOSE: terminal.sign(Purpose.RATINGS, Heartbeat()),
        Refusal.UNKNOWN_TERMINAL: good.model_copy(update={"terminal": "T77"}),
    }
    assert platform.door.heartbeats(list(bad.values())) == list(bad)
    future = terminal.sign(Purpose.HEARTBEAT, Heartbeat(), (now + timedelta(hours=1)).isoformat())
    nonsense = terminal.sign(Purpose.HEARTBEAT, Heartbeat(), "yesterday")
    assert platform.door.heartbeats([future, nonsense]) == [Refusal.EXPIRED] * 2
    assert sorted(refusals(platform)) == sorted([*bad, Refusal.EXPIRED, Refusal.EXPIRED])


def test_a_sign_of_life_that_comes_again_is_refused(terminal: Terminal, platform: Platform) -> None:
    beat = terminal.sign(Purpose.HEARTBEAT, Heartbeat(backlog=3))
    assert isinstance(platform.door.heartbeats([beat])[0], HeartbeatAnswer)
    assert platform.door.heartbeats([beat]) == [Refusal.REPLAYED]
    assert refusals(platform) == [Refusal.REPLAYED]
    twice = terminal.sign(Purpose.HEARTBEAT, Heartbeat(backlog=4))
    answers = platform.door.heartbeats([twice, twice])
    assert [isinstance(a, HeartbeatAnswer) for a in answers] == [True, False]


def test_a_revoked_terminal_is_heard_no_more_and_keeps_what_it_has(terminal: Terminal, platform: Platform) -> None:
    terminal.submit()
    terminal.outbox._send_files(terminal.cases.due(0.0)[0])
    assert platform.desk.revoke("T01", "admin")
    assert not platform.desk.revoke("T01", "admin")
    assert terminal.outbox.send_next() == Sent.REFUSED
    terminal.clock.advance(3600)
    terminal.submit()  # its files are not taken either
    assert terminal.outbox.send_next() == Sent.REFUSED
    assert terminal.cases.backlog() == 2
    assert terminal.cases.held() == 0
    assert Refusal.REVOKED in refusals(platform)


def test_a_code_works_once_and_for_the_name_it_was_made_for(platform: Platform) -> None:
    _private, public = suite("intl").new_signing_key()

    def enrol(code: str, name: str) -> None:
        platform.desk.enrol(EnrolRequest(code=code, terminal=name, suite="intl", public_key=b64(public)))

    code = platform.desk.new_code()
    enrol(code, "T01")
    with pytest.raises(Exception, match="unknown_code"):
        enrol(code, "T02")
    with pytest.raises(Exception, match="taken_name"):
        enrol(platform.desk.new_code(), "T01")
    enrol(platform.desk.new_code(replaces="T01"), "T01")
    late = platform.desk.new_code()
    assert isinstance(platform.clock, ManualClock)
    platform.clock.advance(8 * 86400)
    with pytest.raises(Exception, match="unknown_code"):
        enrol(late, "T03")


def test_a_machine_in_anothers_place_leaves_the_old_ones_cases_readable(terminal: Terminal, platform: Platform) -> None:
    envelope = sealed(terminal)
    sent(terminal, platform, envelope)
    _private, public = suite("intl").new_signing_key()
    code = platform.desk.new_code(replaces="T01")
    platform.desk.enrol(EnrolRequest(code=code, terminal="T01", suite="intl", public_key=b64(public)))
    platform.worker.work_off()
    assert [r["state"] for r in rows(platform, select(cases))] == ["accepted"]
    assert platform.door.heartbeats([terminal.sign(Purpose.HEARTBEAT, Heartbeat())]) == [Refusal.BAD_SIGNATURE]


# opening


def test_what_does_not_open_waits_in_quarantine_and_can_be_tried_again(
    terminal: Terminal, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    envelope = sealed(terminal)
    sent(terminal, platform, envelope)
    with monkeypatch.context() as patched:
        patched.setattr(platform.forms, "get", lambda *_: None)
        platform.worker.work_off()
    assert [(r["state"], r["reason"]) for r in rows(platform, select(cases))] == [("quarantined", "unknown_form")]
    assert platform.worker.replay("T01", envelope.case_id, "admin")
    platform.worker.work_off()
    assert [(r["state"], r["reason"]) for r in rows(platform, select(cases))] == [("accepted", "")]
    assert not platform.worker.replay("T01", envelope.case_id, "admin")


def test_a_case_that_brings_the_process_down_is_set_aside_in_the_end(
    terminal: Terminal, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent(terminal, platform, sealed(terminal))
    assert isinstance(platform.clock, ManualClock)

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(type(platform.worker), "_outcome", crash)
        for _ in range(5):
            with pytest.raises(KeyboardInterrupt):
                platform.worker.work()
            assert platform.worker.work() == 0  # taken up, and not free again yet
            platform.clock.advance(3600)
    platform.worker.work_off()
    assert [(r["state"], r["reason"]) for r in rows(platform, select(cases))] == [("quarantined", "processing")]


def test_an_opening_is_written_down_before_anything_is_shown(terminal: Terminal, platform: Platform) -> None:
    envelope = sealed(terminal)
    sent(terminal, platform, envelope)
    platform.worker.work_off()
    body = platform.vault.body("T01", envelope.case_id, CHECK)
    assert body.receipt == envelope.receipt
    with pytest.raises(NoSuchCase):
        platform.vault.document("T01", envelope.case_id, "doc-none", CHECK)
    with pytest.raises(NoSuchCase):
        platform.vault.body("T01", "nobody", CHECK)
    assert [(r["user"], r["reason"]) for r in rows(platform, select(openings))] == [("tester", "check")] * 2


# keys


def test_sealing_keys_change_while_terminals_are_away(terminal: Terminal, platform: Platform, storage: Storage) -> None:
    late = sealed(terminal)
    file = platform.folder / "keys.json"
    save(file, load_or_create(file, platform.clock).rotated(platform.clock.now()))
    after = open_platform(platform.folder, ASSETS / "catalogue", platform.clock, storage=storage)
    sent(terminal, after, late)
    after.worker.work_off()
    assert [r["state"] for r in rows(after, select(cases))] == ["accepted"]
    [answer] = after.door.heartbeats([terminal.sign(Purpose.HEARTBEAT, Heartbeat(key_id=late.key_id))])
    assert isinstance(answer, HeartbeatAnswer)
    assert answer.key is not None
    assert answer.key.sealing.key_id == after.keys.sealing[0].key_id != late.key_id
    assert answer.key.verified("intl", after.keys.acknowledging.public_bytes)
    changed = answer.key.model_copy(update={"sealing": after.keys.keeping[0].published()})
    assert not changed.verified("intl", after.keys.acknowledging.public_bytes)
    # The old key is destroyed; what was opened before can still be read.
    save(file, after.keys.retired(platform.clock.now() + timedelta(days=1)))
    without = open_platform(platform.folder, ASSETS / "catalogue", platform.clock, storage=storage)
    assert without.keys.sealing_key(late.key_id) is None
    assert without.vault.body("T01", late.case_id, CHECK).receipt == late.receipt
    for opened in (after, without):
        opened.engine.dispose()


def test_a_stolen_backup_of_the_database_opens_nothing(
    terminal: Terminal, platform: Platform, storage: Storage, tmp_path: Path
) -> None:
    """Rows and sealed files without the key file."""
    envelope = sealed(terminal)
    sent(terminal, platform, envelope)
    platform.worker.work_off()
    thief = open_platform(tmp_path / "thief", ASSETS / "catalogue", platform.clock, storage=storage)
    if not storage.database:
        thief.engine.dispose()
        for part in platform.folder.glob("platform.db*"):
            shutil.copy(part, tmp_path / "thief" / part.name)
        shutil.copytree(platform.folder / "blobs", tmp_path / "thief" / "blobs", dirs_exist_ok=True)
        thief = open_platform(tmp_path / "thief", ASSETS / "catalogue", platform.clock)
    with pytest.raises(SealError):
        thief.vault.body("T01", envelope.case_id, CHECK)
    whole = b"".join(canonical({k: str(v) for k, v in r.items()}) for r in rows(thief, select(cases)))
    assert "测试甲".encode() not in whole
    assert b"990000199003070013" not in whole
    thief.engine.dispose()


# what terminals follow


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


# storage


@pytest.mark.parametrize("url", ["mysql://x", "sqlite:///x", "postgres"])
def test_another_database_is_no_choice(tmp_path: Path, url: str) -> None:
    with pytest.raises(ValueError, match="postgresql://"):
        open_database(tmp_path, url)


def test_tables_of_another_version_are_not_touched(platform: Platform, storage: Storage) -> None:
    with platform.engine.execution_options(writes=True).begin() as connection:
        connection.exec_driver_sql("UPDATE schema_version SET version = 1")
    with pytest.raises(ValueError, match="version 1"):
        open_database(platform.folder, storage.database)


def test_every_number_of_a_receipt_finds_its_case(terminal: Terminal, platform: Platform) -> None:
    assert terminal.outbox.send_next() == Sent.NOTHING_DUE
    for _ in range(25):
        terminal.submit()
    assert terminal.outbox.send_next() == Sent.SENT
    assert terminal.outbox.send_next() == Sent.SENT
    assert terminal.outbox.send_next() == Sent.NOTHING_DUE
    assert platform.worker.work_off() == 25
    with platform.engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(cases).where(cases.c.state == "accepted")) == 25


def test_what_is_digested_is_what_arrived(terminal: Terminal, platform: Platform) -> None:
    """A later version's fields travel, count in the digest, and are kept."""
    envelope = sealed(terminal)
    newer = Envelope.model_validate(envelope.model_dump() | {"later": {"field": 1}}).signed(terminal.signing_key)
    [answer] = sent(terminal, platform, newer).answers
    assert answer.acknowledgement is not None
    assert answer.acknowledgement.envelope == newer.digest() != envelope.digest()
    [row] = rows(platform, select(cases))
    assert json.loads(str(row["envelope"]))["later"] == {"field": 1}
