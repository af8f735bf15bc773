"""A terminal whose files are not what they should be: what still works, what staff read, what is kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.robot.conftest import Installation

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]


@pytest.fixture
def stopped(hall: Installation) -> Iterator[Installation]:
    """The shared installation with its terminal and agent stopped; every file of it is put back afterwards."""
    for part in ("terminal", "agent"):
        hall.stack.kill(part)
    folder = hall.stack.terminal_folder
    before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    yield hall
    hall.stack.kill("terminal")
    for path in folder.rglob("*"):
        if path.is_file() and path not in before:
            path.unlink()
    for path, content in before.items():
        path.write_bytes(content)
    hall.stack.start_part("agent")
    hall.start_terminal()
    hall.at_home()


def staff_rows(hall: Installation) -> list[str]:
    for _ in range(5):
        hall.screen.tap("clock")
    hall.screen.tap("pin")
    hall.screen.pad("2468")
    hall.screen.tap("primary")
    hall.screen.wait_item("row_0")
    return [item["text"] for name, item in hall.screen.items().items() if name.startswith("row_")]


@pytest.mark.parametrize("harm", ["damaged", "missing"])
def test_a_bad_package_is_left_out_and_named_on_the_staff_page(stopped: Installation, harm: str) -> None:
    package = stopped.stack.terminal_folder / "content" / "current" / "catalogue" / "residence-permit.yaml"
    if harm == "damaged":
        package.write_bytes(package.read_bytes().replace(b"title", b"tItle", 1))
    else:
        package.unlink()
    stopped.start_terminal()
    stopped.at_home()
    names = stopped.screen.items()
    assert "service_residence-permit" not in names
    assert "service_social-security-card" in names
    named = [row for row in staff_rows(stopped) if row.startswith("residence-permit")]
    assert len(named) == 1


def test_a_database_that_cannot_be_opened_stops_intake_and_is_kept(stopped: Installation) -> None:
    database = stopped.stack.terminal_folder / "terminal.db"
    for file in (database, *_journals(database)):
        file.unlink(missing_ok=True)
    database.write_bytes(b"not a database" * 1000)
    stopped.start_terminal()
    stopped.screen.wait(lambda now: now["screen"] == "OutOfService", "the screen that says so")
    assert "store_unavailable" in stopped.screen.items()["out_reason"]["text"]
    assert database.read_bytes() == b"not a database" * 1000


def _journals(database: Path) -> tuple[Path, Path]:
    return database.with_name(database.name + "-wal"), database.with_name(database.name + "-shm")
