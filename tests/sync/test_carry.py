"""Cases carried by hand to the platform, and its word carried back."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import select

from sync.carry import Carried, CarryError, save_receipts, take_receipts, write
from sync.hub.carried import NoCarried, take_in
from sync.hub.schema import cases
from sync.hub.services import Platform
from sync.outbox import Sent
from sync.protocol.wire import Purpose, SignedRequest
from tests.sync.conftest import Terminal
from tests.sync.test_blobs import left_by_a_process_that_died


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    (tmp_path / "disk").mkdir()
    return tmp_path / "disk"


def written(terminal: Terminal, disk: Path) -> Carried:
    return write(terminal.cases, terminal.files, terminal.sign, "T01", disk, terminal.clock)


def wipe_what_is_there(terminal: Terminal, platform: Platform, file: Path) -> int:
    believes = platform.keys.told(platform.clock.now(), b"").believes
    return take_receipts(terminal.cases, believes, file, terminal.clock.now().isoformat())


def test_cases_travel_on_a_disk_and_their_receipts_back(terminal: Terminal, platform: Platform, disk: Path) -> None:
    for _ in range(23):
        terminal.submit()
    carried = written(terminal, disk)
    assert carried.cases == 23
    assert terminal.cases.backlog() == 23
    taken = take_in(carried.file, platform.door, platform.blobs)
    assert (len(taken.acknowledgements), taken.refused) == (23, [])
    assert platform.worker.work_off() == 23
    with platform.engine.connect() as connection:
        assert set(connection.scalars(select(cases.c.state))) == {"accepted"}
    receipts = save_receipts(carried.file, taken.acknowledgements)
    assert wipe_what_is_there(terminal, platform, receipts) == 23
    assert terminal.cases.backlog() == 0
    assert not terminal.files.kept()
    assert sorted(p.suffix for p in disk.iterdir()) == [".carry", ".receipts"]


def test_weeks_later_and_beside_the_network_they_are_there_once(
    terminal: Terminal, platform: Platform, disk: Path
) -> None:
    terminal.submit()
    carried = written(terminal, disk)
    assert terminal.outbox.send_next() == Sent.SENT
    platform.clock.advance(60 * 86400)  # type: ignore[attr-defined]
    for _ in range(2):
        taken = take_in(carried.file, platform.door, platform.blobs)
        assert len(taken.acknowledgements) == 1
    with platform.engine.connect() as connection:
        assert len(connection.execute(select(cases)).all()) == 1
    receipts = save_receipts(carried.file, taken.acknowledgements)
    assert wipe_what_is_there(terminal, platform, receipts) == 0


def test_a_file_that_the_network_brought_all_but_its_end_is_completed(
    terminal: Terminal, platform: Platform, disk: Path
) -> None:
    """All its bytes are at the platform, whose process died before it had their digest."""
    terminal.submit()
    carried = written(terminal, disk)
    (outgoing,) = terminal.cases.waiting()
    for blob in outgoing.envelope.blobs:
        left_by_a_process_that_died(
            platform.blobs, blob.digest, terminal.files.path(outgoing.files[blob.id]).read_bytes()
        )
    taken = take_in(carried.file, platform.door, platform.blobs)
    assert (len(taken.acknowledgements), taken.refused) == (1, [])


def test_a_case_set_aside_is_carried_too(terminal: Terminal, disk: Path) -> None:
    case_id = terminal.submit()
    terminal.cases.hold(case_id, "people must look", "2026-03-02")
    assert written(terminal, disk).cases == 1


def test_a_disk_without_room_or_away_loses_nothing(
    terminal: Terminal, disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(CarryError, match="nothing waits"):
        written(terminal, disk)
    terminal.submit()
    with pytest.raises(CarryError, match="put the disk in"):
        written(terminal, disk / "away")
    monkeypatch.setattr("sync.carry.ROOM", 10**18)
    with pytest.raises(CarryError, match="MB are needed"):
        written(terminal, disk)
    monkeypatch.setattr("sync.carry.ROOM", 0)

    def broken(*_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("sync.carry._fill", broken)
    with pytest.raises(CarryError, match="try another one"):
        written(terminal, disk)
    assert list(disk.iterdir()) == []
    assert terminal.cases.backlog() == 1


def test_a_damaged_file_is_told_and_what_is_whole_is_taken(terminal: Terminal, platform: Platform, disk: Path) -> None:
    terminal.submit()
    terminal.submit()
    carried = written(terminal, disk)
    whole = carried.file.read_bytes()
    (disk / "cut.carry").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(NoCarried):
        take_in(disk / "cut.carry", platform.door, platform.blobs)
    # One sealed file has another byte in the middle: its case waits, the other one is taken.
    broken = disk / "broken.carry"
    with zipfile.ZipFile(carried.file) as source, zipfile.ZipFile(broken, "w") as target:
        documents = [e.filename for e in source.infolist() if e.filename.startswith("blobs/")]
        for name in source.namelist():
            data = source.read(name)
            target.writestr(name, bytes([data[0] ^ 1]) + data[1:] if name == documents[0] else data)
    taken = take_in(broken, platform.door, platform.blobs)
    assert len(taken.acknowledgements) == 1
    assert len(taken.refused) == 2


def test_a_stranger_s_file_is_refused(terminal: Terminal, platform: Platform, disk: Path) -> None:
    terminal.submit()
    carried = written(terminal, disk)
    with zipfile.ZipFile(carried.file) as source, zipfile.ZipFile(disk / "other.carry", "w") as target:
        request = SignedRequest.model_validate_json(source.read("batch-0.json"))
        forged = request.model_copy(update={"purpose": Purpose.RECORDS})
        target.writestr("batch-0.json", forged.model_dump_json())
        for name in source.namelist():
            if name.startswith("blobs/"):
                target.writestr(name, source.read(name))
        target.writestr("blobs/../../evil", b"x")
    taken = take_in(disk / "other.carry", platform.door, platform.blobs)
    assert taken.acknowledgements == []
    assert len(taken.refused) == 1
    # Nothing of it was unpacked: a stranger's disk does not fill the platform's.
    [outgoing] = terminal.cases.waiting()
    assert platform.blobs.sizes([b.digest for b in outgoing.envelope.blobs]) == {}


def test_receipts_that_the_platform_did_not_sign_wipe_nothing(
    terminal: Terminal, platform: Platform, disk: Path
) -> None:
    terminal.submit()
    carried = written(terminal, disk)
    taken = take_in(carried.file, platform.door, platform.blobs)
    receipts = save_receipts(carried.file, taken.acknowledgements)
    forged = json.loads(receipts.read_text())
    forged["acknowledgements"][0]["received"] = "2030-01-01T00:00:00+00:00"
    (disk / "forged").write_text(json.dumps(forged))
    assert wipe_what_is_there(terminal, platform, disk / "forged") == 0
    assert terminal.cases.backlog() == 1
    (disk / "nothing").write_text("nothing")
    for name in ("nothing", "away"):
        with pytest.raises(CarryError):
            wipe_what_is_there(terminal, platform, disk / name)
