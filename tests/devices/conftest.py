"""A running rig for driver tests: real pseudo-terminals, real bytes."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from devices.simulators.client import RigClient
from kiosk.config import ASSETS
from tests.waiting import until


@pytest.fixture
def rig_folder(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def rig(rig_folder: Path) -> Iterator[RigClient]:
    command = [sys.executable, "-m", "devices.simulators.rig", "--folder", str(rig_folder)]
    command += ["--papers", str(ASSETS / "papers"), "--proxy-port", "0", "--hub-port", "1"]
    process = subprocess.Popen([*command, "--parent", str(os.getpid())])
    try:
        # The file is there a moment before somebody listens on it.
        until(lambda: _listens(rig_folder / "control"), "the rig")
        client = RigClient(rig_folder / "control")
        yield client
        client.close()
    finally:
        process.kill()
        process.wait()


def _listens(control: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(control)) == 0
