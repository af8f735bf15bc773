"""Versions of the program on this terminal: which one runs, which one it can go back to, what is to be tried.

``updates/`` in the state folder. Each version is a folder of its own in ``versions/``, a whole Python environment; the
one that the machine was set up with is a link to where that lies, and never goes. The link ``current`` tells which one
is started, ``previous`` which one ran before. A version is on trial from the moment that ``current`` points to it until
it has said that it is well; whoever starts meanwhile takes it back. Files here are whole or not there, so a process may
end between any two steps.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import IO

from pydantic import BaseModel, ConfigDict, ValidationError

from kiosk.durable import sync_folder, whole_or_not

STORE = ("terminal.db", "terminal.db-wal")
"""What a trial may change: the database, and what was written to it last. ``-shm`` is made anew."""


LOOK = 0.1
"""Seconds between two looks at a lock."""
SAFE = {"PYTHONSAFEPATH": "1"}
"""For the environment of a version's processes: nothing is imported from the folder in which they are started."""
WELL, GO = b"well", b"go"
"""What a version on trial says to whoever tries it once it could serve, and the answer: nobody is served before."""


class Trial(BaseModel):
    """``folder`` was started in the place of ``before``; both are names in ``versions/``."""

    model_config = ConfigDict(frozen=True)

    folder: str
    before: str


class Failures(BaseModel):
    """Versions that were not well here, and why, in a sentence; they are not tried again by themselves."""

    why: dict[str, str] = {}


@dataclass(frozen=True)
class Installed:
    """One version that is whole on the disk."""

    folder: str
    version: str


def name_of(folder: str) -> str:
    """The version in ``folder``."""
    return folder.rpartition("-")[0]


class Versions:
    """The folder ``updates`` in the state folder ``state``."""

    def __init__(self, state: Path) -> None:
        self.state, self.folder = state, state / "updates"
        self._versions = self.folder / "versions"
        self._current, self._previous = self.folder / "current", self.folder / "previous"

    # what is there

    @property
    def base(self) -> str:
        """The version that the machine was set up with; empty before ``set_up``."""
        return next((path.name for path in self._versions.glob("*-base") if path.is_symlink()), "")

    @property
    def current(self) -> str:
        """The folder of the version that is started."""
        return self._pointed(self._current) or self.base

    @property
    def previous(self) -> str:
        """The folder of the version before; empty where there is none to go back to."""
        found = self._pointed(self._previous)
        return "" if found == self.current else found

    def python(self, folder: str) -> Path:
        """The interpreter of a version. It is named by its own folder, never by a link that may move under it."""
        return self._versions / folder / "bin" / "python"

    def installed(self) -> list[Installed]:
        """Every version that can be started, the one of the set-up first."""
        base = self.base
        whole = sorted(path.parent.name for path in self._versions.glob("*/whole"))
        return [Installed(folder, name_of(folder)) for folder in [*filter(None, [base]), *whole]]

    def set_up(self, environment: Path, version: str) -> None:
        """The machine was set up with ``version`` in ``environment``. One that is new there is the one to start."""
        name = f"{version}-base"
        link = self._versions / name
        if link.is_symlink() and link.readlink() == environment:
            return
        self._versions.mkdir(parents=True, exist_ok=True)
        for old in self._versions.glob("*-base"):
            old.unlink()
        link.symlink_to(environment)
        sync_folder(self._versions)
        self._point(self._current, name)

    def _pointed(self, link: Path) -> str:
        try:
            name = link.readlink().name
        except OSError:
            return ""
        return name if any(name == installed.folder for installed in self.installed()) else ""

    # building

    @contextlib.contextmanager
    def alone(self, name: str, patience: float = 0.0) -> Iterator[bool]:
        """Hold the lock ``name`` (``build`` or ``start``); False where another process has it for ``patience`` seconds
        to come."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        until = time.monotonic() + patience
        with (self.folder / f"{name}.lock").open("w") as lock:
            while not (held := _locked(lock)) and time.monotonic() < until:
                time.sleep(LOOK)
            yield held

    @property
    def watched(self) -> bool:
        """Whether somebody is there who takes over what is wanted (``kiosk start``)."""
        with self.alone("start") as free:
            return not free

    def new_folder(self, version: str) -> Path:
        """A folder to build ``version`` in. It counts only once ``keep`` was called; what was left half built goes."""
        self._versions.mkdir(parents=True, exist_ok=True)
        self.drop_unfinished()
        return next(p for n in count() if not (p := self._versions / f"{version}-{n}").exists())

    def drop_unfinished(self) -> None:
        """Remove what is not whole."""
        for path in self._versions.iterdir():
            if not path.is_symlink() and not (path / "whole").exists():
                shutil.rmtree(path, ignore_errors=True)

    def keep(self, folder: Path) -> None:
        """All of ``folder`` is on the disk, and it is a version, when it returns. Raises OSError."""
        os.sync()  # all at once first; what follows tells whether it went well
        for path in folder.rglob("*"):
            if path.is_dir() and not path.is_symlink():
                sync_folder(path)
            elif path.is_file() and not path.is_symlink():
                with path.open("rb") as file:
                    os.fsync(file.fileno())
        sync_folder(folder.parent)
        self._write(folder / "whole", "")

    def prune(self) -> None:
        """Remove versions that nobody can go back to."""
        trial = self.trial
        kept = {self.base, self.current, self.previous, self.wanted, trial.before if trial else ""}
        for installed in self.installed():
            if installed.folder not in kept:
                path = self._versions / installed.folder
                (path / "whole").unlink()
                shutil.rmtree(path)

    # what is to be tried

    @property
    def wanted(self) -> str:
        """The folder that is to be started when nobody uses the terminal; empty: none."""
        with contextlib.suppress(OSError):
            folder = (self.folder / "wanted").read_text()
            if folder != self.current and any(folder == i.folder for i in self.installed()):
                return folder
        return ""

    def want(self, folder: str) -> None:
        """Have ``folder`` started, durably."""
        self.forgive(name_of(folder))
        self._write(self.folder / "wanted", folder)

    def give_up(self) -> None:
        """What is wanted is wanted no more."""
        self._forget("wanted")

    @property
    def trial(self) -> Trial | None:
        """The version that has not said yet that it is well."""
        try:
            return Trial.model_validate_json((self.folder / "trial").read_bytes())
        except (OSError, ValidationError):
            return None

    def begin_trial(self, folder: str) -> None:
        """Point ``current`` to ``folder``. Nothing of this terminal may run. Raises OSError."""
        kept = self.folder / "store"
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir()
        if (self.state / STORE[0]).exists():
            for name in STORE:
                (self.state / name).touch()  # an empty one says that there is nothing in it
                with whole_or_not(kept / name, mode=0o600) as part:
                    shutil.copyfile(self.state / name, part)
        self._write(self.folder / "trial", Trial(folder=folder, before=self.current).model_dump_json())
        self._point(self._current, folder)
        self._forget("wanted")

    def end_trial(self) -> None:
        """It is well: from here on it is the version of this terminal."""
        trial = self.trial
        if trial is not None:
            self._point(self._previous, trial.before)
            self._forget("trial")
            shutil.rmtree(self.folder / "store", ignore_errors=True)

    def take_back(self, why: str) -> str:
        """End a trial that went wrong, if there is one: the version before, and the store as it left it. Returns the
        version that failed, or nothing. Nothing was handed in meanwhile, for a trial serves nobody.

        It may be repeated: until its last step the trial is there. Raises OSError.
        """
        trial = self.trial
        if trial is None:
            self._forget("trial")
            return ""
        if self._pointed(self._current) != trial.folder:
            self._forget("trial")  # it has not been started yet, and is still wanted
            return ""
        failed = name_of(trial.folder)
        with contextlib.suppress(OSError):  # a disk that is full to the brim keeps nobody from going back
            if failed not in self.failures:
                self.fail(failed, why)
        # Moved, not copied: that needs no room. What is not there any more was moved by an earlier try.
        for name in STORE:
            if (self.folder / "store" / name).exists():
                (self.folder / "store" / name).rename(self.state / name)
        (self.state / f"{STORE[0]}-shm").unlink(missing_ok=True)
        sync_folder(self.state)
        self._point(self._current, trial.before)
        self._forget("wanted")
        self._forget("trial")
        shutil.rmtree(self.folder / "store", ignore_errors=True)
        return failed

    # what went wrong

    @property
    def failures(self) -> dict[str, str]:
        """Versions that were not well here, and why."""
        try:
            return Failures.model_validate_json((self.folder / "failed").read_bytes()).why
        except (OSError, ValidationError):
            return {}

    def fail(self, version: str, why: str) -> None:
        """Remember that ``version`` was not well."""
        self._write(self.folder / "failed", Failures(why={**self.failures, version: why}).model_dump_json())

    def forgive(self, version: str) -> None:
        """Somebody wants ``version`` tried once more."""
        left = {v: why for v, why in self.failures.items() if v != version}
        if left != self.failures:
            self._write(self.folder / "failed", Failures(why=left).model_dump_json())

    # files

    def _write(self, path: Path, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with whole_or_not(path) as part:
            part.write_text(text)

    def _forget(self, name: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            (self.folder / name).unlink()
            sync_folder(self.folder)

    def _point(self, link: Path, folder: str) -> None:
        part = link.with_name(f"{link.name}.part")
        part.unlink(missing_ok=True)
        part.symlink_to(Path("versions") / folder)
        part.rename(link)
        sync_folder(self.folder)


def _locked(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
