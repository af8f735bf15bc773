"""A device's process that hangs or dies: replaced within seconds, given up after six times, nothing left behind."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

import psutil
import pytest

from kiosk.supervisor import GIVE_UP
from tests.robot import leaks
from tests.robot.conftest import Installation
from tests.waiting import until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

DEVICES = ("id_reader", "mrz_reader", "code_reader", "printer", "camera", "host")


def processes(hall: Installation) -> dict[str, psutil.Process]:
    """The process of each device, by its name."""
    found = {}
    for process in leaks.terminal_processes(hall.stack.processes["terminal"].pid):
        with contextlib.suppress(psutil.Error):  # it has just ended
            words = process.cmdline()
            if "devices.start" in words:
                found[words[words.index("devices.start") + 1]] = process
    return found


def faults(hall: Installation) -> set[str]:
    """The codes that the staff's page shows."""
    rows = hall.screen.items()
    return {
        line.split(" ")[0] for name, i in rows.items() if name.startswith("detail_") for line in i["text"].split("\n")
    }


@pytest.mark.parametrize("device", DEVICES)
def test_a_hung_process_is_replaced_within_five_seconds(hall: Installation, device: str) -> None:
    hung = processes(hall)[device]
    began = time.monotonic()
    hung.send_signal(signal.SIGSTOP)

    def replaced() -> bool:
        now = processes(hall).get(device)
        return now is not None and now.pid != hung.pid

    until(replaced, f"a new process for {device}", 8)
    assert time.monotonic() - began <= 5.0
    assert not hung.is_running()


def test_a_process_that_keeps_dying_is_given_up_and_said_so(hall: Installation) -> None:
    hall.stack.kill("terminal")
    hall.start_terminal()
    hall.at_home()
    for _ in range(GIVE_UP):
        until(lambda: "printer" in processes(hall), "the printer's process", 20)
        victim = processes(hall)["printer"]
        victim.kill()
        until(lambda pid=victim.pid: not psutil.pid_exists(pid), "its end")  # type: ignore[misc]
    for _ in range(5):
        hall.screen.tap("clock")
    hall.screen.tap("pin")
    hall.screen.pad("2468")
    hall.screen.tap("primary")
    until(lambda: "device_given_up" in faults(hall), "the fault on the staff's page", 20, lambda: faults(hall))
    assert "device_process" not in faults(hall)
    # What does not need the printer can still be done; then a new start for the tests that follow.
    hall.screen.tap("primary")
    assert hall.screen.wait_item("service_social-security-card")
    hall.stack.kill("terminal")
    hall.start_terminal()
    hall.at_home()


def test_after_any_kills_no_process_descriptor_or_picture_is_left(hall: Installation) -> None:
    supervisor = psutil.Process(hall.stack.processes["terminal"].pid)
    hall.citizen("social-security-card").go(until="Scan")
    before = supervisor.num_fds()
    for device in DEVICES:
        processes(hall)[device].kill()
    until(lambda: len(processes(hall)) == len(DEVICES), "all devices back", 20)
    until(lambda: supervisor.num_fds() <= before, "no descriptor more than before", 10, supervisor.num_fds)
    ours = leaks.terminal_processes(supervisor.pid)
    hall.stack.kill("terminal")
    assert ours
    until(lambda: not any(map(_runs, ours)), "all of them to end", 5, lambda: [p for p in ours if _runs(p)])
    # Pictures lie in memory files without a name: with the last process that holds one, it is gone.
    assert _pictures_in_memory() == []
    hall.start_terminal()
    hall.at_home()


def _runs(process: psutil.Process) -> bool:
    """One that has ended is a zombie until init has seen it, and holds nothing any more."""
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _pictures_in_memory() -> list[str]:
    """Memory files with pictures that any process holds open, as ``PID: name``."""
    held = []
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        with contextlib.suppress(OSError, psutil.Error):
            target, pid = str(link.readlink()), int(link.parts[2])
            # This process holds those of the camera tests that ran in it.
            if target.startswith(("/memfd:frames", "/memfd:blob")) and pid != os.getpid() and not _beside_us(pid):
                held.append(f"{pid}: {target}")
    return held


def _beside_us(pid: int) -> bool:
    """Whether a process is of the tests that another worker of pytest-xdist runs meanwhile, on its own terminal."""
    above = [p.pid for p in psutil.Process(pid).parents()]
    return "PYTEST_XDIST_WORKER" in os.environ and os.getppid() in above and os.getpid() not in above
