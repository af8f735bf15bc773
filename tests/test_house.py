"""What a stranger may count on before opening a file: that it can be read in one go."""

from __future__ import annotations

import statistics
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("kiosk", "ui", "devices", "sync", "tests", "tools")


@pytest.mark.parametrize(("kind", "longest", "median"), [("py", 400, 120), ("qml", 250, 100)])
def test_no_file_is_too_long_to_read_in_one_go(kind: str, longest: int, median: int) -> None:
    lines = {path: path.read_text().count("\n") for room in ROOMS for path in (ROOT / room).rglob(f"*.{kind}")}
    assert {str(p.relative_to(ROOT)): n for p, n in lines.items() if n > longest} == {}
    assert statistics.median(lines.values()) <= median
