"""``kiosk start``: runs the terminal and its agent in the version that is the present one, and tries a new one.

It is the program that the machine was set up with, and stays that: whatever a new version does, this one takes it back.
So it reads no settings but where the state lies, and says nothing to a version but what stands here: ``run`` with
``--trial FD``, ``agent``, and the signals SIGTERM and, for an end between two visits, SIGUSR1.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import tomllib
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import structlog

from kiosk.config import PathSettings
from kiosk.model.clock import Clock
from kiosk.versions import GO, SAFE, WELL, Versions, name_of
from kiosk.watchdog import notify_systemd

log = structlog.get_logger()

TICK = 0.2
TRIAL = 60.0
"""Seconds in which a new version must say that it is well; with its end and the start of the one before, below two
minutes."""
ENDING = 20.0
"""Seconds that a process has to end in."""
AGAIN = (1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds before a process is started again, by how often it has ended by itself in a row."""
STEADY = 60.0
"""One that ran so long has not ended in a row."""
YOUNG, MOST_ENDS = 600.0, 3
"""A new version whose terminal ends by itself so often within so many seconds is not well after all."""


class NotStarted(Exception):
    """The terminal cannot be run from here; the text says what to do."""


def state_of(config: Path | None) -> Path:
    """The state folder of the settings in ``config``. Nothing else is read: a later version may know more settings."""
    given = os.environ.get("BIANMIN_PATHS__STATE", "")
    try:
        table = tomllib.loads(config.read_text()) if config and not given else {}
        return PathSettings(state=Path(given or table.get("paths", {}).get("state") or PathSettings().state)).state
    except (OSError, ValueError, TypeError, AttributeError) as bad:
        raise NotStarted(f"{config}: {str(bad).splitlines()[0]}") from None


@dataclass
class Part:
    """The terminal or the agent: its process, if it runs, and when it is started the next time."""

    name: str
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    at: float = 0.0
    ends: int = 0


@dataclass
class Launcher:
    """Runs until ``stopping`` is set; ``trial`` seconds for a new version."""

    versions: Versions
    config: Path | None
    clock: Clock
    trial: float = TRIAL
    stopping: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._terminal, self._agent = Part("run"), Part("agent")
        self._asked, self._prune = "", False
        # A version that was taken over lately: since when, and how often its terminal has ended by itself.
        self._young, self._ends = -YOUNG, 0

    def run(self) -> None:
        """Serve until told to stop; then end both. Raises NotStarted."""
        if sys.prefix == sys.base_prefix:
            raise NotStarted("this program must lie in a virtual environment of its own")
        self._take_back("the machine, or what runs it, ended while it was tried")
        self.versions.set_up(Path(sys.prefix), version("bianmin")[:32])
        try:
            while not self.stopping.is_set():
                self._turn()
                self.stopping.wait(TICK)
        finally:
            self._end(self._terminal)
            self._end(self._agent)

    def _turn(self) -> None:
        now = self.clock.monotonic()
        for part in (self._terminal, self._agent):
            if part.process is not None and part.process.poll() is not None:
                self._gone(part, now)
        wanted = self.versions.wanted
        if wanted and self._terminal.process is None:
            self._try(wanted)
            return
        if wanted and wanted != self._asked and self._terminal.process is not None:
            self._terminal.process.send_signal(signal.SIGUSR1)
            self._asked = wanted
        for part in (self._terminal, self._agent):
            if part.process is None and now >= part.at:
                self._start(part)
        if self._prune:  # once both run
            with self.versions.alone("build") as alone:
                if alone:
                    self.versions.prune()
                    self._prune = False

    def _gone(self, part: Part, now: float) -> None:
        assert part.process is not None
        code, part.process = part.process.returncode, None
        if part is self._terminal and self._asked:
            self._asked = ""
            return
        log.error("process_ended", name=part.name, code=code)
        part.ends = 0 if now - part.started > STEADY else part.ends + 1
        part.at = now + AGAIN[min(part.ends, len(AGAIN) - 1)]
        if part is self._terminal and now - self._young < YOUNG:
            self._ends += 1
            if self._ends == MOST_ENDS:
                self._go_back()

    def _go_back(self) -> None:
        """A young version does not stay up. What it has taken in stays, so the one before is tried on that."""
        current, previous = self.versions.current, self.versions.previous
        log.error("version_not_well", version=name_of(current), back_to=name_of(previous))
        self.versions.fail(name_of(current), f"the terminal ended {MOST_ENDS} times by itself soon after its start")
        if previous:
            self.versions.want(previous)

    def _command(self, folder: str, name: str, *more: str) -> list[str]:
        config = ["--config", str(self.config)] if self.config else []
        python = str(self.versions.python(folder))
        return [python, "-m", "kiosk.cli", name, *config, "--parent", str(os.getpid()), *more]

    def _start(self, part: Part) -> None:
        part.started = self.clock.monotonic()
        command = self._command(self.versions.current, part.name)
        try:
            part.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, env=os.environ | SAFE)
        except OSError as bad:
            log.error("process_not_started", name=part.name, error=bad.strerror)
            part.at = part.started + AGAIN[-1]

    # trials

    def _try(self, folder: str) -> None:
        """Start ``folder`` in the place of the present version; take it back where it does not come up."""
        self._end(self._agent)  # nothing may leave the terminal that a step back would undo
        self._asked = ""
        self._terminal.at = self._agent.at = 0.0
        log.info("version_tried", version=name_of(folder))
        try:
            self.versions.begin_trial(folder)
        except OSError as bad:
            self._take_back(f"it could not be put in place: {bad.strerror}")
            self.versions.give_up()
            return
        ours, theirs = socket.socketpair()
        with ours, theirs:
            command = self._command(folder, "run", "--trial", str(theirs.fileno()))
            self._terminal.started = self.clock.monotonic()
            try:
                self._terminal.process = subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, env=os.environ | SAFE, pass_fds=[theirs.fileno()]
                )
            except OSError as bad:
                self._take_back(f"it cannot be started: {bad.strerror}")
                return
            theirs.close()
            why = self._unwell(ours)
            if why:
                self._end(self._terminal, 0)  # it holds nothing of anybody
                self._take_back(why)
                return
            self.versions.end_trial()
            ours.sendall(GO)
        self._young, self._ends = self.clock.monotonic(), 0
        log.info("version_taken_over", version=name_of(folder))
        self._prune = True

    def _unwell(self, ours: socket.socket) -> str:
        """Wait for the new version; why it is not well, or nothing."""
        until = self.clock.monotonic() + self.trial
        ours.settimeout(TICK)
        while not self.stopping.is_set():
            notify_systemd("WATCHDOG=1")  # it hangs, perhaps, and this one sees to that
            try:
                said = ours.recv(len(WELL))
            except TimeoutError:
                if self.clock.monotonic() > until:
                    return f"it did not come up within {self.trial:.0f} seconds"
                continue
            except OSError:
                said = b""
            return "" if said == WELL else "it ended before it had come up"
        return "the machine, or what runs it, ended while it was tried"

    def _take_back(self, why: str) -> None:
        failed = self.versions.take_back(why)
        if failed:
            log.error("version_taken_back", version=failed, why=why, runs=name_of(self.versions.current))
            self._prune = True

    def _end(self, part: Part, seconds: float = ENDING) -> None:
        process, part.process = part.process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
