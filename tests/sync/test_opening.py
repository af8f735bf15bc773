"""Cases that are opened, the keys that open them, and what becomes of one that does not open; on both databases."""

from __future__ import annotations

import errno
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from kiosk.cases.submit import Intake
from kiosk.config import ASSETS
from kiosk.model.clock import ManualClock
from sync.hub.keys import load_or_create, save
from sync.hub.opening import LEASE, MOST_ATTEMPTS
from sync.hub.schema import cases, openings
from sync.hub.services import Platform, Storage, open_platform
from sync.hub.vault import NoSuchCase
from sync.outbox import Sent
from sync.protocol.canonical import canonical
from sync.protocol.suites import SealError
from sync.protocol.wire import Heartbeat, HeartbeatAnswer, Purpose
from tests.sync.conftest import Terminal
from tests.sync.sending import CHECK, rows, sealed, sent


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


@pytest.mark.parametrize(
    "odd",
    [{"answers": {"cause": 7}}, {"captured": "9999-12-31T23:59:59-14:00"}],
    ids=["a number for a text", "a time beyond the calendar"],
)
def test_what_one_terminal_sealed_harms_no_case_beside_it(
    terminal: Terminal, platform: Platform, monkeypatch: pytest.MonkeyPatch, odd: dict[str, Any]
) -> None:
    made = Intake._body
    with monkeypatch.context() as patched:
        patched.setattr(Intake, "_body", lambda *given: made(*given).model_copy(update=odd))
        hostile = sealed(terminal)
    good = sealed(terminal)
    sent(terminal, platform, hostile)
    sent(terminal, platform, good)
    assert platform.worker.work_off() == 2
    found = {r["case_id"]: (r["state"], r["reason"]) for r in rows(platform, select(cases))}
    assert found == {hostile.case_id: ("quarantined", "processing"), good.case_id: ("accepted", "")}


def test_a_case_whose_file_is_gone_from_the_storage_is_set_aside(terminal: Terminal, platform: Platform) -> None:
    envelope = sealed(terminal)
    sent(terminal, platform, envelope)
    assert platform.blobs.hide(envelope.body_digest(), platform.clock.now().timestamp())
    platform.blobs.remove(envelope.body_digest())
    with pytest.raises(FileNotFoundError):
        platform.blobs.read(envelope.body_digest())
    platform.worker.work_off()
    assert [(r["state"], r["reason"]) for r in rows(platform, select(cases))] == [("quarantined", "blob_lost")]


def test_a_storage_that_fails_for_hours_sets_no_case_aside(
    terminal: Terminal, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(platform.clock, ManualClock)
    first, second = sealed(terminal), sealed(terminal)
    sent(terminal, platform, first)
    sent(terminal, platform, second)
    read = platform.blobs.read

    def fails(digest: str) -> bytes:
        if digest == first.body_digest():
            raise OSError(errno.EIO, "the disk says no")
        return read(digest)

    with monkeypatch.context() as patched:
        patched.setattr(platform.blobs, "read", fails)
        for _ in range(2 * MOST_ATTEMPTS):
            platform.worker.work_off()
            platform.clock.advance(LEASE + 1)
    assert {r["case_id"]: r["state"] for r in rows(platform, select(cases))} == {
        first.case_id: "stored",
        second.case_id: "accepted",
    }
    platform.worker.work_off()
    assert {r["state"] for r in rows(platform, select(cases))} == {"accepted"}


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
