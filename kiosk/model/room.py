"""How much room the disk must have for cases, and what stops where it has less. The rule stands here alone.

Nothing submitted is ever thrown away to make room: a terminal that may not be able to store a case says so before
the citizen begins. Who has begun finds the room that was set aside (``kiosk.store.room``).
"""

from __future__ import annotations

import os
from enum import IntEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, model_validator

MB = 1_000_000
BETTER = 1.1
"""A mark is left only when there is more room than it asks for by a tenth, so that nothing flickers."""


class Mark(IntEnum):
    """The lowest mark that the free room is below."""

    PLENTY = 0
    LOW = 1  # people are told, and what may go early goes
    NO_SCANS = 2  # nothing with papers begins
    FULL = 3  # nothing begins

    @property
    def fault(self) -> str:
        """Its code in the fault catalogue; empty where nothing is wrong."""
        return ("", "disk_low", "disk_scarce", "disk_full")[self]


class Disk(BaseModel):
    """One look at a file system: bytes and files that there is room for. ``files`` is None where it counts none."""

    model_config = ConfigDict(frozen=True)

    free: int
    files: int | None = None
    read_only: bool = False

    @classmethod
    def of(cls, folder: Path) -> Disk:
        """The file system under ``folder``. Raises OSError."""
        found = os.statvfs(folder)
        return cls(
            free=found.f_bavail * found.f_frsize,
            files=found.f_favail if found.f_files else None,
            read_only=bool(found.f_flag & os.ST_RDONLY),
        )


class Marks(BaseModel):
    """Free megabytes, and free files, below which each thing stops."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    low_mb: int = 2000
    no_scans_mb: int = 600
    full_mb: int = 200
    low_files: int = 20_000
    no_scans_files: int = 5_000
    full_files: int = 2_000

    @model_validator(mode="after")
    def _in_their_order(self) -> Marks:
        if not self.low_mb > self.no_scans_mb > self.full_mb > 0:
            raise ValueError("low_mb must be above no_scans_mb, and that above full_mb")
        if not self.low_files > self.no_scans_files > self.full_files > 0:
            raise ValueError("low_files must be above no_scans_files, and that above full_files")
        return self

    def of(self, disk: Disk, was: Mark = Mark.PLENTY) -> Mark:
        """Where ``disk`` stands now that it stood at ``was``."""
        reached = Mark.PLENTY
        for mark, megabytes, files in (
            (Mark.LOW, self.low_mb, self.low_files),
            (Mark.NO_SCANS, self.no_scans_mb, self.no_scans_files),
            (Mark.FULL, self.full_mb, self.full_files),
        ):
            slack = BETTER if was >= mark else 1
            if disk.free < megabytes * MB * slack or (disk.files is not None and disk.files < files * slack):
                reached = mark
        return reached
