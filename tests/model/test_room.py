"""The marks of room on the disk: what stops at each, and that nothing flickers."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from devices.scanner.keep import BUDGET
from kiosk.cases.size import PAGE, largest
from kiosk.catalogue.loader import parse_package
from kiosk.config import ASSETS, StorageSettings
from kiosk.model.fault import load_faults
from kiosk.model.room import MB, Disk, Mark, Marks

FAULTS = load_faults(Path(__file__).parents[2] / "devices" / "faults.toml")


@pytest.mark.parametrize(
    ("free", "files", "mark"),
    [
        (2000, None, Mark.PLENTY),
        (1999, None, Mark.LOW),
        (600, 1_000_000, Mark.LOW),
        (599, 1_000_000, Mark.NO_SCANS),
        (199, 1_000_000, Mark.FULL),
        (0, None, Mark.FULL),
        (50_000, 19_999, Mark.LOW),
        (50_000, 4_999, Mark.NO_SCANS),
        (50_000, 0, Mark.FULL),
        (1999, 4_999, Mark.NO_SCANS),  # the worse of both
    ],
)
def test_the_lowest_mark_that_the_room_is_below(free: int, files: int | None, mark: Mark) -> None:
    assert Marks().of(Disk(free=free * MB, files=files)) == mark


def test_a_mark_is_left_a_tenth_above_it_and_one_after_the_other() -> None:
    marks, mark, seen = Marks(), Mark.PLENTY, []
    for free in (205, 195, 205, 219, 221, 640, 661, 2150, 2201):
        mark = marks.of(Disk(free=free * MB), mark)
        seen.append(int(mark))
    assert seen == [2, 3, 3, 3, 2, 2, 1, 1, 0]


def test_each_mark_stops_what_it_must_and_no_more() -> None:
    stops = {m: FAULTS[m.fault].stops for m in Mark if m.fault}
    assert stops == {Mark.LOW: "nothing", Mark.NO_SCANS: "scans", Mark.FULL: "all"}
    assert FAULTS["disk_read_only"].stops == "all"
    # Who has begun finds the room that was set aside: no mark takes a device away.
    assert not any(FAULTS[m.fault].removes for m in Mark if m.fault)


@pytest.mark.parametrize("wrong", [{"full_mb": 600}, {"low_mb": 500}, {"full_mb": 0}, {"low_files": 10}])
def test_marks_out_of_their_order_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValidationError, match="must be above"):
        Marks.model_validate(wrong)


def test_what_is_set_aside_holds_the_largest_case_of_every_service() -> None:
    room = StorageSettings().case_mb * MB
    assert PAGE > BUDGET * 1.2
    for path in (ASSETS / "catalogue").glob("*.yaml"):
        package = parse_package(path.read_bytes())
        assert 4 * MB < largest(package) <= room, path.name


def test_a_look_at_a_real_disk(tmp_path: Path) -> None:
    seen = Disk.of(tmp_path)
    assert seen.free > 0
    assert not seen.read_only
