"""A version from a checkout to its own environment beside the one that runs; and what it says of this terminal."""

from __future__ import annotations

import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kiosk.cli import app
from kiosk.health import Unwell, examine
from kiosk.installing import NotNow, NotWell, install
from kiosk.installing import examine as examined
from kiosk.model.room import MB, Disk
from kiosk.store.migrations import VERSION
from tests.sync.conftest import Terminal
from tests.sync.updates.hall import Hall
from tests.wheels import make_wheel

PROJECT = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "bianmin"
version = "0.2.0"
dependencies = ["shared"]
[tool.hatch.build.targets.wheel]
packages = ["kiosk"]
"""
PROGRAM = """\
import sys
from pathlib import Path
import shared
assert sys.argv[1:3] == ["update", "check"]
sys.exit(Path(sys.argv[4]).read_text() or None)
"""


def run(*words: str | Path) -> str:
    done = CliRunner().invoke(app, [str(word) for word in words])
    assert done.exit_code == 0, done.output
    return done.output


def test_from_a_checkout_to_an_environment_of_its_own(hall: Hall, tmp_path: Path) -> None:
    checkout, given = tmp_path / "checkout", tmp_path / "given"
    (checkout / "kiosk").mkdir(parents=True)
    (checkout / "pyproject.toml").write_text(PROJECT)
    (checkout / "kiosk" / "__init__.py").touch()
    (checkout / "kiosk" / "cli.py").write_text(PROGRAM)
    name = make_wheel(given, "1.0", {"shared.py": ""}, name="shared")
    make_wheel(given, "2.0", {"shared.py": ""}, name="shared")
    lock = tmp_path / "lock.txt"
    lock.write_text(f"shared==1.0 --hash=sha256:{sha256((given / name).read_bytes()).hexdigest()}\n")
    out = run("update", "pack", hall.world.sources, "--wheels", given, "--lock", lock, "--project", checkout)
    assert "0.2.0.yaml: 2 wheels" in out
    hall.publish()
    hall.fetch_all()
    offer = hall.updates.offers(hall.world.clock.now())[0]
    config = tmp_path / "says"
    config.touch()
    folder = install(hall.updates, offer, config, low_mb=0)
    assert [i.folder for i in hall.versions.installed()] == [folder] == ["0.2.0-0"]
    config.write_text("terminal.db has schema 9, this program knows 8")
    with pytest.raises(NotWell, match="has schema 9, this program knows 8"):
        examined(hall.versions, folder, config)


@pytest.fixture
def ready(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> Hall:
    """A version that has been fetched; nothing is run."""
    hall.publish("0.2.0")
    hall.fetch_all()
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("nothing is to be run"))
    return hall


def test_what_is_not_what_was_signed_is_not_installed(ready: Hall) -> None:
    offer = ready.updates.offers(ready.world.clock.now())[0]
    wheel = ready.updates.wheels / "shared-1.0-py3-none-any.whl"
    wheel.write_bytes(wheel.read_bytes() + b"more")
    with pytest.raises(NotNow, match="damaged on the disk"):
        install(ready.updates, offer, None, 0)
    assert ready.versions.installed() == []


def test_nothing_is_built_where_the_disk_would_be_too_full(ready: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Disk, "of", lambda _folder: Disk(free=50 * MB))
    offer = ready.updates.offers(ready.world.clock.now())[0]
    with pytest.raises(NotNow, match=r"too little room: 1[0-9] MB more"):
        install(ready.updates, offer, None, 20)


@pytest.mark.parametrize(
    ("said", "raised", "why"),
    [
        ("ERROR: hashes do not match", NotWell, "hashes do not match"),
        ("OSError: [Errno 28] No space left on device", NotNow, "No space left"),
        ("", NotWell, "ended with 1"),
    ],
)
def test_what_failed_leaves_nothing_behind(
    ready: Hall, monkeypatch: pytest.MonkeyPatch, said: str, raised: type[Exception], why: str
) -> None:
    def failing(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        Path(command[3]).mkdir() if command[1:3] == ["-m", "venv"] else None
        return subprocess.CompletedProcess(command, int("pip" in command), "", f"line\n{said}\n" if said else "")

    monkeypatch.setattr(subprocess, "run", failing)
    offer = ready.updates.offers(ready.world.clock.now())[0]
    with pytest.raises(raised, match=why):
        install(ready.updates, offer, None, 0)
    assert list((ready.versions.folder / "versions").iterdir()) == []


# what a version says of this terminal


sqlite = pytest.mark.parametrize("storage", ["sqlite and folder"], indirect=True)


def settings(folder: Path) -> Path:
    config = folder / "terminal.toml"
    config.write_text(f'[paths]\nstate = "{folder / "terminal"}"\nruntime = "{folder / "run"}"\n')
    return config


def checked(config: Path) -> subprocess.CompletedProcess[str]:
    """``kiosk update check`` in a process of its own: it loads Qt, and changes what Qt reads of its environment."""
    command = [sys.executable, "-m", "kiosk.cli", "update", "check", "--config", str(config)]
    return subprocess.run(command, capture_output=True, text=True, timeout=100, check=False, env={**os.environ})


@sqlite
def test_a_version_examines_itself_and_changes_nothing(terminal: Terminal, tmp_path: Path) -> None:
    terminal.submit()
    before = {p: p.stat().st_mtime_ns for p in (tmp_path / "terminal").rglob("*") if p.name != "terminal.db-shm"}
    done = checked(settings(tmp_path))
    assert (done.returncode, done.stdout.endswith("is well here\n")) == (0, True), done.stderr
    after = {p: p.stat().st_mtime_ns for p in (tmp_path / "terminal").rglob("*") if p.name != "terminal.db-shm"}
    assert after == before


@sqlite
def test_a_version_that_does_not_know_the_database_says_so(terminal: Terminal, tmp_path: Path) -> None:
    config = settings(tmp_path)
    terminal.store.db.execute(f"PRAGMA user_version = {VERSION + 1}")
    done = checked(config)
    assert done.returncode == 1
    assert f"schema {VERSION + 1}, this program knows {VERSION}" in done.stderr
    config.write_text(config.read_text() + "[of_another_version]\n")
    with pytest.raises(Unwell, match="of_another_version: no such key"):
        examine(config)


# what a technician types


@sqlite
def test_a_technician_sees_what_there_is_and_what_went_wrong(terminal: Terminal, tmp_path: Path) -> None:
    config = settings(tmp_path)
    assert run("update", "list", "--config", config).splitlines() == ["0.1.0: runs (kiosk start is not running)"]
    refused = CliRunner().invoke(app, ["update", "apply", "--config", str(config)])
    assert (refused.exit_code, "a newer version is not ready" in refused.output) == (1, True)
    refused = CliRunner().invoke(app, ["update", "go-back", "--config", str(config)])
    assert (refused.exit_code, "there is no version to go back to" in refused.output) == (1, True)
