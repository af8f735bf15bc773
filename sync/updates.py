"""Brings new versions of the program to the terminal, piece by piece, and has the newest one put in place at night.

Which versions there are, and what each file must be, is told by the set of published files that the terminal offers
(``sync.content``): the publisher's word, verified again at each look. ``releases/`` and ``wheels/`` hold what is whole
and has its digest, ``coming/`` what is still on its way.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from packaging.version import Version

from kiosk.catalogue.loader import listed_in
from kiosk.catalogue.release import Release
from kiosk.catalogue.written import read
from kiosk.config import UpdateSettings
from kiosk.durable import sync_folder, whole_or_not
from kiosk.model.clock import HALL_ZONE
from kiosk.model.result import Err
from kiosk.versions import Versions
from sync.content import FILES, NotTaken
from sync.protocol.published import MAX_PACKAGE, MAX_WHEEL, RELEASE, Listed

PIECE, LARGEST_PIECE = 256 * 1024, 4_000_000
"""Bytes asked for at a time: at the beginning and on a slow line, and on a fast one."""
QUICK = 1.0
"""Seconds that a piece may take, for that long a case that is handed in meanwhile waits."""


class Source(Protocol):
    """Where files come from; raises NotThere for what is not there."""

    def pieces(self, path: str) -> Generator[bytes]: ...

    def part(self, path: str, start: int, size: int) -> Generator[bytes]: ...


@dataclass(frozen=True)
class Offer:
    """A published version, and the signed list that its files are checked by."""

    release: Release
    files: Listed

    @property
    def wheels(self) -> list[str]:
        """Paths among the published files."""
        return [f"wheels/{name}" for name in self.release.wheels]


class Updates:
    """What is published for this terminal, and what of it is here.

    ``content`` is the folder of published sets, ``root`` what the terminal was told at its enrolment, ``terminal`` its
    name.
    """

    def __init__(self, versions: Versions, content: Path, root: bytes, terminal: str) -> None:
        self.versions = versions
        self._content, self._root, self._terminal = content, root, terminal
        self._releases, self.wheels = versions.folder / "releases", versions.folder / "wheels"
        self._coming = versions.folder / "coming"
        self._piece = PIECE

    # what there is

    def listed(self, now: datetime) -> Listed | None:
        """What is published; None where nothing is, or its time has passed."""
        found = listed_in(self._content / "current", self._root)
        if isinstance(found, Err) or now >= found.value.expires:
            return None
        return found.value

    def offers(self, now: datetime) -> list[Offer]:
        """The versions that this terminal can run and knows of, the newest first."""
        files = self.listed(now)
        found = []
        for path in filter(RELEASE.match, files.paths if files else []):
            assert files is not None
            with suppress(OSError, ValueError):
                content = (self._releases / Path(path).name).read_bytes()
                release = read(Release, content)
                if files.fits(path, content) and release.runs_here() and _all_listed(release, files):
                    found.append(Offer(release, files))
        return sorted(found, key=lambda offer: offer.release.number, reverse=True)

    def next(self, now: datetime, running: str) -> Offer | None:
        """The version to take in the place of ``running``; None where that is the newest that does here."""
        for offer in self.offers(now):
            if offer.release.number <= Version(running):
                return None
            if offer.release.is_for(self._terminal) and offer.release.version not in self.versions.failures:
                return offer
        return None

    def missing(self, offer: Offer) -> int:
        """Bytes of ``offer`` that are not here yet."""
        return sum(offer.files.size(path) - _size(self._part(offer.files, path)) for path in self._absent(offer))

    def sound(self, offer: Offer) -> bool:
        """Whether all of ``offer`` is here and has the digests that are signed. Reads all of it."""
        for path in offer.wheels:
            try:
                with self._place(path).open("rb") as file:
                    fits = offer.files.fits(path, file)
            except OSError:
                return False
            if not fits:
                self._place(path).unlink()  # it is fetched anew
                return False
        return True

    def _absent(self, offer: Offer) -> list[str]:
        return [path for path in offer.wheels if _size(self._place(path)) != offer.files.size(path)]

    def _place(self, path: str) -> Path:
        return self.wheels / Path(path).name

    def _part(self, files: Listed, path: str) -> Path:
        return self._coming / f"{files.digest(path)}.{Path(path).name}"

    # fetching

    def fetch(self, source: Source, now: datetime, running: str, room: int) -> bool:
        """Fetch one piece of what is wanted; False where there is nothing to fetch. ``room``: bytes of the disk that
        may be used. Raises NoNetwork, or NotTaken where a file is not what it should be, or does not fit in."""
        files = self.listed(now)
        if files is None:
            return False
        try:
            for folder in (self._releases, self.wheels, self._coming):
                folder.mkdir(parents=True, exist_ok=True)
            for path in filter(RELEASE.match, files.paths):
                if self._fetched_release(source, files, path):
                    return True
            offer = self.next(now, running)
            absent = self._absent(offer) if offer else []
            if offer is None or not absent:
                self._tidy(self.offers(now), Version(running))
                return False
            if self.missing(offer) > room:
                raise NotTaken(f"{offer.release.version} needs {self.missing(offer) // 1_000_000 + 1} MB more of room")
            self._fetch_wheel(source, files, absent[0])
        except OSError as bad:
            raise NotTaken(f"{type(bad).__name__}: {bad}") from bad
        return True

    def _fetched_release(self, source: Source, files: Listed, path: str) -> bool:
        """Fetch what a version is made of, unless it is here."""
        place = self._releases / Path(path).name
        with suppress(OSError):
            if files.fits(path, place.read_bytes()):
                return False
        content = bytearray()
        if files.size(path) > MAX_PACKAGE:
            raise NotTaken(f"{path} is larger than {MAX_PACKAGE} bytes")
        with closing(source.pieces(_address(files, path))) as pieces:
            for piece in pieces:
                content += piece
                if len(content) > files.size(path):
                    break
        if not files.fits(path, bytes(content)):
            raise NotTaken(f"{path} is not what was published")
        with whole_or_not(place) as part:
            part.write_bytes(content)
        return True

    def _fetch_wheel(self, source: Source, files: Listed, path: str) -> None:
        """The next piece of a wheel; what has come is kept, whatever happens next."""
        part, total = self._part(files, path), files.size(path)
        if total > MAX_WHEEL:
            raise NotTaken(f"{path} is larger than {MAX_WHEEL} bytes")
        have = _size(part)
        if have < total:
            self._append(source, _address(files, path), part, have, total)
        if _size(part) < total:
            return
        with part.open("rb") as file:
            fits = files.fits(path, file)
        if not fits:
            part.unlink()  # nobody can tell which bytes are wrong
            raise NotTaken(f"{path} is not what was published")
        part.rename(self._place(path))
        sync_folder(self.wheels)

    def _append(self, source: Source, address: str, part: Path, have: int, total: int) -> None:
        begun, size = time.monotonic(), min(self._piece, total - have)
        with part.open("ab") as out, closing(source.part(address, have, size)) as pieces:
            try:
                for piece in pieces:
                    out.write(piece[: total - out.tell()])
                    if out.tell() >= have + size or time.monotonic() - begun > QUICK:
                        break
            finally:
                out.flush()
                os.fsync(out.fileno())
        took = time.monotonic() - begun
        if took < QUICK / 2:
            self._piece = min(self._piece * 2, LARGEST_PIECE)
        elif took > QUICK:
            self._piece = max(self._piece // 2, PIECE)

    def _tidy(self, offers: list[Offer], running: Version) -> None:
        """Remove what no version needs that is as new as the one that runs."""
        needed = {name for o in offers if o.release.number >= running for name in o.release.wheels}
        for path in self.wheels.iterdir():
            if path.name not in needed:
                path.unlink()
        for path in self._coming.iterdir():
            path.unlink()


class Updater:
    """What the agent does for new versions: one piece a time, and by night, once all is here, the start of what puts it
    in place. ``failed`` tells whether a published version was not well here."""

    def __init__(
        self,
        updates: Updates,
        source: Source,
        when: UpdateSettings,
        running: str,
        room: Callable[[], int],
        apply: Sequence[str],
    ) -> None:
        """``running``: the version of this program; ``room``: bytes of the disk that may be used; ``apply``: the
        command that puts a version in place, to which its name is added."""
        self._updates, self._source, self._when = updates, source, when
        self._running, self._room, self._apply = running, room, list(apply)
        self._applying: subprocess.Popen[bytes] | None = None
        self.failed = False

    def work(self, now: datetime) -> bool:
        """Fetch a piece; True where the next may follow at once. ``now`` is trusted time. Raises NoNetwork or
        NotTaken."""
        if self._applying is not None and self._applying.poll() is None:
            return False
        offers, failures = self._updates.offers(now), self._updates.versions.failures
        self.failed = any(o.release.version in failures and o.release.number > Version(self._running) for o in offers)
        if self._updates.fetch(self._source, now, self._running, self._room()):
            return True
        offer = self._updates.next(now, self._running)
        local = now.astimezone(HALL_ZONE)
        if (
            offer is not None
            and self._when.automatic
            and self._when.holds(local.time())
            and offer.release.holds(local.date())
            and not self._updates.versions.wanted
            and self._updates.versions.watched
        ):
            self._applying = subprocess.Popen([*self._apply, offer.release.version], stdin=subprocess.DEVNULL)
        return False


def _address(files: Listed, path: str) -> str:
    folder, _slash, name = path.rpartition("/")
    return f"{FILES}{folder}/{files.digest(path)}.{name}"


def _all_listed(release: Release, files: Listed) -> bool:
    return all(f"wheels/{name}" in files.paths for name in release.wheels)


def _size(path: Path) -> int:
    """Bytes of a file; 0 where there is none."""
    try:
        return path.stat().st_size
    except OSError:
        return 0
