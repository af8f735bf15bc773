"""Nothing of a person is left in memory, in files or in the database, whichever way the visit ends."""

from __future__ import annotations

from collections.abc import Callable

import psutil
import pytest

from devices.simulators.people import PEOPLE
from kiosk.security.credentials import load_credentials
from tests.robot import leaks
from tests.robot.conftest import Installation
from tests.waiting import until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]


WAYS_OUT = ["finished", "withdrawn", "left", "worker killed three times"]


@pytest.mark.parametrize("way_out", WAYS_OUT)
def test_nothing_of_the_person_stays(
    way_out: str, hall: Installation, make_installation: Callable[..., Installation]
) -> None:
    place = make_installation(quiet=12, warning=3) if way_out == "left" else hall
    person = PEOPLE["wei"]
    citizen = place.citizen("residence-permit")
    pid = place.screen.where()["pid"]
    if way_out == "finished":
        assert place.finish(citizen) == []
    else:
        citizen.go(until="Review")
        pid = place.screen.where()["pid"]
        if way_out == "withdrawn":
            place.end_visit()
        elif way_out == "worker killed three times":
            for _ in range(3):
                pid = place.screen.where()["pid"]
                psutil.Process(pid).kill()
                place.screen.wait(lambda now, old=pid: now["pid"] != old, "the next worker", 15)
    place.screen.wait(lambda now: now["pid"] != pid and now["step"] == "attract/", "the welcome screen", 60)
    place.rig.order("lift")
    needles = leaks.encodings([person.name, person.number, person.address, "柳荫路77号9号楼901"])
    until(lambda: not _leaks(place, needles), "forgetting", 60)


def _leaks(place: Installation, needles: list[bytes]) -> list[str]:
    stack = place.stack
    processes = leaks.terminal_processes(stack.processes["terminal"].pid)
    processes.append(psutil.Process(stack.processes["agent"].pid))
    key = load_credentials(stack.terminal_folder / "credentials").store_key
    folders = [stack.terminal_folder, stack.logs, stack.options.runtime / "terminal"]
    return (
        leaks.in_memory(processes, needles)
        + leaks.in_files(folders, needles)
        + leaks.in_database(stack.terminal_folder / "terminal.db", key, needles)
    )
