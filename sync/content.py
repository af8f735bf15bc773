"""Brings published files to the terminal: all that belong together, or none.

``metadata/`` is the memory of the TUF client; it only ever goes forward. ``sets/`` holds what was published at one
time, each set with the metadata that it is checked by at every load; the link ``current`` tells which one the terminal
offers, ``previous`` which one it can go back to.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Protocol

from tuf.api.exceptions import DownloadError, DownloadHTTPError, RepositoryError
from tuf.ngclient import FetcherInterface, Updater, UpdaterConfig

from kiosk.catalogue.loader import listed_in
from kiosk.durable import sync_folder, whole_or_not
from kiosk.model.result import Err, Ok
from sync.client import NotThere, Rejected
from sync.protocol.published import (
    FOLDERS,
    MAX_PACKAGE,
    MAX_SNAPSHOT,
    MAX_TARGETS,
    MAX_TIMESTAMP,
    Listed,
    is_known,
)
from sync.protocol.wire import MAX_ROOT

METADATA, FILES = "/v1/content/metadata/", "/v1/content/files/"
_LIMITS = UpdaterConfig(
    root_max_length=MAX_ROOT,
    timestamp_max_length=MAX_TIMESTAMP,
    snapshot_max_length=MAX_SNAPSHOT,
    targets_max_length=MAX_TARGETS,
)


class NotTaken(Rejected):
    """Published files that this terminal does not take: not signed as they must be, out of date, older than those it
    has, too large, or there is no room for them. It keeps those it has."""


class Source(Protocol):
    """Where files come from. ``pieces`` raises NotThere for what is not there."""

    def pieces(self, path: str) -> Iterator[bytes]: ...


class _Fetcher(FetcherInterface):
    def __init__(self, source: Source) -> None:
        self._source = source

    def _fetch(self, url: str) -> Iterator[bytes]:
        try:
            yield from self._source.pieces(url)
        except NotThere as missing:
            raise DownloadHTTPError(str(missing), 404) from None


class _Updater(Updater):
    """TUF's client, with our time in the place of the machine's clock, and metadata that outlives a power cut."""

    def __init__(self, folder: Path, source: Source, root: bytes, now: datetime) -> None:
        super().__init__(
            str(folder), METADATA, target_base_url=FILES, fetcher=_Fetcher(source), config=_LIMITS, bootstrap=root
        )
        # It knows no other way in; no date has been looked at before refresh().
        self._trusted_set.reference_time = now

    def _persist_file(self, filename: str, data: bytes) -> None:
        path = Path(filename)
        if not path.exists() or path.read_bytes() != data:
            with whole_or_not(path) as part:
                part.write_bytes(data)


def refresh(source: Source, folder: Path, root: bytes, now: datetime) -> bool:
    """Fetch what is new; True where the terminal offers another set afterwards.

    ``root``: what the terminal was told at its enrolment; ``now`` decides what has expired. A set that was damaged on
    the disk is fetched again. Raises NoNetwork, or NotTaken.
    """
    metadata = folder / "metadata"
    try:
        metadata.mkdir(parents=True, exist_ok=True)
        updater = _Updater(metadata, source, root, now)
        updater.refresh()
        files = listed_in(metadata, root)
        if isinstance(files, Err):
            raise NotTaken(f"what was just fetched is {files.error}")
        latest = files.value
        if _unwanted(folder) == latest.version or _is_whole(folder, latest, root):
            return False
        _gather(updater, folder, latest)
        _offer(folder, latest.version)
    except (RepositoryError, DownloadError, OSError) as bad:
        raise NotTaken(f"{type(bad).__name__}: {bad}") from bad
    return True


def go_back(folder: Path) -> bool:
    """Offer the set before the present one again, until something newer is published; False where there is none."""
    current, previous = folder / "current", folder / "previous"
    if not previous.exists() or previous.resolve() == current.resolve():
        return False
    with whole_or_not(folder / "unwanted") as part:
        part.write_text(str(_version(current)))
    _point(current, previous.resolve())
    return True


def _unwanted(folder: Path) -> int:
    """The version that staff went back from; 0: none."""
    try:
        return int((folder / "unwanted").read_text())
    except (FileNotFoundError, ValueError):
        return 0


def _version(link: Path) -> int:
    """Of the set that ``link`` points to; 0 where there is none."""
    number = link.resolve().name.partition("-")[0] if link.exists() else ""
    return int(number) if number.isdigit() else 0


def _wanted(files: Listed) -> list[str]:
    return [path for path in files.paths if is_known(path)]


def _there(folder: Path) -> set[str]:
    """The published files in ``folder``, by their paths."""
    return {f"{path.parent.name}/{path.name}" for name in FOLDERS for path in (folder / name).glob("*")}


def _is_whole(folder: Path, files: Listed, root: bytes) -> bool:
    """Whether the present set is what ``files`` lists, with nothing missing, changed or added."""
    current = folder / "current"
    try:
        if (current / "targets.json").read_bytes() != (folder / "metadata" / "targets.json").read_bytes():
            return False
        there = _there(current)
        return (
            isinstance(listed_in(current, root), Ok)
            and there == set(_wanted(files))
            and all((current / path).stat().st_size == files.size(path) for path in there)
            and all(files.fits(path, (current / path).read_bytes()) for path in there)
        )
    except OSError:
        return False


def _gather(updater: Updater, folder: Path, files: Listed) -> None:
    """Put the new set together in ``coming``, going on where the last try stopped."""
    coming, metadata = folder / "coming", folder / "metadata"
    wanted = _wanted(files)
    for name in FOLDERS:
        (coming / name).mkdir(parents=True, exist_ok=True)
    for stray in _there(coming) - set(wanted):
        (coming / stray).unlink()
    for path in wanted:
        told = updater.get_targetinfo(path)
        if told is None or told.length > MAX_PACKAGE:
            raise NotTaken(f"{path} is larger than {MAX_PACKAGE} bytes")
        if updater.find_cached_target(told, str(coming / path)):
            continue
        if updater.find_cached_target(told, str(folder / "current" / path)):
            shutil.copyfile(folder / "current" / path, coming / path)
        else:
            updater.download_target(told, str(coming / path))
    shutil.copytree(metadata / "root_history", coming / "root_history", dirs_exist_ok=True)
    shutil.copyfile(metadata / "targets.json", coming / "targets.json")


def _offer(folder: Path, version: int) -> None:
    """Make ``coming`` the present set: before the link moves the old one is there, afterwards the new one."""
    sets, current, previous = folder / "sets", folder / "current", folder / "previous"
    sets.mkdir(exist_ok=True)
    for path in (folder / "coming").rglob("*"):
        if path.is_dir():
            sync_folder(path)
        else:
            _sync_file(path)
    sync_folder(folder / "coming")
    new = next(p for p in (sets / f"{version}-{n}" for n in count()) if not p.exists())
    (folder / "coming").rename(new)
    sync_folder(sets)
    if current.exists() and _version(current) != version:
        _point(previous, current.resolve())
    _point(current, new)
    kept = {current.resolve(), previous.resolve()}
    for path in sets.iterdir():
        if path.resolve() not in kept:
            shutil.rmtree(path)


def _sync_file(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _point(link: Path, target: Path) -> None:
    part = link.with_name(f"{link.name}.part")
    part.unlink(missing_ok=True)
    part.symlink_to(Path("sets") / target.name)
    part.rename(link)
    sync_folder(link.parent)
