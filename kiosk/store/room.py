"""Room on the disk that is set aside as a file, so that it is there when it is needed."""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path

import sqlcipher3

from kiosk.model.room import Disk, Mark, Marks

CASE_RESERVE, DRAIN_RESERVE = "room-for-a-case", "room-to-send"
"""Names in the state folder: what the visit that has begun will need, and what the agent needs to send and wipe."""
STORE_ERRORS: tuple[type[Exception], ...] = (OSError, sqlcipher3.DatabaseError)
"""What a write may raise where the disk is full, broken or not to be written to."""


class Reserve:
    """``size`` bytes of the disk, held by a file of zeros. They outlive the process that took them."""

    def __init__(self, path: Path, size: int) -> None:
        self._path, self.size = path, size

    def hold(self) -> bool:
        """Take what is not taken yet; False where the disk has not so much (then nothing is taken)."""
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            return False
        try:
            held = os.fstat(descriptor)
            if held.st_size != self.size or held.st_blocks * 512 < self.size:
                os.ftruncate(descriptor, self.size)
                os.posix_fallocate(descriptor, 0, self.size)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(descriptor, 0)
            return False
        finally:
            os.close(descriptor)
        return True

    def release(self) -> None:
        """Give it to whoever writes next. A disk that cannot even do that has its say at the write itself."""
        with contextlib.suppress(OSError):
            os.truncate(self._path, 0)


class DrainRoom:
    """What the agent knows of the disk under ``folder``, and the room that is set aside for its own work: sending and
    wiping write a little before they free much."""

    def __init__(self, folder: Path, marks: Marks, reserve: Reserve) -> None:
        self._folder, self._marks, self._reserve = folder, marks, reserve
        self._mark = Mark.PLENTY
        self._held = reserve.hold()
        self.free = 0

    def look(self) -> Mark:
        """The mark that the disk is below now. What was given up is taken again once there is plenty for it."""
        try:
            disk = Disk.of(self._folder)
        except OSError:
            return self._mark
        self.free = disk.free
        # Not sooner: what has just become free may be the room of a case that is being stored.
        if not self._held and disk.free > 3 * self._reserve.size:
            self._held = self._reserve.hold()
        self._mark = self._marks.of(disk, self._mark)
        return self._mark

    def give_up(self) -> bool:
        """A write has found the disk full to the brim: the next may use the reserve. False where it is gone already.

        Not before that: what is merely free goes to whoever fills the disk.
        """
        held, self._held = self._held, False
        self._reserve.release()
        return held


def is_full(error: Exception) -> bool:
    """Whether a write failed because there is no room, and not for another reason."""
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    return isinstance(error, sqlcipher3.OperationalError) and "disk is full" in str(error)
