"""A passport instead of a card: swiped, or read under the camera."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from kiosk.robot.citizen import Citizen
from tests.robot.conftest import Installation

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]


def test_a_foreigner_does_the_whole_matter_with_a_passport(hall: Installation) -> None:
    citizen = hall.citizen("out-of-area-treatment")
    citizen.go(until="Identify")
    hall.online("mrz_reader")
    hall.rig.order("swipe")
    hall.screen.wait(lambda now: now["screen"] == "Question", "the first question")
    walk = citizen.go()
    found = hall.check.differences(walk.receipt, citizen.plan)
    citizen.leave(at_once=True)
    # Everything but the person is what was planned for somebody with an ID card.
    assert found
    assert all(line.startswith(("name", "number", "address")) for line in found), found
    assert any("X1234567" in line for line in found)


def lay_passport(hall: Installation, name: str) -> None:
    data = (Path(__file__).parents[1] / "devices" / "mrz_pictures" / name).read_bytes()
    hall.rig.order("photograph", data=base64.b64encode(data).decode())


def at_the_camera(hall: Installation) -> Citizen:
    """A citizen without a reader for the passport, who is to lay it under the camera now."""
    hall.rig.order("unplug", device="mrz_reader")
    citizen = hall.citizen("out-of-area-treatment")
    citizen.go(until="Identify")
    hall.screen.wait_item("passport")
    hall.screen.tap("passport")
    hall.screen.wait_item("preview")
    return citizen


def test_without_a_passport_reader_a_passport_is_read_under_the_camera(hall: Installation) -> None:
    citizen = at_the_camera(hall)
    lay_passport(hall, "passport.jpg")
    # Two letters of the name are not clear in this picture: its owner says that they are right.
    hall.screen.wait_item("passport_again")
    hall.screen.tap("primary")
    hall.screen.wait(lambda now: now["screen"] == "Question", "the first question")
    hall.rig.order("clear")
    walk = citizen.go()
    found = hall.check.differences(walk.receipt, citizen.plan)
    citizen.leave(at_once=True)
    assert any("QX4480217" in line for line in found), found


def test_what_is_doubtful_in_a_passport_is_confirmed_by_its_owner(hall: Installation) -> None:
    citizen = at_the_camera(hall)
    lay_passport(hall, "passport_misprinted.jpg")
    hall.screen.wait_item("doubt_0_S")
    # A misprinted check digit fits nothing: it is never taken, whatever the owner says.
    hall.screen.tap("primary")
    hall.screen.wait_item("passport_error")
    hall.rig.order("clear")
    hall.screen.tap("passport_again")
    hall.screen.wait_item("use_card_instead")
    hall.screen.tap("use_card_instead")
    hall.rig.order("plug", device="mrz_reader")
    assert hall.finish(citizen, at_once=True) == []
