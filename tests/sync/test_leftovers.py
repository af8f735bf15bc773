"""Sealed files that no envelope names go, and never one that an envelope names, at whatever moment it comes."""

from __future__ import annotations

import fcntl
import os
import random
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from litestar.testing import TestClient
from sqlalchemy import select

from kiosk.config import ASSETS
from kiosk.model.clock import ManualClock
from sync.hub.app import create_app
from sync.hub.backup import back_up, restore
from sync.hub.blobs import BlobError, FolderBlobs
from sync.hub.ingest import Incoming
from sync.hub.leftovers import Leftovers, Times
from sync.hub.schema import cases
from sync.hub.services import Platform, Storage, open_platform
from sync.hub.vault import Reader
from sync.outbox import Sent
from sync.protocol.canonical import digest
from sync.protocol.envelope import Envelope
from tests.sync.conftest import Terminal

DATA = random.Random(7).randbytes(3000)
NAME = digest(DATA)


def days(platform: Platform, number: float) -> None:
    assert isinstance(platform.clock, ManualClock)
    platform.clock.advance(number * 86400)


def round_after(platform: Platform, number: float) -> None:
    days(platform, number)
    platform.leftovers.round()


def brought(terminal: Terminal) -> Envelope:
    """A case whose files are at the platform, and its envelope is not."""
    terminal.submit()
    [outgoing] = terminal.cases.due(1e12, 1)
    terminal.outbox._send_files(outgoing)
    return outgoing.envelope


def here(platform: Platform, envelope: Envelope) -> int:
    return len(platform.blobs.sizes([b.digest for b in envelope.blobs]))


def state(platform: Platform) -> list[str]:
    with platform.engine.connect() as connection:
        return list(connection.scalars(select(cases.c.state)))


def test_what_nobody_names_is_hidden_and_then_removed(platform: Platform) -> None:
    blobs, app = platform.blobs, create_app(platform, opens=False, metrics_token="secret")
    blobs.append(NAME, 0, DATA, len(DATA))
    blobs.append(digest(b"other"), 0, b"ot", 5)
    round_after(platform, 6)
    assert blobs.offset(digest(b"other")) == (2, False)
    round_after(platform, 2)
    assert blobs.offset(digest(b"other")) == (0, False)
    round_after(platform, 20)
    assert blobs.offset(NAME) == (3000, True)
    round_after(platform, 3)
    assert blobs.offset(NAME) == (0, False)
    assert (blobs.sizes([NAME]), blobs.read(NAME)) == ({}, DATA)
    if isinstance(blobs, FolderBlobs):  # a bucket's server has a clock of its own
        round_after(platform, 6)
        assert blobs.read(NAME) == DATA
    round_after(platform, 32)
    with pytest.raises(FileNotFoundError):
        blobs.read(NAME)
    assert platform.leftovers.count == {"hidden": 1, "shown": 0, "removed": 1, "parts": 1}
    with TestClient(app) as client:
        said = client.get("/metrics", headers={"Authorization": "Bearer secret"}).text
    assert 'bianmin_leftovers_total{what="removed"} 1.0' in said


def test_what_a_case_names_stays_opened_or_not(terminal: Terminal, platform: Platform) -> None:
    envelope = brought(terminal)
    assert terminal.outbox.send_next() == Sent.SENT
    for opens in (False, True):
        if opens:
            platform.worker.work_off()
        for _ in range(3):
            round_after(platform, 40)
        assert here(platform, envelope) == 2
    assert platform.leftovers.count.total() == 0
    assert state(platform) == ["accepted"]


def test_a_terminal_that_comes_late_brings_its_files_again(terminal: Terminal, platform: Platform) -> None:
    envelope = brought(terminal)
    round_after(platform, 31)
    assert here(platform, envelope) == 0
    terminal.client.ping()
    # It takes them for delivered, and hears that they are not there.
    assert terminal.outbox.send_next() == Sent.LATER
    terminal.clock.advance(1000)
    assert terminal.outbox.send_next() == Sent.SENT
    round_after(platform, 20)  # the hidden ones go, those that came anew stay
    assert here(platform, envelope) == 2
    platform.worker.work_off()
    assert state(platform) == ["accepted"]


def test_files_that_go_between_upload_and_envelope_are_asked_for(
    terminal: Terminal, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    envelope = brought(terminal)
    days(platform, 31)
    terminal.client.ping()
    real = terminal.outbox._deliver

    def later(ready: object) -> object:
        platform.leftovers.round()
        return real(ready)  # type: ignore[arg-type]

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(terminal.outbox, "_deliver", later)
        assert terminal.outbox.send_next() == Sent.LATER
    assert here(platform, envelope) == 0
    terminal.clock.advance(1000)
    assert terminal.outbox.send_next() == Sent.SENT
    assert here(platform, envelope) == 2


def test_an_envelope_at_the_very_moment_keeps_its_files(
    terminal: Terminal, platform: Platform, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Ingest has found the files; they are hidden before its transaction begins."""
    envelope = brought(terminal)
    days(platform, 31)
    terminal.client.ping()
    real: Callable[[], None] = platform.blobs.settle

    def settle() -> None:
        real()
        platform.leftovers.round()

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(platform.blobs, "settle", settle)
        assert terminal.outbox.send_next() == Sent.SENT
    assert platform.leftovers.count["hidden"] == 2
    assert here(platform, envelope) == 0
    # Whoever reads them meanwhile finds them: the worker, and a backup.
    platform.worker.work_off()
    assert state(platform) == ["accepted"]
    assert back_up(platform.engine, platform.blobs, tmp_path / "backup").blobs == 2
    round_after(platform, 8)
    assert here(platform, envelope) == 2
    assert platform.leftovers.count["shown"] == 2
    again = open_platform(tmp_path / "again", ASSETS / "catalogue", platform.clock)
    assert restore(tmp_path / "backup", again.engine, again.blobs).blobs == 2
    round_of = Leftovers(again.engine, again.blobs, platform.clock, Times(), random.Random(1))
    for _ in range(3):
        days(platform, 40)
        round_of.round()
    assert here(again, envelope) == 2
    again.engine.dispose()
    assert platform.vault.body("T01", envelope.case_id, Reader("tester", "check")).receipt == envelope.receipt


def test_another_content_keeps_its_files_for_people_and_for_the_backup(
    terminal: Terminal, platform: Platform, tmp_path: Path
) -> None:
    envelope = brought(terminal)
    assert terminal.outbox.send_next() == Sent.SENT
    platform.blobs.append(NAME, 0, DATA, len(DATA))
    other = envelope.blobs[1].model_copy(update={"digest": NAME, "size": len(DATA)})
    changed = envelope.model_copy(update={"blobs": [envelope.blobs[0], other]}).signed(terminal.signing_key)
    [answer] = platform.door._ingest.receive([Incoming("T01", [changed])])
    assert answer.answers[0].status == "conflict"
    for _ in range(3):
        round_after(platform, 40)
    assert platform.blobs.sizes([NAME]) == {NAME: 3000}
    assert back_up(platform.engine, platform.blobs, tmp_path / "backup").blobs == 3


def test_two_processes_look_after_one_storage(terminal: Terminal, platform: Platform, storage: Storage) -> None:
    envelopes = []
    for _ in range(3):
        envelopes.append(brought(terminal))
        assert terminal.outbox.send_next() == Sent.SENT
    platform.worker.work_off()
    strays = [bytes([n]) * 50 for n in range(40)]
    for data in strays:
        platform.blobs.append(digest(data), 0, data, len(data))
    other = open_platform(platform.folder, ASSETS / "catalogue", platform.clock, storage=storage)
    failed: list[BaseException] = []

    def work(leftovers: Leftovers) -> None:
        try:
            leftovers.round()
        except BaseException as bad:  # noqa: BLE001 - told by the test
            failed.append(bad)

    for _ in range(2):
        days(platform, 40)
        both = [threading.Thread(target=work, args=(p.leftovers,)) for p in (platform, other)]
        for thread in both:
            thread.start()
        for thread in both:
            thread.join(120)
    assert failed == []
    assert [here(platform, e) for e in envelopes] == [2] * 3
    assert platform.blobs.sizes([digest(d) for d in strays]) == {}
    assert platform.blobs.hidden() == []
    other.engine.dispose()


def test_nothing_goes_while_too_much_is_still_to_be_opened(
    terminal: Terminal, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        terminal.submit()
    assert terminal.outbox.send_next() == Sent.SENT
    platform.blobs.append(NAME, 0, DATA, len(DATA))
    monkeypatch.setattr("sync.hub.leftovers.MOST_WAITING", 1)
    round_after(platform, 31)
    assert platform.blobs.sizes([NAME]) == {NAME: 3000}
    platform.worker.work_off()
    round_after(platform, 1)
    assert platform.blobs.sizes([NAME]) == {}


def test_a_few_are_looked_at_each_time_and_all_in_the_end(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sync.hub.leftovers.MOST", 3)
    names = [digest(bytes([n])) for n in range(12)]
    for number, name in enumerate(names):
        platform.blobs.append(name, 0, bytes([number]), 1)
    days(platform, 31)
    seeded = Leftovers(platform.engine, platform.blobs, platform.clock, Times(), random.Random(3))
    rounds = 0
    while platform.blobs.sizes(names):
        seeded.round()
        rounds += 1
        assert seeded.count["hidden"] <= 3 * rounds
    assert rounds >= 4


def test_a_part_that_is_being_written_is_not_dropped(tmp_path: Path) -> None:
    """Who waits for its end finds that it has grown."""
    blobs = FolderBlobs(tmp_path)
    blobs.append(NAME, 0, DATA[:1000], len(DATA))
    part = next((tmp_path / "parts").iterdir())
    before = part.stat().st_mtime + 1
    grown = threading.Event()

    def drop() -> None:
        assert blobs.drop_parts(before) == 0
        grown.set()

    with part.open("ab") as out:
        fcntl.flock(out, fcntl.LOCK_EX)
        dropping = threading.Thread(target=drop)
        dropping.start()
        out.write(DATA[1000:2000])
        out.flush()
        os.utime(part, (before + 5, before + 5))
    dropping.join(30)
    assert grown.is_set()
    assert blobs.append(NAME, 2000, DATA[2000:], len(DATA))
    with pytest.raises(BlobError):
        blobs.append(digest(b"x"), 1, b"x", 2)
