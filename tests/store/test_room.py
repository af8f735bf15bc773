"""Room that is set aside is there when it is needed, and is given up only for what it was set aside for."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from kiosk.model.room import MB, Disk, Mark, Marks
from kiosk.store.database import Store
from kiosk.store.room import DrainRoom, Reserve, is_full


def taken(path: Path) -> int:
    """Bytes of the disk that a file really has."""
    return path.stat().st_blocks * 512 if path.exists() else 0


def no_room(_descriptor: int, _offset: int, _size: int) -> None:
    raise OSError(errno.ENOSPC, "no room")


def test_it_takes_its_room_once_and_gives_it_back(tmp_path: Path) -> None:
    path = tmp_path / "room"
    reserve = Reserve(path, 3 * MB)
    assert reserve.hold()
    assert taken(path) >= 3 * MB
    assert Reserve(path, 3 * MB).hold()  # the next process finds it
    reserve.release()
    assert taken(path) == 0
    assert reserve.hold()
    assert Reserve(path, 2 * MB).hold()  # the settings have changed
    assert path.stat().st_size == 2 * MB
    Reserve(tmp_path / "nowhere" / "room", MB).release()


def test_a_disk_without_room_says_so_and_nothing_stays_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "room"
    with monkeypatch.context() as full:
        full.setattr(os, "posix_fallocate", no_room)
        assert not Reserve(path, 3 * MB).hold()
    assert taken(path) == 0
    assert Reserve(path, 3 * MB).hold()


def test_a_folder_that_cannot_be_written_to_holds_nothing(tmp_path: Path) -> None:
    assert not Reserve(tmp_path / "nowhere" / "room", MB).hold()


def test_the_agents_room_is_given_up_when_a_write_has_failed_and_taken_back_when_there_is_plenty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "room"
    disk = Disk(free=1000 * MB)
    monkeypatch.setattr(Disk, "of", lambda _folder: disk)
    room = DrainRoom(tmp_path, Marks(), Reserve(path, 4 * MB))
    assert room.look() == Mark.LOW
    disk = Disk(free=0)
    assert room.look() == Mark.FULL
    assert taken(path) >= 4 * MB  # whoever fills the disk does not get it
    assert room.give_up()
    assert not room.give_up()
    seen = []
    for free in (4, 11, 13):
        disk = Disk(free=free * MB)
        room.look()
        seen.append(taken(path) > 0)
    # At 11 MB the room may be what a case is just being stored in.
    assert seen == [False, False, True]


def test_a_full_disk_is_told_from_a_broken_one(tmp_path: Path) -> None:
    assert is_full(OSError(errno.ENOSPC, ""))
    assert is_full(OSError(errno.EDQUOT, ""))
    assert not is_full(OSError(errno.EIO, ""))
    store = Store(tmp_path / "terminal.db", bytes(32))
    store.rows(f"PRAGMA max_page_count = {store.rows('PRAGMA page_count')[0][0]}")
    with pytest.raises(Exception, match="full") as full, store.transaction():
        store.put("key", "x" * 100_000)
    assert is_full(full.value)
    store.close()
