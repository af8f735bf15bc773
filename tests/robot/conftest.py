"""One installation for all end-to-end tests of this folder: real processes, simulated hardware."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from devices.simulators.client import RigClient
from kiosk.catalogue.loader import parse_package
from kiosk.config import ASSETS
from kiosk.model.clock import hall_date
from kiosk.robot.check import PlatformCheck
from kiosk.robot.citizen import Citizen
from kiosk.robot.plans import Plan, plans
from kiosk.robot.screen import RemoteScreen
from kiosk.stack import Stack, StackOptions


@dataclass
class Installation:
    """A running stack and the means to look at it and act on it."""

    stack: Stack
    screen: RemoteScreen
    rig: RigClient
    check: PlatformCheck

    def plan(self, service: str) -> Plan:
        return plans(datetime.fromisoformat(hall_date(datetime.now(UTC))).date())[service]

    def citizen(self, service: str) -> Citizen:
        package = parse_package((ASSETS / "catalogue" / f"{service}.yaml").read_bytes())
        return Citizen(self.screen, self.rig, package, self.plan(service), lambda _name: None)

    def at_home(self) -> None:
        self.screen.wait(lambda now: now["screen"] == "Home" and now["step"] == "attract/", "the welcome screen")

    def online(self, device: str) -> None:
        """Wait until a device is ready: after a visit its process is started anew."""
        self.screen.wait(lambda now: now["devices"].get(device) == "online", f"{device} online")

    def start_terminal(self) -> None:
        """Start the terminal again after it was killed."""
        (self.stack.options.runtime / "terminal" / "remote").unlink(missing_ok=True)
        self.stack.start_part("terminal")

    def finish(self, citizen: Citizen, *, at_once: bool = False) -> list[str]:
        """Go on to the end, take everything, and tell what did not fit the screen and what did not arrive as it was."""
        walk = citizen.go()
        found = walk.problems + self.check.differences(walk.receipt, citizen.plan)
        citizen.leave(at_once=at_once)
        return found

    def end_visit(self) -> None:
        """As a citizen who has had enough: it is asked once."""
        self.screen.tap("end")
        self.screen.wait(lambda now: now["dialog"] == "end", "the question")
        pid = self.screen.where()["pid"]
        self.screen.tap("dialog_yes")
        self.screen.wait(lambda now: now["pid"] != pid, "the next worker")


def start(options: StackOptions) -> Installation:
    stack = Stack(options, lambda _part: None)
    stack.start()
    screen = RemoteScreen(options.runtime / "terminal" / "remote")
    return Installation(stack, screen, stack.rig(), PlatformCheck(stack.hub_folder))


@pytest.fixture(scope="session")
def make_installation() -> Iterator[Callable[..., Installation]]:
    """Start installations; all of them are stopped, by process id, at the end."""
    made: list[Installation] = []
    folders: list[Path] = []

    def make(**options: float) -> Installation:
        state = Path(tempfile.mkdtemp(prefix="bianmin-test-"))
        runtime = Path(tempfile.mkdtemp(prefix="bm-", dir="/dev/shm"))
        folders.extend((state, runtime))
        made.append(start(StackOptions(state, runtime, **options)))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for installation in made:
        installation.screen.close()
        installation.rig.close()
        installation.stack.stop()
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def shared_installation(make_installation: Callable[..., Installation]) -> Installation:
    return make_installation()


@pytest.fixture
def hall(shared_installation: Installation) -> Installation:
    """The shared installation, at its welcome screen, with everything plugged in and nothing lying about."""
    for device in ("id_reader", "mrz_reader", "code_reader", "printer", "camera", "network"):
        shared_installation.rig.order("plug", device=device)
    for order in ("lift", "clear", "tear", "refill"):
        shared_installation.rig.order(order)
    stack = shared_installation.stack
    if stack.processes["terminal"].poll() is not None:
        # An earlier test failed with the terminal down: it has said so; the others go on.
        shared_installation.start_terminal()
    elif shared_installation.screen.where()["step"] != "attract/":
        stack.kill("terminal")
        shared_installation.start_terminal()
    shared_installation.at_home()
    return shared_installation
