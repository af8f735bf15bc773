"""A disk that fills up, a call for help, and the second tap of a shaking hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from kiosk.model.room import MB
from tests.robot.conftest import Installation
from tests.waiting import until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]
PLENTY = 50_000 * MB


@pytest.fixture
def disk(hall: Installation) -> Iterator[Callable[[int], None]]:
    """Sets the free bytes of the simulated machine, and waits until the terminal knows."""

    def fill(free: int, fault: str = "") -> None:
        hall.rig.order("fault", device="host", set={"disk_free": free})
        told = {fault} - {""}
        hall.screen.wait(lambda now: {f for f in now["faults"] if f.startswith("disk")} == told, fault or "no fault")

    yield fill
    hall.rig.order("fault", device="host", set={"disk_free": PLENTY})
    hall.rig.order("plug", device="network")


def text(hall: Installation, name: str) -> str:
    found: str = hall.screen.items().get(name, {}).get("text", "")
    return found


def test_a_nearly_full_terminal_begins_nothing_with_papers(hall: Installation, disk: Callable[..., None]) -> None:
    disk(400 * MB, "disk_scarce")
    tile = hall.screen.items()["service_social-security-card"]
    assert not tile["enabled"]
    assert hall.screen.items()["primary"]["enabled"]  # looking up goes on
    disk(PLENTY)
    assert hall.screen.wait_item("service_social-security-card")


def test_a_full_terminal_says_so_before_a_citizen_begins(hall: Installation, disk: Callable[..., None]) -> None:
    disk(100 * MB, "disk_full")
    assert hall.screen.where()["screen"] == "OutOfService"
    assert "存满" in text(hall, "out_text")
    pid = hall.screen.where()["pid"]
    hall.screen.tap("primary")
    hall.screen.wait(lambda now: now["screen"] == "Lookup", "the look-up")
    hall.screen.tap("back")
    hall.screen.wait(lambda now: now["pid"] != pid and now["screen"] == "OutOfService", "out of service again")
    disk(PLENTY)
    hall.at_home()


def test_who_has_begun_is_finished_and_sent_on_a_full_terminal(hall: Installation, disk: Callable[..., None]) -> None:
    citizen = hall.citizen("out-of-area-treatment")
    citizen.go(until="Scan")
    disk(100 * MB, "disk_full")
    assert hall.finish(citizen, at_once=True) == []
    hall.screen.wait(lambda now: now["screen"] == "OutOfService", "nothing is begun after it")
    disk(PLENTY)
    hall.at_home()


def test_a_citizen_hears_that_the_hall_was_told_and_can_take_it_back(hall: Installation) -> None:
    hall.screen.tap("help")
    until(lambda: "已通知" in text(hall, "dialog_title"), "the platform's word", 20, lambda: text(hall, "dialog_title"))
    assert hall.check.calls() == 1
    hall.screen.tap("dialog_yes")
    hall.screen.wait_gone("dialog_title")
    until(lambda: hall.check.calls() == 0, "the end of the call")


def test_without_a_network_nobody_is_said_to_come(hall: Installation, disk: Callable[..., None]) -> None:
    hall.rig.order("unplug", device="network")
    hall.screen.tap("help")
    until(lambda: "没有通知到" in text(hall, "dialog_title"), "that nobody was told")
    assert "导办台" in text(hall, "dialog_text")
    # The network comes back while the citizen still stands there.
    hall.rig.order("plug", device="network")
    until(lambda: "已通知" in text(hall, "dialog_title"), "the platform's word", 20)
    hall.screen.tap("dialog_yes")
    until(lambda: hall.check.calls() == 0, "the end of the call")


def test_the_second_tap_on_the_last_button_opens_nothing_for_the_next_citizen(hall: Installation) -> None:
    before, tapped = _tapped_twice(hall)
    while tapped["settled"]:  # so busy a machine that the tap came as late as a person's: once more
        hall.screen.wait(lambda now: now["screen"] == "Lookup", "the look-up")
        before, tapped = _tapped_twice(hall)
    now = hall.screen.wait(lambda now: bool(now["settled"]), "a screen that takes touches")
    assert (now["screen"], now["step"]) == ("Home", "attract/")
    assert now["pid"] != before
    hall.screen.tap("primary")
    hall.screen.wait(lambda now: now["screen"] == "Lookup", "the look-up")


def _tapped_twice(hall: Installation) -> tuple[int, dict[str, Any]]:
    """A visit is ended, and a finger comes down once more, where the next screen has a button: what it met."""
    if hall.screen.where()["screen"] == "Home":
        hall.screen.tap("primary")
        hall.screen.wait(lambda now: now["screen"] == "Lookup", "the look-up")
    button = hall.screen.items()["primary"]
    before: int = hall.screen.where()["pid"]
    hall.screen.tap("back")
    hall.screen.wait(lambda now: now["pid"] != before, "the next worker")
    return before, hall.screen._ask({"do": "tap", "x": button["x"], "y": button["y"]})
