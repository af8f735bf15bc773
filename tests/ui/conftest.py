"""A terminal on disk with its platform, as the tests of sync have it, and a worker's session on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from kiosk.config import PathSettings, Settings, TerminalSettings
from kiosk.model.device import Availability, DeviceState
from sync.hub.services import Storage
from tests.sync.conftest import Terminal, platform, terminal, url
from ui.draft_keeper import DraftKeeper
from ui.hardware import Hardware
from ui.links import DeviceLinks
from ui.session import Session
from ui.terminal import open_terminal

__all__ = ["platform", "terminal", "url"]


@pytest.fixture
def storage() -> Storage:
    return Storage()


@pytest.fixture
def session(tmp_path: Path, terminal: Terminal, qtbot: QtBot) -> Iterator[Session]:
    """Of a worker that serves citizens; every device is well, and nobody is here yet."""
    paths = PathSettings(state=tmp_path / "terminal", runtime=tmp_path)
    opened = open_terminal(Settings(paths=paths, terminal=TerminalSettings(code="T01")))
    hardware = Hardware(opened.faults)
    made = Session(opened, DeviceLinks(), hardware)
    well = {"availability": Availability.ONLINE}
    for name in hardware.states:
        hardware.update(DeviceState(device=name, **well))  # type: ignore[arg-type]
    made.activate(DraftKeeper(tmp_path / "draft", bytes(32)), resume=False)
    yield made
    made._ticker.stop()
