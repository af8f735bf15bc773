"""Versions of the program: published, fetched piece by piece, and never used before they are what was signed."""

from __future__ import annotations

import errno
import itertools
import json
import os
import sys
from datetime import datetime, time, timedelta
from pathlib import Path

import pytest
import urllib3

from kiosk.catalogue.publish import sound_updates
from kiosk.catalogue.release import Release
from kiosk.catalogue.written import read
from kiosk.config import ASSETS, UpdateSettings
from sync.client import NoNetwork, NotThere, PlatformClient
from sync.content import FILES, NotTaken
from sync.hub.repository import OfflineKeys
from sync.hub.services import Platform
from sync.protocol.canonical import digest
from sync.protocol.published import TARGETS
from sync.updates import Updater, Updates
from tests.sync.conftest import Terminal
from tests.sync.hands import Hands, known
from tests.sync.published.world import NOBODY
from tests.sync.updates.hall import NIGHT, PIECE, ROOM, Hall
from tests.wheels import make_wheel, write_release

sqlite = pytest.mark.parametrize("storage", ["sqlite and folder"], indirect=True)


# publishing


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("version: '0.2.0'\nwheels: [bianmin-0.2.0-py3-none-any.whl]", "is not in updates/wheels"),
        ("version: '0.2.0'\nwheels: [there-1.0-py3-none-any.whl]", "bianmin 0.2.0 is not among them"),
        ("version: '0.2'\nwheels: [bianmin-0.2.0-py3-none-any.whl, ../keys.json]", "Invalid wheel filename"),
        ("version: 'two'\nwheels: [there-1.0-py3-none-any.whl]", "version"),
        ("version: '00.2'\nwheels: [there-1.0-py3-none-any.whl]", "is written 0.2"),
        ("version: '0.2.0'\nwheels: []", "wheels"),
        ("version: '0.2.0'\nwheels: [there-1.0-py3-none-any.whl]\nshare: 101", "share"),
        ("version: '1.0'\nwheels: [bianmin-1.0-py3-none-any.whl, bianmin-1.0-py2-none-any.whl]", "comes twice"),
    ],
)
def test_an_unsound_version_is_not_published(tmp_path: Path, text: str, said: str) -> None:
    make_wheel(tmp_path / "updates" / "wheels", "1.0", name="there")
    (tmp_path / "updates" / "bad.yaml").write_text(text)
    with pytest.raises(ValueError, match=said) as refused:
        sound_updates(tmp_path)
    assert "updates/bad.yaml" in str(refused.value)


@sqlite
def test_wheels_are_served_whole_and_in_parts_and_nothing_else_with_them(
    platform: Platform, url: str, tmp_path: Path
) -> None:
    sources = tmp_path / "sources"
    sources.mkdir()
    (sources / "social-security-card.yaml").write_bytes((ASSETS / "catalogue/social-security-card.yaml").read_bytes())
    name = make_wheel(sources / "updates" / "wheels", "0.2.0")
    data = (sources / "updates" / "wheels" / name).read_bytes()
    write_release(sources, "0.2.0", [name])
    assert "updates/0.2.0.yaml" in platform.repository.publish(sources, OfflineKeys(platform.folder / "offline"))
    client = PlatformClient(url)
    address = f"{FILES}wheels/{digest(data)[7:]}.{name}"
    assert b"".join(client.pieces(address)) == data
    assert b"".join(client.part(address, 10, 20)) == data[10:30]
    assert b"".join(client.part(address, 10, 10_000_000)) == data[10:]
    answer = urllib3.request("GET", url + address, headers={"Range": f"bytes={len(data)}-"})
    assert (answer.status, answer.headers["Content-Range"]) == (416, f"bytes */{len(data)}")
    # Another kind of range may be passed over.
    assert urllib3.request("GET", url + address, headers={"Range": "bytes=-5"}).data == data
    with pytest.raises(NotThere):
        list(client.part(address.replace(digest(data)[7:], "0" * 64), 0, 10))
    sealed = b"sealed"
    platform.blobs.append(digest(sealed), 0, sealed, len(sealed))
    with pytest.raises(NotThere):
        list(client.pieces(f"{FILES}wheels/{digest(sealed)[7:]}.a.whl"))


def test_a_new_key_of_targets_signs_the_versions_too(hall: Hall) -> None:
    hall.publish("0.2.0")
    hall.world.clock.advance(60)
    hall.world.repository.rotate(TARGETS, hall.world.offline, NOBODY)
    hall.world.refresh()
    hall.fetch_all()
    assert hall.ready() == ["0.2.0"]


def test_a_wheel_lies_at_the_platform_once_and_goes_when_nothing_lists_it(hall: Hall) -> None:
    def there() -> int:
        return len(hall.world.wheels.complete("", 100))

    hall.publish("0.2.0", "0.3.0")
    assert there() == 3
    for path in (hall.world.sources / "updates").glob("*.yaml"):
        path.unlink()
    old = (hall.world.clock.now() - timedelta(days=2)).timestamp()
    for name, _since in hall.world.wheels.complete("", 100):
        os.utime(hall.world.folder / "wheels" / name[7:], (old, old))
    for _ in range(4):
        hall.publish()
        assert there() == 3, "lists are kept for terminals that have just read them"
    hall.publish()
    assert there() == 0


# fetching


def test_what_was_cut_goes_on_where_it_stopped(hall: Hall) -> None:
    hall.publish("0.2.0")
    hall.line.breaks = [10, 0, 50]
    cuts = 0
    while True:
        try:
            if not hall.fetch():
                break
        except NoNetwork:
            cuts += 1
            hall.updates = Updates(hall.versions, hall.world.terminal, hall.world.root, "T01")  # another process
        assert hall.ready() in ([], ["0.2.0"])
    assert cuts == 3
    assert hall.ready() == ["0.2.0"]
    shared = [start for name, start in hall.line.parts if name.startswith("shared")]
    assert shared[:5] == [0, 10, 10, 60, 60 + PIECE]
    assert shared == sorted(shared)
    assert list((hall.versions.folder / "coming").iterdir()) == []


def test_a_wheel_that_is_here_is_not_fetched_again(hall: Hall) -> None:
    hall.publish("0.2.0")
    hall.fetch_all()
    hall.line.parts.clear()
    hall.publish("0.3.0")
    hall.fetch_all()
    assert hall.ready() == ["0.3.0", "0.2.0"]
    assert {name for name, _start in hall.line.parts} == {"bianmin-0.3.0-py3-none-any.whl"}


def test_what_no_version_needs_any_more_is_removed(hall: Hall) -> None:
    hall.publish("0.2.0")
    hall.fetch_all()
    (hall.world.sources / "updates" / "0.2.0.yaml").unlink()
    hall.publish("0.3.0")
    hall.fetch_all()
    assert {p.name for p in hall.updates.wheels.iterdir()} == {
        "bianmin-0.3.0-py3-none-any.whl",
        "shared-1.0-py3-none-any.whl",
    }


def test_a_wheel_that_was_changed_on_the_way_is_refused(hall: Hall) -> None:
    hall.publish("0.2.0")
    hall.line.spoilt = b"PK\0\0"
    with pytest.raises(NotTaken, match="is not what was published"):
        hall.fetch_all()
    assert list(hall.updates.wheels.iterdir()) == []
    assert hall.ready() == []
    hall.line.spoilt = b""
    hall.fetch_all()
    assert hall.ready() == ["0.2.0"]


def test_a_wheel_that_was_changed_on_the_disk_is_fetched_again(hall: Hall) -> None:
    hall.publish("0.2.0")
    hall.fetch_all()
    place = hall.updates.wheels / "bianmin-0.2.0-py3-none-any.whl"
    place.write_bytes(place.read_bytes()[:-1] + b"!")
    assert hall.ready() == []
    hall.fetch_all()
    assert hall.ready() == ["0.2.0"]


def test_a_version_that_was_added_on_the_disk_is_none(hall: Hall) -> None:
    hall.publish("0.2.0")
    hall.fetch_all()
    text = (hall.versions.folder / "releases" / "0.2.0.yaml").read_text()
    (hall.versions.folder / "releases" / "0.9.0.yaml").write_text(text.replace("0.2.0", "0.9.0"))
    assert hall.ready() == ["0.2.0"]
    (hall.versions.folder / "releases" / "0.2.0.yaml").write_text(text + "share: 0\n")
    assert hall.ready() == []


def test_a_version_leaves_room_on_the_disk(hall: Hall) -> None:
    hall.publish("0.2.0")
    assert hall.fetch(room=0), "what a version is made of is small"
    with pytest.raises(NotTaken, match=r"0\.2\.0 needs 1 MB more"):
        hall.fetch(room=100)


def test_a_full_disk_is_no_reason_to_give_up_what_came(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    hall.publish("0.2.0")
    hall.fetch()
    hall.fetch()

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(NotTaken, match="No space left"):
            hall.fetch()
    hall.fetch_all()
    assert hall.ready() == ["0.2.0"]


def test_nothing_is_offered_that_has_ended(hall: Hall) -> None:
    hall.publish("0.2.0")
    hall.fetch_all()
    hall.world.clock.advance(91 * 86400)
    assert hall.ready() == []
    assert not hall.fetch()


# which version, and when


def next_version(hall: Hall, running: str = "0.1.0") -> str:
    offer = hall.updates.next(hall.world.clock.now(), running)
    return offer.release.version if offer else ""


def test_the_newest_is_taken_and_none_that_failed_or_is_older(hall: Hall) -> None:
    hall.publish("0.2.0", "0.10.0")
    hall.fetch_all()
    assert next_version(hall) == "0.10.0"
    hall.versions.fail("0.10.0", "it did not come up")
    assert next_version(hall) == "0.2.0"
    assert next_version(hall, "0.2.0") == ""
    assert next_version(hall, "0.10.0") == ""
    hall.versions.forgive("0.10.0")
    assert next_version(hall, "0.2.0") == "0.10.0"


def test_a_version_for_other_machines_is_passed_over(hall: Hall) -> None:
    own = make_wheel(hall.wheels, "0.2.0")
    other = "driver-1.0-cp311-cp311-win_amd64.whl"
    (hall.wheels / other).write_bytes(b"not for us")
    write_release(hall.world.sources, "0.2.0", [own, other])
    hall.publish()
    hall.fetch_all()
    assert next_version(hall) == ""
    assert list(hall.updates.wheels.iterdir()) == []


def test_a_share_grows_and_never_moves() -> None:
    def taking(share: int) -> set[int]:
        text = f"version: '0.2.0'\nwheels: [bianmin-0.2.0-py3-none-any.whl]\nshare: {share}"
        release = read(Release, text.encode())
        return {n for n in range(1000) if release.is_for(f"T{n:03}")}

    shares = [taking(share) for share in (0, 1, 10, 50, 100)]
    assert [a < b for a, b in itertools.pairwise(shares)] == [True] * 4
    assert shares[0] == set()
    assert len(shares[-1]) == 1000
    assert 60 < len(shares[2]) < 140


@pytest.mark.parametrize(
    ("begins", "ends", "at", "holds"),
    [
        (time(2), time(5), time(2), True),
        (time(2), time(5), time(5), False),
        (time(22), time(4), time(23), True),
        (time(22), time(4), time(3, 59), True),
        (time(22), time(4), time(12), False),
    ],
)
def test_a_night_may_have_midnight_in_it(begins: time, ends: time, at: time, holds: bool) -> None:
    assert UpdateSettings(begins=begins, ends=ends).holds(at) == holds


class Night:
    """An agent's share in it: what it starts is noted."""

    def __init__(self, hall: Hall, when: UpdateSettings | None = None) -> None:
        self.hall, self.notes = hall, hall.world.folder / "applied"
        note = f"import sys; open({str(self.notes)!r}, 'a').write(sys.argv[1])"
        apply = [sys.executable, "-IS", "-c", note]
        self.updater = Updater(hall.updates, hall.line, when or UpdateSettings(), "0.1.0", lambda: ROOM, apply)

    def work(self, at: datetime = NIGHT) -> str:
        """What is put in place then."""
        self.notes.unlink(missing_ok=True)
        while self.updater.work(at):
            pass
        started = self.updater._applying
        if started is not None:
            started.wait(20)
            self.updater._applying = None
        return self.notes.read_text() if self.notes.exists() else ""


def test_a_version_that_has_come_is_put_in_place_by_night_where_somebody_sees_to_it(hall: Hall) -> None:
    hall.publish("0.2.0", since="2026-03-03")
    night = Night(hall)
    with hall.versions.alone("start"):
        assert night.work(NIGHT - timedelta(hours=8)) == "", "by day"
        assert night.work(NIGHT - timedelta(days=1)) == "", "before its first day"
        assert night.work() == "0.2.0"
        assert Night(hall, UpdateSettings(automatic=False)).work() == ""
        hall.versions.fail("0.2.0", "it did not come up")
        assert night.work() == ""
        hall.versions.forgive("0.2.0")
    assert night.work() == "", "nobody would see to it"


def test_a_version_that_failed_is_told_until_a_better_one_comes(hall: Hall) -> None:
    hall.publish("0.2.0")
    night = Night(hall)
    night.work()
    assert not night.updater.failed
    hall.versions.fail("0.2.0", "it did not come up")
    night.work()
    assert night.updater.failed
    (hall.world.sources / "updates" / "0.2.0.yaml").unlink()
    hall.publish()
    night.work()
    assert not night.updater.failed


# beside the agent's other work


@pytest.fixture
def hands(terminal: Terminal, tmp_path: Path) -> Hands:
    return Hands(terminal, tmp_path)


@sqlite
def test_pieces_follow_one_another_but_for_cases(hands: Hands, terminal: Terminal) -> None:
    hands.updates.more = 4
    assert [hands.agent.turn() for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]
    assert hands.updates.asked == 4
    hands.updates.more = 100
    hands.agent._lanes[-1].at_once()
    hands.agent.turn()
    before = hands.updates.asked
    terminal.submit()
    hands.agent._case_lane.at_once()
    hands.agent.turn()
    assert terminal.cases.backlog() == 0
    assert hands.updates.asked == before, "a case goes first"
    hands.agent.turn()
    assert hands.updates.asked == before + 1


@sqlite
def test_a_version_that_was_not_well_is_told_to_the_hall_and_to_the_platform(
    hands: Hands, terminal: Terminal, platform: Platform
) -> None:
    hands.updates.failed = True
    hands.agent.turn()
    assert "update_failed" in json.loads(terminal.store.get("agent_status"))["faults"]
    assert json.loads(str(known(platform)["faults"])) == ["update_failed"]


def test_a_wheel_that_became_shorter_is_no_answer_without_an_end(hall: Hall) -> None:
    hall.publish("0.2.0")
    wheels = [p for p in (hall.world.folder / "wheels").rglob("*") if p.is_file() and p.stat().st_size > PIECE]
    size, name = wheels[0].stat().st_size, digest(wheels[0].read_bytes())
    assert len(b"".join(hall.world.repository.part(name, 0, size))) == size
    wheels[0].write_bytes(b"")
    with pytest.raises(FileNotFoundError):
        list(hall.world.repository.part(name, 0, size))
