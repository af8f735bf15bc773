"""Processes that are killed under a citizen: the visit goes on where it was, and the case arrives once."""

from __future__ import annotations

import psutil
import pytest

from tests.robot import leaks
from tests.robot.conftest import Installation
from tests.waiting import until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]


def child(hall: Installation, word: str) -> psutil.Process:
    """The terminal's child process whose command line holds ``word``."""
    found = [p for p in leaks.terminal_processes(hall.stack.processes["terminal"].pid) if word in p.cmdline()]
    assert found, f"no process {word}"
    return found[0]


@pytest.mark.parametrize("at", ["Question", "Scan", "Sign", "Review"])
def test_a_crash_of_the_worker_resumes_the_visit_where_it_was(hall: Installation, at: str) -> None:
    citizen = hall.citizen("social-security-card")
    citizen.go(until=at)
    before = hall.screen.where()
    psutil.Process(before["pid"]).kill()
    hall.screen.wait(lambda now: now["pid"] != before["pid"], "the next worker", 10)
    after = hall.screen.where()
    assert (after["screen"], after["step"]) == (before["screen"], before["step"])
    assert hall.finish(citizen, at_once=True) == []
    hall.at_home()


def test_both_workers_may_die_at_once_twice_and_the_visit_goes_on(hall: Installation) -> None:
    citizen = hall.citizen("social-security-card")
    citizen.go(until="Scan")
    before = hall.screen.where()
    for _ in range(2):
        pid = hall.screen.where()["pid"]
        terminal = hall.stack.processes["terminal"].pid
        workers = [p for p in leaks.terminal_processes(terminal) if "ui.app" in p.cmdline()]
        for process in sorted(workers, key=lambda p: p.pid == pid):
            process.kill()
        hall.screen.wait(lambda now, old=pid: now["pid"] != old, "the next worker", 20)
        # A worker answers from its first moment on, before it is told whose visit it goes on with.
        hall.screen.wait(lambda now: now["step"] == before["step"], "the same step", 20)
    assert hall.screen.where()["screen"] == before["screen"]
    assert hall.finish(citizen, at_once=True) == []
    hall.at_home()


def test_a_crash_at_the_receipt_shows_the_same_number_and_prints_nothing_twice(hall: Installation) -> None:
    citizen = hall.citizen("out-of-area-treatment")
    citizen.go(until="Receipt")
    number = hall.screen.items()["receipt_number"]["text"]
    until(lambda: hall.rig.order("state")["at_slot"], "the receipt")
    tickets = len(hall.rig.order("state")["tickets"])
    pid = hall.screen.where()["pid"]
    psutil.Process(pid).kill()
    hall.screen.wait(lambda now: now["pid"] != pid, "the next worker", 10)
    assert hall.screen.items()["receipt_number"]["text"] == number
    assert hall.finish(citizen, at_once=True) == []
    assert len(hall.rig.order("state")["tickets"]) == tickets


@pytest.mark.parametrize("device", ["id_reader", "printer", "camera"])
def test_a_killed_device_process_costs_the_citizen_nothing(hall: Installation, device: str) -> None:
    citizen = hall.citizen("residence-permit")
    citizen.go(until="Question")
    child(hall, device).kill()
    assert hall.finish(citizen, at_once=True) == []
    hall.at_home()


@pytest.mark.parametrize("part", ["agent", "hub"])
def test_a_submitted_case_arrives_once_when_agent_or_platform_is_killed(hall: Installation, part: str) -> None:
    citizen = hall.citizen("social-security-card")
    citizen.go(until="Review")
    hall.stack.kill(part)
    walk = citizen.go()
    citizen.leave(at_once=True)
    hall.stack.start_part(part)
    assert hall.check.differences(walk.receipt, citizen.plan) == []


def test_the_death_of_the_supervisor_ends_all_its_children_and_it_comes_back_clean(hall: Installation) -> None:
    hall.citizen("social-security-card").go(until="Review")
    children = leaks.terminal_processes(hall.stack.processes["terminal"].pid)[1:]
    assert len(children) >= 5
    hall.stack.kill("terminal")
    gone, alive = psutil.wait_procs(children, timeout=5)
    assert not alive
    assert len(gone) == len(children)
    hall.rig.order("lift")
    hall.rig.order("clear")
    hall.start_terminal()
    hall.at_home()
    assert not list((hall.stack.options.runtime / "terminal").glob("draft*"))
