"""A case from the draft to the platform, over real HTTP, without any screen."""

from __future__ import annotations

import socket
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import urllib3
from sqlalchemy import select

from kiosk.config import ASSETS
from kiosk.model.clock import ManualClock
from kiosk.model.ids import parse_receipt_number
from kiosk.store.audit import first_break
from sync.client import PlatformClient
from sync.hub.schema import cases
from sync.hub.services import Platform, open_platform
from sync.hub.vault import Reader
from sync.outbox import Sent
from sync.protocol.envelope import Envelope
from tests.sync.conftest import PERSON, Terminal
from tests.sync.server import serving


def test_a_case_arrives_and_the_terminal_forgets_it(terminal: Terminal, platform: Platform) -> None:
    case_id = terminal.submit()
    line = terminal.cases.line(case_id)
    assert line is not None
    assert parse_receipt_number(line.receipt) == line.receipt
    assert terminal.files.kept()

    assert terminal.outbox.send_next() == Sent.SENT

    assert terminal.cases.line(case_id).state == "stored"  # type: ignore[union-attr]
    assert not terminal.files.kept()
    assert terminal.cases.backlog() == 0
    assert first_break(terminal.store) is None
    platform.worker.work_off()
    with platform.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT state, findings FROM case_record").all()
    assert rows == [("accepted", "[]")]


def test_the_same_case_sent_twice_is_there_once(terminal: Terminal, platform: Platform) -> None:
    case_id = terminal.submit()
    [outgoing] = terminal.cases.due(terminal.clock.now().timestamp())
    terminal.outbox._send_files(outgoing)
    [first] = terminal.outbox._deliver([outgoing])
    [second] = terminal.outbox._deliver([outgoing])
    assert (first.status, second.status) == ("stored", "duplicate")
    assert first.acknowledgement == second.acknowledgement
    assert outgoing.envelope.case_id == case_id
    with platform.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM case_record").scalar() == 1


def test_submitting_again_after_a_crash_gives_the_same_number(terminal: Terminal) -> None:
    draft = terminal.draft()
    package = terminal.catalogue.services[draft.service]
    assert terminal.intake.submit(draft, package, "zh") == terminal.intake.submit(draft, package, "zh")


def test_another_content_under_the_same_id_is_kept_apart(terminal: Terminal, platform: Platform) -> None:
    terminal.submit()
    [outgoing] = terminal.cases.due(terminal.clock.now().timestamp())
    terminal.outbox._send_files(outgoing)
    terminal.outbox._deliver([outgoing])
    changed = outgoing.envelope.model_copy(update={"receipt": "T01-0000-000099-0"}).signed(terminal.signing_key)
    [answer] = terminal.outbox._deliver([replace(outgoing, envelope=changed)])
    assert answer.status == "conflict"
    with platform.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT reason FROM quarantine").all() == [("conflict",)]
        stored = connection.exec_driver_sql("SELECT envelope FROM case_record").scalar()
    assert Envelope.model_validate_json(str(stored)).receipt == outgoing.envelope.receipt


def test_an_envelope_whose_signature_does_not_fit_waits_at_the_platform(terminal: Terminal, platform: Platform) -> None:
    terminal.submit()
    with terminal.store.transaction() as db:
        db.conn.execute("UPDATE outbox SET envelope = replace(envelope, 'T01-', 'T0X-')")
    assert terminal.outbox.send_next() == Sent.SENT
    platform.worker.work_off()
    with platform.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT state, reason FROM case_record").all()
    assert rows == [("quarantined", "bad_signature")]


def test_a_record_of_another_terminal_is_refused_and_set_aside(terminal: Terminal) -> None:
    case_id = terminal.submit()
    with terminal.store.transaction() as db:
        db.conn.execute("""UPDATE outbox SET envelope = replace(envelope, '"terminal":"T01"', '"terminal":"T02"')""")
    assert terminal.outbox.send_next() == Sent.HELD
    assert terminal.cases.held() == 1
    assert terminal.cases.line(case_id).state == "refused"  # type: ignore[union-attr]
    assert terminal.outbox.send_next() == Sent.NOTHING_DUE
    terminal.cases.released(case_id)
    assert terminal.cases.line(case_id).state == "queued"  # type: ignore[union-attr]
    assert terminal.outbox.send_next() == Sent.HELD


def test_no_network_keeps_everything_and_waits(terminal: Terminal, url: str) -> None:
    terminal.submit()
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        dead = PlatformClient(f"http://127.0.0.1:{unused.getsockname()[1]}")
    terminal.outbox._client = dead
    assert terminal.outbox.send_next() == Sent.NO_NETWORK
    terminal.clock.advance(3600)
    terminal.outbox._client = PlatformClient(url)
    assert terminal.outbox.send_next() == Sent.SENT


@pytest.mark.parametrize(
    "says",
    [
        b"200 OK\r\nContent-Type: text/html",
        b"302 Found\r\nLocation: http://inn.example/\r\nContent-Type: text/plain",
        b"511 Network Authentication Required\r\nContent-Type: text/plain",
        b"405 Method Not Allowed\r\nContent-Type: text/plain",  # a proxy that knows no PATCH
        b"404 Not Found\r\nContent-Type: application/json",
        b"403 Forbidden\r\nContent-Type: text/plain",
    ],
)
def test_a_captive_portal_is_no_network(terminal: Terminal, says: bytes) -> None:
    terminal.submit()
    portal = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        peer, _ = portal.accept()
        peer.recv(65536)
        peer.sendall(b"HTTP/1.1 " + says + b"\r\nContent-Length: 4\r\nConnection: close\r\n\r\nhi!\n")
        peer.close()

    thread = threading.Thread(target=answer)
    thread.start()
    terminal.outbox._client = PlatformClient(f"http://127.0.0.1:{portal.getsockname()[1]}")
    assert terminal.outbox.send_next() == Sent.NO_NETWORK
    thread.join()
    portal.close()
    assert (terminal.cases.backlog(), terminal.cases.held()) == (1, 0)


def test_something_on_the_way_that_refuses_uploads_alone_sets_no_case_aside(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal.submit()
    ask = terminal.client._pool.request

    def proxy(method: str, *rest: Any, **more: Any) -> Any:
        if method == "PATCH":
            return urllib3.HTTPResponse(b"not allowed here", {"Content-Type": "text/plain"}, 405)
        return ask(method, *rest, **more)

    monkeypatch.setattr(terminal.client._pool, "request", proxy)
    assert terminal.outbox.send_next() == Sent.NO_NETWORK
    assert (terminal.cases.backlog(), terminal.cases.held()) == (1, 0)


def test_trusted_time_never_goes_back_with_an_old_word(terminal: Terminal) -> None:
    terminal.submit()
    assert terminal.outbox.send_next() == Sent.SENT
    later = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    terminal.store.put("signed_time", later)
    terminal.submit()
    assert terminal.outbox.send_next() == Sent.SENT
    assert terminal.store.get("signed_time") == later


def test_receipt_numbers_stay_unique_after_a_restored_disk(terminal: Terminal, tmp_path: Path) -> None:
    draft = terminal.draft()
    package = terminal.catalogue.services[draft.service]
    first = terminal.intake.submit(draft, package, "zh").receipt
    # The database goes back to before the case, as from a copy of the disk, while the machine runs on.
    with terminal.store.transaction() as db:
        for table in ("outbox", "sealed_file", "case_line"):
            db.conn.execute(f"DELETE FROM {table}")
        terminal.store.put("receipt_counter", "0")
    second = terminal.intake.submit(terminal.draft(), package, "zh").receipt
    assert first != second


def test_the_same_person_is_told_of_an_open_case(terminal: Terminal) -> None:
    assert terminal.intake.already_open("social-security-card", PERSON.number) is None
    terminal.submit()
    assert terminal.intake.already_open("social-security-card", PERSON.number) is not None
    assert terminal.intake.already_open("residence-permit", PERSON.number) is None


def test_a_case_arrives_by_the_national_algorithms(tmp_path: Path) -> None:
    platform = open_platform(tmp_path / "hub", ASSETS / "catalogue", ManualClock(datetime.now(UTC)), "gm")
    (tmp_path / "terminal").mkdir()
    with serving(platform) as url:
        terminal = Terminal(tmp_path / "terminal", platform, url, "gm")
        case_id = terminal.submit()
        assert terminal.outbox.send_next() == Sent.SENT
        assert terminal.outbox.send_next() == Sent.NOTHING_DUE
    with platform.engine.connect() as connection:
        row = connection.execute(select(cases).where(cases.c.case_id == case_id)).mappings().one()
    envelope = Envelope.model_validate_json(row["envelope"])
    assert envelope.suite == "gm"
    assert {b.digest.partition(":")[0] for b in envelope.blobs} == {"sm3"}
    reader = Reader("tester", "check")
    assert platform.vault.body("T01", case_id, reader).documents[0].digest.startswith("sm3:")
    platform.worker.work_off()
    assert platform.vault.document("T01", case_id, "doc-photo", reader).startswith(b"%PDF")
