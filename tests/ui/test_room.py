"""A visit that has begun finds its room; where there is none, nothing is begun; and what fails keeps the draft."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from kiosk.model.device import Availability, Capability, DeviceState
from kiosk.store.database import CALL
from kiosk.store.pages import SealedFiles
from kiosk.store.room import CASE_RESERVE
from kiosk.visit.stage import Stage, WayOut
from kiosk.visit.visit import Snapshot
from tests.sync.conftest import Terminal
from tests.waiting import until
from ui.draft_keeper import DraftKeeper
from ui.hardware import Hardware
from ui.links import DeviceLinks
from ui.session import Session
from ui.terminal import open_terminal

SERVICE = "social-security-card"


def fill_in(session: Session, terminal: Terminal) -> None:
    version = session.terminal.catalogue.services[SERVICE].version
    review = Snapshot(stage=Stage.REVIEW, service=SERVICE, form_version=version, draft=terminal.draft())
    assert session.visit.restore(review)


def held(folder: Path) -> int:
    return (folder / "terminal" / CASE_RESERVE).stat().st_blocks * 512


def refuse(*_: object) -> None:
    raise OSError(errno.ENOSPC, "no room")


def test_the_room_is_given_to_the_case_and_taken_again(
    session: Session,
    terminal: Terminal,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert held(tmp_path) >= 32_000_000
    fill_in(session, terminal)
    seen = []
    write = SealedFiles.write
    monkeypatch.setattr(SealedFiles, "write", lambda *a: seen.append(held(tmp_path)) or write(*a))
    assert session.submit() == ""
    assert seen == [0]
    assert held(tmp_path) >= 32_000_000
    assert session.visit.stage == Stage.RECEIPT


def test_a_full_disk_at_the_end_is_said_and_keeps_the_draft(
    session: Session,
    terminal: Terminal,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fill_in(session, terminal)
    before = session.visit.draft
    with monkeypatch.context() as full:
        full.setattr("kiosk.store.pages.os.fsync", refuse)
        assert session.submit() == "no_room"
    assert session.visit.stage == Stage.REVIEW
    assert session.visit.draft == before
    assert sealed(tmp_path) == []  # half a case does not fill the disk further
    assert session.submit() == ""


def test_what_found_no_room_while_the_review_was_read_finds_the_room_set_aside(
    session: Session, terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_in(session, terminal)
    with monkeypatch.context() as full:
        full.setattr("kiosk.store.pages.os.fsync", refuse)
        session._arrived()
        assert session.terminal.opened is not None
        draft, package = session.visit.draft, session.visit.package
        assert draft is not None
        assert package is not None
        assert session.terminal.opened.intake.prepare(draft, package).exception() is not None
    assert sealed(tmp_path) == []
    assert session.submit() == ""
    assert len(sealed(tmp_path)) == 2


@pytest.mark.parametrize("crashed", [False, True])
def test_nothing_is_left_of_papers_that_nobody_hands_in(
    session: Session, terminal: Terminal, tmp_path: Path, crashed: bool
) -> None:
    """Neither where the citizen goes, nor where the worker dies and the next one begins."""
    fill_in(session, terminal)
    session._arrived()
    opened, draft, package = session.terminal.opened, session.visit.draft, session.visit.package
    assert opened is not None
    assert draft is not None
    assert package is not None
    opened.intake.prepare(draft, package).result(20)
    assert sealed(tmp_path)
    if crashed:
        another = Session(open_terminal(session.terminal.settings), DeviceLinks(), Hardware(session.terminal.faults))
        another.activate(DraftKeeper(tmp_path / "draft", bytes(32)), resume=False)
        another._ticker.stop()
    else:
        session.end(WayOut.LEFT)
    until(lambda: not sealed(tmp_path), "the removal")


def sealed(folder: Path) -> list[Path]:
    return [p for p in (folder / "terminal" / "sealed").rglob("*") if p.is_file()]


def test_without_room_nothing_is_begun_until_there_is(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    package = session.terminal.catalogue.services[SERVICE]
    assert session.admits(package)
    assert session.terminal.opened is not None
    session.terminal.opened.room.release()
    with monkeypatch.context() as full:
        full.setattr("os.posix_fallocate", refuse)
        assert not session.admits(package)
        fault = session.hardware.out_of_service
        assert fault is not None
        assert fault.code == "disk_full"
    session._tick()
    assert session.hardware.out_of_service is None
    assert session.admits(package)


def test_marks_of_the_disk_stop_what_they_must(session: Session) -> None:
    hardware, scan, typed = session.hardware, [Capability.IDENTIFY, Capability.SCAN], [Capability.IDENTIFY]
    found = {}
    for code in ("disk_low", "disk_scarce", "disk_full", "disk_read_only"):
        hardware.update(DeviceState(device="host", availability=Availability.ONLINE, faults=frozenset({code})))
        found[code] = (hardware.refused(scan), hardware.refused(typed))
        assert hardware.can(Capability.SCAN), "who has begun goes on"
    assert found == {
        "disk_low": ("", ""),
        "disk_scarce": ("full_scan", ""),
        "disk_full": ("out", "out"),
        "disk_read_only": ("out", "out"),
    }


def test_a_disk_that_takes_nothing_more_stops_no_call_for_help(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert session.terminal.opened is not None
    monkeypatch.setattr(session.terminal.opened.store, "put", refuse)
    session.set_assisted(True)
    assert session.calling.heard == "calling"
    session.hardware.update(DeviceState(device="host", faults=frozenset({"disk_read_only"})))


@pytest.mark.parametrize("resume", [True, False])
def test_a_call_for_help_outlives_a_crash_and_not_its_visit(session: Session, tmp_path: Path, resume: bool) -> None:
    assert session.terminal.opened is not None
    store = session.terminal.opened.store
    session.set_assisted(True)
    since = store.get(CALL)
    assert since
    following = Session(session.terminal, DeviceLinks(), session.hardware)
    following.activate(DraftKeeper(tmp_path / "draft", bytes(32)), resume=resume)
    following._ticker.stop()
    assert store.get(CALL) == (since if resume else "")
    following.set_assisted(False)
    assert store.get(CALL) == ""
