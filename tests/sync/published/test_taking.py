"""What a terminal takes of what is published, and what it keeps when it is killed."""

from __future__ import annotations

import itertools
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from kiosk.catalogue.notice import Notice
from kiosk.catalogue.written import read
from kiosk.cli import app
from kiosk.durable import whole_or_not
from sync import content
from sync.content import FILES, go_back
from sync.protocol.published import ROOT
from tests.sync.published.world import NAMES, NOBODY, Killed, World, kind, of

NOTICE_TEXT = """\
id: closed
since: 2026-03-02
until: 2026-03-06
text:
  zh: "周五休息。"
  en: "The hall is closed on Friday."
"""


def test_new_packages_take_the_place_of_the_old_ones_together(world: World) -> None:
    assert world.offered() == of("2027.1")
    assert not world.refresh()
    world.publish("2027.2")
    assert world.refresh()
    assert world.offered() == of("2027.2")


def test_only_what_is_new_is_fetched(world: World) -> None:
    world.publish("2027.1", [*NAMES, "another"])
    mirror = world.mirror()
    world.refresh(mirror)
    assert [kind(path) for path in mirror.asked if path.startswith(FILES)] == ["another.yaml"]
    world.publish("2027.1")
    mirror = world.mirror()
    world.refresh(mirror)
    assert world.offered() == of("2027.1")
    assert [path for path in mirror.asked if path.startswith(FILES)] == []


def test_notices_come_and_go_with_the_packages(world: World) -> None:
    (world.sources / "notices").mkdir()
    written = world.sources / "notices" / "closed.yaml"
    written.write_text(NOTICE_TEXT)
    world.publish("2027.2")
    assert world.refresh()
    assert world.offered() == of("2027.2")
    assert [n.text("en") for n in world.notices()] == ["The hall is closed on Friday."]
    (world.terminal / "current" / "notices" / "closed.yaml").write_text(NOTICE_TEXT.replace("Friday", "Monday"))
    assert world.notices() == []  # nobody but the publisher says what the hall says
    assert world.refresh()
    assert len(world.notices()) == 1
    written.unlink()
    world.publish("2027.3")
    assert world.refresh()
    assert world.notices() == []


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (("id: closed", "id: other"), "this is the notice other"),
        (("until: 2026-03-06", "until: 2026-02-06"), "it ends before it begins"),
        (('  en: "The hall is closed on Friday."\n', ""), "needs 1 to 160 characters in en"),
        (("周五休息。", "周" * 161), "needs 1 to 160 characters in zh"),
        (("since: 2026-03-02", "since: soon"), "since:"),
    ],
)
def test_an_unsound_notice_blocks_publishing(world: World, harm: tuple[str, str], said: str) -> None:
    (world.sources / "notices").mkdir()
    (world.sources / "notices" / "closed.yaml").write_text(NOTICE_TEXT.replace(*harm))
    with pytest.raises(ValueError, match=said) as refused:
        world.publish("2027.2")
    assert "notices/closed.yaml" in str(refused.value)


def test_a_notice_holds_on_its_first_and_on_its_last_day() -> None:
    notice = read(Notice, NOTICE_TEXT.encode())
    days = [date(2026, 3, day) for day in (1, 2, 6, 7)]
    assert [notice.holds(day) for day in days] == [False, True, True, False]


def test_staff_go_back_until_something_newer_comes(world: World) -> None:
    assert not go_back(world.terminal)
    world.publish("2027.2")
    world.refresh()
    assert go_back(world.terminal)
    assert world.offered() == of("2027.1")
    assert not world.refresh()
    assert not go_back(world.terminal)
    world.publish("2027.3")
    assert world.refresh()
    assert world.offered() == of("2027.3")


def test_a_technician_goes_back_by_a_command(world: World) -> None:
    config = world.folder / "terminal.toml"
    config.write_text(f'[paths]\nstate = "{world.folder}"\n')
    command = ["catalogue", "go-back", "--config", str(config)]
    assert CliRunner().invoke(app, command).exit_code == 1
    world.publish("2027.2")
    world.refresh()
    assert CliRunner().invoke(app, command).exit_code == 0
    assert world.offered() == of("2027.1")


@pytest.mark.parametrize("name", ["current", "previous", "sets", "metadata"])
def test_what_was_spoiled_on_the_disk_is_fetched_again(world: World, name: str) -> None:
    world.publish("2027.2")
    world.refresh()
    for path in (world.terminal / name).resolve().rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_bytes()[:-5])
    world.refresh()
    assert world.offered() == of("2027.2")


def test_a_package_that_was_added_on_the_disk_goes(world: World) -> None:
    folder = world.terminal / "current" / "catalogue"
    (folder / "added.yaml").write_bytes((folder / f"{NAMES[0]}.yaml").read_bytes())
    world.refresh()
    assert world.offered() == of("2027.1")


def test_a_number_that_no_root_has_does_no_harm(world: World) -> None:
    (world.terminal / "metadata" / "root_history" / "2.root.json").write_bytes(b"{}")
    world.publish("2027.2")
    assert world.refresh()
    assert world.offered() == of("2027.2")


def test_metadata_is_written_durably(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []

    def noted(path: Path) -> Any:
        written.append(path.name)
        return whole_or_not(path)

    monkeypatch.setattr(content, "whole_or_not", noted)
    world.repository.rotate(ROOT, world.offline, NOBODY)
    world.publish("2027.2")
    world.refresh()
    assert written == ["2.root.json", "timestamp.json", "snapshot.json", "targets.json"]


# killed


class Killer:
    """Ends the process, as it were, at the Nth thing that it does to the disk."""

    def __init__(self) -> None:
        self.left: int | None = None
        sys.addaudithook(self._hook)

    def _hook(self, event: str, args: tuple[Any, ...]) -> None:
        if self.left is None:
            return
        changes = event in ("os.rename", "os.symlink", "os.remove", "os.mkdir", "os.rmdir")
        if changes or (event == "open" and isinstance(args[1], str) and ("w" in args[1] or "+" in args[1])):
            self.left -= 1
            if self.left < 0:
                raise Killed


KILLER = Killer()


def test_whenever_it_is_killed_the_old_set_or_the_new_one_is_there(world: World) -> None:
    world.publish("2027.2")
    mirror, seen = world.mirror(), set()
    for left in itertools.count():
        KILLER.left = left
        try:
            world.refresh(mirror)
        except Killed:
            pass
        else:
            break
        finally:
            KILLER.left = None
        offered = world.offered()
        seen.add(min(offered)[1])
        assert offered in (of("2027.1"), of("2027.2"))
        if offered == of("2027.2"):
            go_back(world.terminal)
            (world.terminal / "unwanted").unlink()
    assert left > 20
    assert seen == {"2027.1", "2027.2"}
    assert world.offered() == of("2027.2")
