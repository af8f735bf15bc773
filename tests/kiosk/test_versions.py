"""Versions of the program: what is started, what is taken back, and what a process leaves that is killed on the way."""

from __future__ import annotations

import os
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from kiosk import launcher
from kiosk.launcher import Launcher, NotStarted, state_of
from kiosk.model.clock import SystemClock
from kiosk.versions import Trial, Versions, name_of
from tests.waiting import until

BASE = f"{version('bianmin')}-base"
FAKE = """#!{python} -IS
import os, signal, socket, sys, time
how, notes, here = {how!r}, {notes!r}, sys.argv[0].split("/")[-3]
part = sys.argv[3]
def note(what):
    with open(notes, "a") as out:
        out.write(here + " " + part + " " + what + chr(10))
def leave(*_):
    while os.path.exists(notes + ".visit"):
        time.sleep(0.01)
    note("left")
    os._exit(0)
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
signal.signal(signal.SIGUSR1, leave)
if "--trial" in sys.argv:
    with open(notes + ".db", "w") as store:
        store.write("changed by " + here)
    if how == "dies":
        sys.exit(3)
    if how == "hangs":
        time.sleep(60)
    trial = socket.socket(fileno=int(sys.argv[-1]))
    trial.sendall(b"well")
    if trial.recv(2) != b"go":
        sys.exit(4)
note("serves")
if how == "weak" and part == "run":
    sys.exit(5)
while True:
    signal.pause()
"""


class Machine:
    """A state folder, versions that do as they are told, and a launcher over them."""

    def __init__(self, folder: Path) -> None:
        self.state = folder / "state"
        self.state.mkdir()
        self.notes = folder / "notes"
        self.store = self.state / "terminal.db"
        self.store.write_text("as it was")
        # What a version on trial writes to is the terminal's database.
        (folder / "notes.db").symlink_to(self.store)
        self.versions = Versions(self.state)
        self.environment = folder / "environment"
        self.make(self.environment, "well")
        self.launcher = Launcher(self.versions, None, SystemClock(), trial=10.0)

    def make(self, place: Path, how: str) -> None:
        (place / "bin").mkdir(parents=True)
        python = place / "bin" / "python"
        python.write_text(FAKE.format(python=sys.executable, how=how, notes=str(self.notes)))
        python.chmod(0o755)

    def install(self, number: str, how: str = "well") -> str:
        place = self.versions.new_folder(number)
        self.make(place, how)
        self.versions.keep(place)
        return place.name

    def noted(self) -> list[str]:
        return self.notes.read_text().splitlines() if self.notes.exists() else []

    def serves(self, folder: str, times: int = 1) -> None:
        lines = [f"{folder} {part} serves" for part in ("run", "agent")]
        until(lambda: all(self.noted().count(line) >= times for line in lines), f"{folder} serves", 20, self.noted)

    @contextmanager
    def running(self) -> Iterator[None]:
        thread = threading.Thread(target=self.launcher.run)
        thread.start()
        try:
            yield
        finally:
            self.launcher.stopping.set()
            thread.join(20)


@pytest.fixture(autouse=True)
def _no_power_cuts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes die here, not disks: what was written is there."""
    for name in ("sync", "fsync"):
        monkeypatch.setattr(os, name, lambda *_: None)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine(tmp_path)
    monkeypatch.setattr(sys, "prefix", str(made.environment))
    monkeypatch.setattr(launcher, "TICK", 0.02)
    monkeypatch.setattr(launcher, "AGAIN", (0.0,))
    return made


# the launcher


def test_a_new_version_is_taken_over_and_the_one_before_is_kept(machine: Machine) -> None:
    with machine.running():
        machine.serves(BASE)
        new = machine.install("0.2.0")
        machine.versions.want(new)
        machine.serves(new)
    assert (machine.versions.current, machine.versions.previous) == (new, BASE)
    assert machine.versions.trial is None
    assert machine.noted()[2] == f"{BASE} run left"
    # It is the terminal's from now on.
    machine.launcher.stopping.clear()
    with machine.running():
        machine.serves(new, times=2)


def test_what_nobody_can_go_back_to_is_removed(machine: Machine) -> None:
    with machine.running():
        machine.serves(BASE)
        for number in ("0.2.0", "0.3.0", "0.4.0"):
            machine.versions.want(folder := machine.install(number))
            machine.serves(folder)
        kept = [BASE, "0.3.0-0", "0.4.0-0"]
        until(lambda: [i.folder for i in machine.versions.installed()] == kept, "the oldest removed")


def test_a_visit_is_not_cut_short(machine: Machine) -> None:
    visit = machine.notes.with_name("notes.visit")
    visit.touch()
    with machine.running():
        machine.serves(BASE)
        new = machine.install("0.2.0")
        machine.versions.want(new)
        until(lambda: machine.launcher._asked == new, "the terminal is asked to end")
        assert machine.versions.current == BASE
        visit.unlink()
        machine.serves(new)


@pytest.mark.parametrize(
    ("how", "why"), [("dies", "it ended before it had come up"), ("hangs", "it did not come up within 0 seconds")]
)
def test_a_version_that_does_not_come_up_is_taken_back(machine: Machine, how: str, why: str) -> None:
    machine.launcher.trial = 0.3 if how == "hangs" else 10.0
    with machine.running():
        machine.serves(BASE)
        bad = machine.install("0.2.0", how)
        machine.versions.want(bad)
        machine.serves(BASE, times=2)
        until(lambda: [i.folder for i in machine.versions.installed()] == [BASE], "the bad one removed")
    assert (machine.versions.current, machine.versions.previous) == (BASE, "")
    assert machine.versions.failures == {"0.2.0": why}
    assert machine.store.read_text() == "as it was"
    assert f"{bad} agent serves" not in machine.noted(), "nothing may be sent while a version is tried"


def test_a_version_that_does_not_stay_up_is_left_again(machine: Machine) -> None:
    with machine.running():
        machine.serves(BASE)
        weak = machine.install("0.2.0", "weak")
        machine.versions.want(weak)
        machine.serves(BASE, times=2)
    assert machine.versions.current == BASE
    assert machine.versions.failures == {"0.2.0": "the terminal ended 3 times by itself soon after its start"}
    assert machine.store.read_text() == f"changed by {BASE}", "what came in meanwhile stays"


def test_a_part_that_ends_by_itself_is_started_again(machine: Machine) -> None:
    with machine.running():
        machine.serves(BASE)
        process = machine.launcher._agent.process
        assert process is not None
        process.kill()
        until(lambda: machine.noted().count(f"{BASE} agent serves") == 2, "the agent again")
    assert machine.noted().count(f"{BASE} run serves") == 1


def test_a_machine_that_was_set_up_anew_runs_what_it_was_set_up_with(machine: Machine, tmp_path: Path) -> None:
    machine.versions.set_up(machine.environment, "0.1.0")
    machine.versions.begin_trial(machine.install("0.2.0"))
    machine.versions.end_trial()
    machine.versions.set_up(machine.environment, "0.1.0")
    assert machine.versions.current == "0.2.0-0"
    machine.make(tmp_path / "other", "well")
    machine.versions.set_up(tmp_path / "other", "0.5.0")
    assert machine.versions.current == "0.5.0-base"


def test_the_launcher_reads_nothing_of_the_settings_but_where_the_state_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "terminal.toml"
    config.write_text('[paths]\nstate = "/srv/state"\n[of_a_later_version]\nx = 1\n')
    assert state_of(config) == Path("/srv/state")
    assert state_of(None) == Path("/var/lib/bianmin")
    config.write_text("[paths")
    with pytest.raises(NotStarted, match=r"terminal\.toml"):
        state_of(config)
    monkeypatch.setenv("BIANMIN_PATHS__STATE", "/srv/other")
    assert state_of(config) == Path("/srv/other")


# processes that are killed on the way

CHANGES = {"open", "os.rename", "os.remove", "os.symlink", "os.mkdir", "os.rmdir"}


def killed(work: Callable[[], None], step: int, under: Path) -> bool:
    """Run ``work`` in a process that is gone before its change number ``step`` to files below ``under``; False where it
    has fewer."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of threads, which the child does not use
        child = os.fork()
    if child == 0:
        seen = 0

        def watch(event: str, arguments: tuple[Any, ...]) -> None:
            nonlocal seen
            writes = event != "open" or (len(arguments) > 2 and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
            if event in CHANGES and writes and any(str(a).startswith(str(under)) for a in arguments[:2]):
                seen += 1
                if seen == step:
                    os._exit(9)

        sys.addaudithook(watch)
        try:
            work()
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


def contents(state: Path) -> dict[str, str]:
    """Of the database; a file without anything in it is as good as none."""
    names = ("terminal.db", "terminal.db-wal")
    return {n: text for n in names if (state / n).exists() and (text := (state / n).read_text())}


BEFORE = {"terminal.db": "as it was", "terminal.db-wal": "and this"}
AFTER = {"terminal.db": "migrated"}


def fresh(folder: Path) -> Versions:
    """A terminal that runs one version and wants the next."""
    state = folder / "state"
    state.mkdir(parents=True)
    for name, text in BEFORE.items():
        (state / name).write_text(text)
    versions = Versions(state)
    versions.set_up(folder, "0.1.0")
    for number in ("0.2.0", "0.3.0"):
        place = versions.new_folder(number)
        (place / "bin").mkdir(parents=True)
        versions.keep(place)
    versions.begin_trial("0.2.0-0")
    versions.end_trial()
    versions.want("0.3.0-0")
    return versions


def trial_of(versions: Versions) -> None:
    """What a version on trial does to the database: a migration, whose journal is written back."""
    (versions.state / "terminal.db").write_text(AFTER["terminal.db"])
    (versions.state / "terminal.db-wal").write_text("")
    (versions.state / "terminal.db-shm").write_text("of no use to another")


def check_whole(versions: Versions) -> None:
    """It starts, with the database that belongs to the version, and knows what is to be done."""
    assert versions.trial is None
    if versions.current == "0.3.0-0":
        assert contents(versions.state) == AFTER
        assert versions.previous == "0.2.0-0"
    else:
        assert versions.current == "0.2.0-0"
        assert contents(versions.state) == BEFORE
        assert versions.wanted == "0.3.0-0" or "0.3.0" in versions.failures


def test_a_switch_that_is_killed_anywhere_leaves_a_terminal_that_starts(tmp_path: Path) -> None:
    ends, step = set(), 1

    def switch(versions: Versions) -> None:
        versions.begin_trial("0.3.0-0")
        trial_of(versions)
        versions.end_trial()

    while True:
        versions = fresh(tmp_path / str(step))
        if not killed(lambda v=versions: switch(v), step, versions.state):  # type: ignore[misc]
            break
        versions.take_back("the power went")
        check_whole(versions)
        ends.add((versions.current, versions.wanted, *versions.failures))
        step += 1
    assert versions.current == "0.3.0-0"
    assert step > 20
    # It was not begun, it was taken back, it was done.
    assert ends == {("0.2.0-0", "0.3.0-0"), ("0.2.0-0", "", "0.3.0"), ("0.3.0-0", "")}


def test_a_way_back_that_is_killed_anywhere_is_gone_to_its_end(tmp_path: Path) -> None:
    step = 1
    while True:
        versions = fresh(tmp_path / str(step))
        versions.begin_trial("0.3.0-0")
        trial_of(versions)
        if not killed(lambda v=versions: v.take_back("it ended"), step, versions.state):  # type: ignore[misc]
            break
        versions.take_back("the power went")
        check_whole(versions)
        assert versions.current == "0.2.0-0"
        step += 1
    assert step > 8
    assert versions.failures == {"0.3.0": "it ended"}


def test_a_version_that_was_not_started_yet_is_no_failure(tmp_path: Path) -> None:
    versions = fresh(tmp_path)
    versions._write(versions.folder / "trial", Trial(folder="0.3.0-0", before="0.2.0-0").model_dump_json())
    assert versions.take_back("the power went") == ""
    assert (versions.trial, versions.wanted, versions.failures) == (None, "0.3.0-0", {})


def test_what_was_built_by_half_is_no_version(tmp_path: Path) -> None:
    versions = Versions(tmp_path)
    place = versions.new_folder("0.2.0")
    (place / "bin").mkdir(parents=True)
    (place / "bin" / "python").touch()
    assert killed(lambda: versions.keep(place), 1, tmp_path)
    assert versions.installed() == []
    versions.want(place.name)
    assert versions.wanted == ""
    assert versions.new_folder("0.2.0") == place
    assert not place.exists()


def test_a_full_disk_keeps_nobody_from_going_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    versions = fresh(tmp_path)
    versions.begin_trial("0.3.0-0")
    trial_of(versions)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Versions, "_write", full)
    assert versions.take_back("it ended") == "0.3.0"
    assert versions.current == "0.2.0-0"
    assert contents(versions.state) == BEFORE


def test_two_do_not_build_at_once(tmp_path: Path) -> None:
    one, other = Versions(tmp_path), Versions(tmp_path)
    with one.alone("build") as first, other.alone("build") as second:
        assert (first, second) == (True, False)
    assert not one.watched
    with one.alone("start"):
        assert other.watched


def test_a_version_is_named_by_its_folder() -> None:
    assert [name_of(folder) for folder in ("0.2.0-0", "1.0.0rc1-3", BASE, "")] == ["0.2.0", "1.0.0rc1", BASE[:-5], ""]
