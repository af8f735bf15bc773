"""Every fault of the machine, from what the kernel says; the simulated machine says it in a file."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from devices.host_health.driver import MB, HostDriver
from devices.host_health.probe import FileProbe, HostReadings, KernelProbe
from kiosk.model.clock import ManualClock

WELL = {
    "disk_free": 50_000 * MB,
    "disk_read_only": False,
    "memory_available": 2_000 * MB,
    "temperature": 50.0,
    "load_per_core": 0.3,
    "mains": True,
    "battery": 100,
    "undervoltage": False,
    "cable": True,
    "open_swap": False,
}
READINGS: dict[str, dict[str, object]] = {
    "disk_low": {"disk_free": 1_500 * MB},
    "disk_scarce": {"disk_free": 400 * MB},
    "disk_full": {"disk_free": 100 * MB},
    "disk_read_only": {"disk_read_only": True},
    "memory_low": {"memory_available": 100 * MB},
    "host_hot": {"temperature": 85.0},
    "host_too_hot": {"temperature": 97.0},
    "host_busy": {"load_per_core": 6.0},
    "on_battery": {"mains": False},
    "battery_low": {"mains": False, "battery": 12},
    "undervoltage": {"undervoltage": True},
    "network_cable": {"cable": False},
    "swap_open": {"open_swap": True},
}


class Given:
    def __init__(self) -> None:
        self.readings = HostReadings.model_validate(WELL)

    def read(self) -> HostReadings:
        return self.readings


@pytest.fixture
def given() -> Given:
    return Given()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def driver(given: Given, clock: ManualClock) -> HostDriver:
    return HostDriver(given, clock, clock.now() - timedelta(days=30))


@pytest.mark.parametrize("code", READINGS)
def test_a_fault_of_the_machine_is_named_and_goes_with_its_cause(code: str, driver: HostDriver, given: Given) -> None:
    driver.step()
    assert driver.state.faults == set()
    given.readings = HostReadings.model_validate({**WELL, **READINGS[code]})
    driver.step()
    assert driver.state.faults == {code}
    given.readings = HostReadings.model_validate(WELL)
    driver.step()
    assert driver.state.faults == set()


def test_a_reading_at_its_limit_does_not_flicker(driver: HostDriver, given: Given) -> None:
    seen = []
    for free in (1_990, 2_010, 1_990, 2_150, 2_250):
        given.readings = HostReadings.model_validate({**WELL, "disk_free": free * MB})
        driver.step()
        seen.append("disk_low" in driver.state.faults)
    assert seen == [True, True, True, True, False]


def test_files_run_out_as_bytes_do(driver: HostDriver, given: Given) -> None:
    given.readings = HostReadings.model_validate({**WELL, "disk_files": 1_900})
    driver.step()
    assert driver.state.faults == {"disk_full"}


def test_what_the_kernel_does_not_say_is_no_fault(driver: HostDriver, given: Given) -> None:
    given.readings = HostReadings()
    driver.step()
    assert driver.state.faults == set()


def test_a_jump_of_the_clock_is_told_for_ten_minutes(driver: HostDriver, clock: ManualClock) -> None:
    driver.step()
    clock.advance(2)
    clock.at += timedelta(hours=5)
    driver.step()
    assert driver.state.faults == {"clock_jumped"}
    clock.advance(700)
    driver.step()
    assert driver.state.faults == set()


def test_a_clock_behind_the_programs_own_making_is_told(given: Given) -> None:
    clock = ManualClock(datetime(2020, 1, 1, tzinfo=UTC))
    driver = HostDriver(given, clock, datetime(2026, 1, 1, tzinfo=UTC))
    driver.step()
    assert driver.state.faults == {"clock_behind"}


def _write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_the_kernels_files_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _write(
        tmp_path,
        {
            "proc/meminfo": "MemTotal: 4000 kB\nMemAvailable: 1000 kB\n",
            "proc/loadavg": f"9 {2.0 * (os.cpu_count() or 1)} 1 1/2 3\n",
            "proc/swaps": "Filename Type Size\n/dev/zram0 partition 1\n/dev/sda3 partition 9\n",
            "sys/class/thermal/thermal_zone0/temp": "45000\n",
            "sys/class/thermal/thermal_zone1/temp": "71500\n",
            "sys/class/power_supply/AC/type": "Mains\n",
            "sys/class/power_supply/AC/online": "0\n",
            "sys/class/power_supply/BAT0/type": "Battery\n",
            "sys/class/power_supply/BAT0/capacity": "15\n",
            "sys/class/hwmon/hwmon0/in0_lcrit_alarm": "1\n",
            "sys/class/net/eth0/device/vendor": "x",
            "sys/class/net/eth0/carrier": "0\n",
            "sys/class/net/lo/carrier": "1\n",
        },
    )
    disk = SimpleNamespace(f_bavail=3, f_frsize=4096, f_files=9, f_favail=2, f_flag=os.ST_RDONLY)
    monkeypatch.setattr("os.statvfs", lambda _path: disk)
    assert KernelProbe(tmp_path, tmp_path).read() == HostReadings(
        disk_free=3 * 4096,
        disk_files=2,
        disk_read_only=True,
        memory_available=1000 * 1024,
        temperature=71.5,
        load_per_core=2.0,
        mains=False,
        battery=15,
        undervoltage=True,
        cable=False,
        open_swap=True,
    )


def test_an_empty_machine_says_nothing(tmp_path: Path) -> None:
    assert KernelProbe(tmp_path / "nowhere", tmp_path).read() == HostReadings()


@pytest.mark.parametrize("content", ["", "{", '{"disk_free": "much"}', '{"unheard": 1}'])
def test_a_broken_file_of_readings_says_nothing(tmp_path: Path, content: str) -> None:
    (tmp_path / "host.json").write_text(content)
    assert FileProbe(tmp_path / "host.json").read() == HostReadings()
