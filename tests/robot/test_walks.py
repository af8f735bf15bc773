"""What a citizen would see. Real touches on the real app, real processes, real bytes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from devices.simulators.people import PEOPLE
from kiosk.security.credentials import load_credentials
from kiosk.store.database import Store
from tests.robot.conftest import Installation
from tests.waiting import until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]


SERVICES = ["residence-permit", "social-security-card", "old-age-allowance", "out-of-area-treatment"]


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_is_delivered_once(hall: Installation, service: str) -> None:
    assert hall.finish(hall.citizen(service)) == []
    hall.at_home()


@pytest.mark.parametrize("device", ["id_reader", "printer", "camera"])
def test_a_device_unplugged_and_plugged_in_costs_the_citizen_nothing(hall: Installation, device: str) -> None:
    hall.rig.order("unplug", device=device)
    citizen = hall.citizen("residence-permit")
    if device == "camera":
        # The citizen is not let into a matter that the hardware cannot finish.
        until(lambda: not hall.screen.items()["service_residence-permit"]["enabled"], "the tile's refusal")
        hall.rig.order("plug", device=device)
        hall.screen.wait_item("service_residence-permit")
    elif device == "id_reader":
        citizen.go(until="Identify")
        hall.screen.wait_item("primary")  # typing is offered
        hall.rig.order("plug", device=device)
    else:
        citizen.go(until="Review")
        hall.rig.order("plug", device=device)
    assert hall.finish(citizen, at_once=True) == []
    hall.at_home()


def test_a_receipt_shown_to_the_code_reader_tells_how_its_case_stands(hall: Installation) -> None:
    receipt = _store(hall, "social-security-card")
    hall.at_home()
    hall.online("code_reader")
    hall.rig.order("show", text=f"BM1:{receipt}")
    hall.screen.wait(lambda now: now["screen"] == "Lookup", "the case")
    assert hall.screen.items()["lookup_0"]["text"] == receipt
    until(lambda: "已送达平台" in hall.screen.items()["lookup_3"]["text"], "the platform's answer")
    hall.rig.order("show", text="https://example.invalid/")
    until(lambda: "业务号不对" in hall.screen.items()["lookup_error"]["text"], "the words about the code")
    hall.screen.tap("receipt_typed")
    hall.screen.type(receipt.lower().replace("-", " "))
    hall.screen.tap("primary")
    hall.screen.wait_item("lookup_0")
    pid = hall.screen.where()["pid"]
    hall.screen.tap("primary")
    hall.screen.wait(lambda now: now["pid"] != pid and now["screen"] == "Home", "the next worker")


def test_news_of_a_device_does_not_close_the_keyboard(hall: Installation) -> None:
    hall.screen.tap("search")
    hall.screen.wait_item("keyboard")
    hall.rig.order("unplug", device="id_reader")
    hall.screen.wait_item("notice")
    assert "keyboard" in hall.screen.items()


def test_without_paper_the_receipt_is_a_code_on_the_screen(hall: Installation) -> None:
    hall.rig.order("empty")
    citizen = hall.citizen("out-of-area-treatment")
    citizen.go(until="Receipt")
    until(lambda: "缺纸" in hall.screen.items()["paper"]["text"], "the words about the paper")
    assert hall.screen.items()["qr"]["whole"]
    assert hall.finish(citizen, at_once=True) == []


def test_with_the_network_down_for_the_whole_visit_the_case_arrives_later_once(hall: Installation) -> None:
    hall.rig.order("unplug", device="network")
    citizen = hall.citizen("old-age-allowance")
    citizen.go(until="Review")
    store = _open_store(hall)
    until(lambda: '"online": false' in store.get("agent_status"), "the agent's notice")
    store.close()
    citizen.go(until="Receipt")
    assert "等网络恢复后发送" in hall.screen.items()["headline"]["text"]
    walk = citizen.go()
    citizen.leave(at_once=True)
    assert hall.check.count(walk.receipt) == 0
    hall.rig.order("plug", device="network")
    assert hall.check.differences(walk.receipt, citizen.plan) == []


def _open_store(hall: Installation) -> Store:
    key = load_credentials(hall.stack.terminal_folder / "credentials").store_key
    return Store(hall.stack.terminal_folder / "terminal.db", key)


def test_the_same_person_is_told_of_the_open_case_before_filling_in(hall: Installation) -> None:
    hall.rig.order("unplug", device="network")
    try:
        assert _store(hall, "out-of-area-treatment")
        citizen = hall.citizen("out-of-area-treatment")
        citizen.go(until="AlreadyOpen")
        assert "CD03-" in hall.screen.items()["open_receipt"]["text"]
        hall.screen.tap("primary")
        hall.rig.order("lift")
        hall.at_home()
    finally:
        hall.rig.order("plug", device="network")


def _store(hall: Installation, service: str) -> str:
    citizen = hall.citizen(service)
    walk = citizen.go()
    citizen.leave(at_once=True)
    return walk.receipt


def test_a_card_that_is_no_identity_card_shows_the_other_way_in(hall: Installation) -> None:
    citizen = hall.citizen("out-of-area-treatment")
    citizen.go(until="Identify")
    hall.rig.order("lay", card="not_a_card")
    until(lambda: "不是本机能读的身份证" in hall.screen.items()["notice"]["text"], "the words about the card")
    hall.screen.tap("primary")
    hall.screen.tap("typed_name")
    hall.screen.type("测试丙")
    hall.screen.tap("typed_number")
    hall.screen.type(PEOPLE["elder"].number)
    hall.screen.tap("primary")
    # The numbers of invented people begin with an area that does not exist: looked at again, and taken.
    until(lambda: "不像地区代码" in hall.screen.items()["notice"]["text"], "the doubt about the area")
    hall.screen.tap("primary")
    hall.screen.wait(lambda now: now["screen"] == "Question", "the first question")
    hall.end_visit()
    hall.rig.order("lift")


def test_pages_are_put_in_order_taken_again_and_removed(hall: Installation) -> None:
    citizen = hall.citizen("residence-permit")
    citizen.plan = replace(citizen.plan, papers=citizen.plan.papers | {"lease": ["referral", "lease"]})
    citizen.go(until="Scan")

    def lay(paper: str, place: int) -> None:
        hall.rig.order("paper", name=paper)
        hall.screen.wait_item(f"thumb_{place}")
        hall.screen.wait_gone("flash")
        hall.rig.order("clear")

    lay("photo", 0)
    hall.screen.wait_gone("take_now")
    hall.screen.tap("retake_0")
    hall.screen.wait_item("take_now")  # also where no further page is wanted
    hall.screen.tap("retake_0")
    hall.screen.wait_gone("take_now")
    hall.screen.tap("primary")
    hall.screen.wait(lambda now: now["step"].endswith("/lease"), "the lease")
    lay("lease", 0)
    lay("statement", 1)
    hall.screen.tap("forward_1")
    hall.screen.tap("retake_0")
    hall.rig.order("paper", name="referral")
    hall.screen.wait_item("flash")
    hall.screen.wait_gone("flash")
    hall.rig.order("clear")
    lay("authorisation", 2)
    hall.screen.tap("remove_2")
    hall.screen.wait_gone("thumb_2")
    hall.screen.tap("primary")
    hall.screen.wait(lambda now: not now["step"].endswith("/lease"), "the next paper")
    assert hall.finish(citizen, at_once=True) == []
