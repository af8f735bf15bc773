"""The catalogue is whole: every fault has a test that raises it, and every picture that staff see exists."""

from __future__ import annotations

from pathlib import Path

import pytest

from kiosk.config import ASSETS
from kiosk.model.fault import Fault, Severity, load_faults
from tests.devices import (
    test_code_reader,
    test_faults_of_camera,
    test_faults_of_devices,
    test_faults_of_machine,
    test_passports,
    test_pcsc,
)

CATALOGUE = load_faults(Path(__file__).parents[2] / "devices" / "faults.toml")
ALONE = {
    "reader_swapped": "tests/devices/test_faults_of_devices.py",
    "reader_slow_line": "tests/devices/test_faults_of_devices.py",
    "camera_missing": "tests/devices/test_faults_of_camera.py",
    "camera_slow": "tests/devices/test_faults_of_camera.py",
    "clock_jumped": "tests/devices/test_faults_of_machine.py",
    "clock_behind": "tests/devices/test_faults_of_machine.py",
    "platform_unreachable": "tests/sync/test_network_faults.py",
    "platform_portal": "tests/sync/test_network_faults.py",
    "platform_certificate": "tests/sync/test_network_faults.py",
    "platform_refuses": "tests/sync/test_network_faults.py",
    "backlog_old": "tests/sync/test_network_faults.py",
    "update_failed": "tests/sync/updates/test_fetching.py",
    "device_process": "tests/robot/test_device_processes.py",
    "device_given_up": "tests/robot/test_device_processes.py",
    "store_unavailable": "tests/robot/test_bad_installation.py",
}
"""Faults that are raised in a test of their own, and where."""


def test_every_fault_is_raised_in_a_test() -> None:
    raised = {
        *test_faults_of_devices.READER,
        *test_faults_of_devices.PRINTER,
        *test_faults_of_machine.READINGS,
        *test_faults_of_camera.FAULTS,
        *test_passports.FAULTS,
        *test_pcsc.FAULTS,
        *test_code_reader.FAULTS,
        *ALONE,
    }
    assert raised == set(CATALOGUE)
    root = Path(__file__).parents[2]
    for code, file in ALONE.items():
        assert f'"{code}"' in (root / file).read_text(), f"{code} is not in {file}"


def test_there_are_at_least_sixty() -> None:
    assert len(CATALOGUE) >= 60


@pytest.mark.parametrize("fault", CATALOGUE.values(), ids=lambda f: f.code)
def test_an_entry_is_whole(fault: Fault) -> None:
    for text in (fault.citizen, fault.technician, *(s.text for s in fault.steps)):
        assert text("zh").endswith("。")
        assert text("en").endswith(".")
    assert fault.steps
    for step in fault.steps:
        assert (ASSETS / "pictures" / "steps" / f"{step.picture}.svg").exists(), step.picture
    # A fault that takes a capability away is one that the citizen meets: never a mere warning, but for cooling.
    assert not fault.removes or fault.severity == Severity.ERROR or fault.actor == "nobody"
