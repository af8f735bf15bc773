"""What the platform takes and refuses, and from whom; on both databases."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import OperationalError

from kiosk.config import ASSETS
from kiosk.model.clock import ManualClock
from sync.hub.database import open_database, transaction
from sync.hub.door import Malformed
from sync.hub.schema import cases, feeds, quarantine, terminals
from sync.hub.services import Platform, Storage, open_platform
from sync.outbox import Sent
from sync.protocol.canonical import b64, canonical
from sync.protocol.envelope import Envelope
from sync.protocol.suites import suite
from sync.protocol.wire import (
    BatchAnswer,
    EnrolRequest,
    Heartbeat,
    HeartbeatAnswer,
    Purpose,
    RecordBatch,
    RecordStatus,
    Refusal,
    SignedRequest,
)
from tests.sync.conftest import Terminal
from tests.sync.sending import refusals, rows, sealed, sent

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


def test_a_record_with_a_text_longer_than_its_column_does_not_fail_the_others(
    terminal: Terminal, platform: Platform
) -> None:
    """PostgreSQL refuses such a row, and with it the whole transaction."""
    good, other = sealed(terminal), sealed(terminal)
    long = other.model_copy(update={"stamp": other.stamp.model_copy(update={"epoch": "E" * 17})})
    body = {"records": [e.signed(terminal.signing_key).model_dump(mode="json") for e in (long, good)]}
    [answer] = platform.door.records([_signed_text(terminal, Purpose.RECORDS, canonical(body).decode())])
    assert isinstance(answer, BatchAnswer)
    assert [a.status for a in answer.answers] == [RecordStatus.REFUSED, RecordStatus.STORED]


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


def test_what_is_digested_is_what_arrived(terminal: Terminal, platform: Platform) -> None:
    """A later version's fields travel, count in the digest, and are kept."""
    envelope = sealed(terminal)
    newer = Envelope.model_validate(envelope.model_dump() | {"later": {"field": 1}}).signed(terminal.signing_key)
    [answer] = sent(terminal, platform, newer).answers
    assert answer.acknowledgement is not None
    assert answer.acknowledgement.envelope == newer.digest() != envelope.digest()
    [row] = rows(platform, select(cases))
    assert json.loads(str(row["envelope"]))["later"] == {"field": 1}


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
