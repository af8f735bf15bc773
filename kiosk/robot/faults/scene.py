"""An installation in which faults are raised, and the states of a visit in which they are."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import psutil

from devices.simulators.client import RigClient, RigError
from kiosk.catalogue.loader import parse_package
from kiosk.config import ASSETS
from kiosk.model.clock import hall_date
from kiosk.robot.check import PlatformCheck
from kiosk.robot.citizen import Citizen
from kiosk.robot.plans import plans
from kiosk.robot.screen import RemoteScreen, ScreenError
from kiosk.stack import Stack, StackOptions

WAIT = 100.0
"""Seconds: the slowest fault comes after 31 (a receipt left in the slot) and goes after 60 (a process given up), when
the process has started."""


class State(StrEnum):
    """Where the citizen is. Services are chosen so that the state is reached soon."""

    IDLE = "idle"
    READING = "reading"
    FILLING = "filling"
    SCANNING = "scanning"
    PRINTING = "printing"


_SCREENS = {
    State.IDLE: ("Home", ""),
    State.READING: ("Identify", "out-of-area-treatment"),
    State.FILLING: ("Question", "residence-permit"),
    State.SCANNING: ("Scan", "social-security-card"),
    State.PRINTING: ("Receipt", "out-of-area-treatment"),
}


class Scene:
    """One installation, its screen and its hardware."""

    def __init__(self, folder: Path, runtime: Path, options: dict[str, Any]) -> None:
        self.stack = Stack(StackOptions(folder, runtime, quiet=600, **options), lambda _part: None)
        self.stack.start()
        self.screen = RemoteScreen(runtime / "terminal" / "remote")
        self.rig: RigClient = self.stack.rig()
        self.check = PlatformCheck(self.stack.hub_folder)
        self.receipt = ""
        self._citizen: Citizen | None = None

    def close(self) -> None:
        self.screen.close()
        self.rig.close()
        self.stack.stop()

    # the visit

    def reach(self, state: State) -> None:
        """Stand in ``state``: stay there if that is where the visit is, or begin anew."""
        screen, service = _SCREENS[state]
        here = self.screen.where()
        if here["screen"] == screen and here["dialog"] == "" and (state == State.IDLE or self._is_at(service)):
            return
        self.begin_anew()
        self.arrive(state)

    def arrive(self, state: State) -> None:
        """From the welcome screen to ``state``."""
        screen, service = _SCREENS[state]
        if state == State.IDLE:
            return
        package = parse_package((ASSETS / "catalogue" / f"{service}.yaml").read_bytes())
        plan = plans(datetime.fromisoformat(hall_date(datetime.now(UTC))).date())[service]
        self._citizen = Citizen(self.screen, self.rig, package, plan, lambda _name: None)
        self._citizen.go(until=screen)
        if state == State.FILLING:
            self.screen.tap("address")
            self.screen.type(plan.answers["address"])
        elif state == State.SCANNING:
            self.rig.order("paper", name="photo")
            self.screen.wait_item("thumb_0")
            self.rig.order("clear")
        elif state == State.PRINTING:
            self.receipt = self.screen.items()["receipt_number"]["text"]
        self.rig.order("lift")

    def _is_at(self, service: str) -> bool:
        return self._citizen is not None and self._citizen.plan.service == service

    def begin_anew(self) -> None:
        """The welcome screen, with everything plugged in and nothing lying about."""
        self._citizen = None
        self.mend()
        self.restart("terminal")
        self.screen.wait(lambda now: now["screen"] == "Home", "the welcome screen", WAIT)
        self.until(lambda: not self.faults(), "no fault", lambda: sorted(self.faults()))

    def mend(self) -> None:
        """Whatever a cause has done to the hardware, undo it."""
        for device in ("id_reader", "mrz_reader", "code_reader", "printer", "camera", "network"):
            with suppress(RigError):
                self.rig.order("plug", device=device)
        for order in ("lift", "clear", "tear", "refill"):
            self.rig.order(order)

    def restart(self, part: str) -> None:
        if part == "terminal":
            (self.stack.options.runtime / "terminal" / "remote").unlink(missing_ok=True)
        self.stack.kill(part)
        self.stack.start_part(part)

    # looking

    def faults(self) -> set[str]:
        """The codes that the terminal knows of now."""
        return set(self.screen.where()["faults"])

    def words(self) -> list[str]:
        """What is written on the screen, from top to bottom."""
        items = sorted(self.screen.items().values(), key=lambda i: (round(i["top"]), i["left"]))
        return [i["text"] for i in items if i["text"] and i["name"] != "clock"]

    def until(self, there: Callable[[], object], what: str, instead: Callable[[], object] = str) -> float:
        """Wait for something; returns the seconds it took. Raises ScreenError."""
        began = time.monotonic()
        while not there():
            if time.monotonic() - began > WAIT:
                raise ScreenError(f"waited for {what}; there is {instead()}")
            time.sleep(0.02)
        return time.monotonic() - began

    # processes

    def processes(self, word: str) -> list[psutil.Process]:
        """The terminal's children whose command line has ``word``."""
        found = []
        for child in psutil.Process(self.stack.processes["terminal"].pid).children(recursive=True):
            with suppress(psutil.Error):
                if word in child.cmdline():
                    found.append(child)
        return found

    def process(self, word: str) -> psutil.Process | None:
        """The first of them, None where there is none."""
        return next(iter(self.processes(word)), None)

    def kill(self, word: str) -> None:
        """Kill that child, and wait until it is gone. Raises ScreenError where there is none."""
        self.until(lambda: self.process(word), f"the process {word}")
        victim = self.process(word)
        if victim is not None:
            victim.kill()
            psutil.wait_procs([victim], 5)
