"""How a terminal ends between two visits, and how a version on trial begins."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.config import PathSettings, Settings
from kiosk.model.clock import ManualClock
from kiosk.supervisor import Supervisor
from kiosk.versions import GO, WELL


@pytest.fixture
def supervisor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Supervisor]:
    """One that starts no process: time stands before the first."""
    monkeypatch.setattr(Supervisor, "_watch_workers", lambda *_: None)
    monkeypatch.setattr("kiosk.supervisor.TICK", 0)
    before = signal.getsignal(signal.SIGUSR1)
    made = Supervisor(Settings(paths=PathSettings(state=tmp_path, runtime=tmp_path / "run")), None, ManualClock())
    signal.signal(signal.SIGUSR1, made._leave)
    yield made
    signal.signal(signal.SIGUSR1, before)


def test_who_is_asked_to_end_serves_the_visit_and_its_receipt_first(supervisor: Supervisor) -> None:
    supervisor._in_visit = True
    os.kill(os.getpid(), signal.SIGUSR1)
    supervisor._turn()
    assert not supervisor._stopping
    supervisor._in_visit = False
    supervisor._devices["printer"].retire_by = 25.0
    supervisor._turn()
    assert not supervisor._stopping
    supervisor._devices["printer"].retire_by = None
    supervisor._turn()
    assert supervisor._stopping


def test_who_is_not_asked_goes_on(supervisor: Supervisor) -> None:
    supervisor._turn()
    assert not supervisor._stopping


@pytest.mark.parametrize("answer", [GO, b""])
def test_a_version_on_trial_serves_nobody_before_the_word(tmp_path: Path, answer: bytes) -> None:
    ours, theirs = socket.socketpair()
    settings = Settings(paths=PathSettings(state=tmp_path, runtime=tmp_path / "run"))
    tried = Supervisor(settings, None, ManualClock(), trial=os.dup(theirs.fileno()))
    theirs.close()
    taken: list[bool] = []
    thread = threading.Thread(target=lambda: taken.append(tried._taken_over()))
    thread.start()
    with ours:
        assert ours.recv(10) == WELL
        assert taken == []
        ours.sendall(answer)
    thread.join(10)
    assert taken == [answer == GO]
    assert tried._stopping == (answer != GO)


def test_a_version_on_trial_that_cannot_use_the_store_ends(tmp_path: Path) -> None:
    ours, theirs = socket.socketpair()
    settings = Settings(paths=PathSettings(state=tmp_path, runtime=tmp_path / "run"))
    with ours:
        tried = Supervisor(settings, None, ManualClock(), trial=theirs.detach())
        tried._end_orphans()
        assert tried._stopping
        other = Supervisor(settings, None, ManualClock())
        other._end_orphans()
        assert not other._stopping, "its screen says what is wrong"
        assert tried._trial is not None
        tried._trial.close()
