"""Sealed files at the platform: received in pieces, resumed at the byte, complete only when the digest fits."""

from __future__ import annotations

import contextlib
import fcntl
import heapq
import os
import re
from collections.abc import Collection
from pathlib import Path
from typing import Protocol

from kiosk.durable import sync_folder
from sync.protocol.canonical import digest as digest_of
from sync.protocol.canonical import digest_of_file
from sync.protocol.envelope import MAX_BLOB

_DIGEST = re.compile(r"^(sha256|sm3):([0-9a-f]{64})$")


def _digest_of(path: Path, algorithm: str, content: bytes = b"") -> str:
    """The digest of a file; ``content``: what is in it, where that is at hand and need not be read again."""
    return digest_of(content, algorithm) if content else digest_of_file(path, algorithm)


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None


class BlobError(ValueError):
    """A request that names no blob, or a place in it that does not fit."""


def name_of(digest: str) -> str:
    """The name under which a blob is kept. Raises BlobError for what is no digest."""
    match = _DIGEST.match(digest)
    if match is None:
        raise BlobError("not a digest")
    # Names of the two never meet: the older stays as it is, so that nothing moves.
    return match[2] if match[1] == "sha256" else f"sm3-{match[2]}"


def digest_in(name: str) -> str:
    """The digest of the blob that is kept as ``name``; empty where none is."""
    digest = f"sm3:{name[4:]}" if name.startswith("sm3-") else f"sha256:{name}"
    return digest if _DIGEST.match(digest) else ""


def check_place(have: int, offset: int, size: int, total: int) -> None:
    """Raises BlobError unless ``size`` bytes at ``offset`` go on where ``have`` bytes of ``total`` end."""
    if offset != have or not 0 < total <= MAX_BLOB or offset + size > total:
        raise BlobError(f"offset {have}")


class Blobs(Protocol):
    """Where sealed files are kept, by the digest of their content."""

    def offset(self, digest: str) -> tuple[int, bool]:
        """``(bytes that are here, whether the blob is complete)``. Raises BlobError."""
        ...

    def append(self, digest: str, offset: int, data: bytes, total: int) -> bool:
        """Add ``data`` at ``offset`` (it must be where the part ends); True once the blob is complete and durable. No
        data at the end completes what a process that died has left with all its bytes.

        Raises BlobError for another offset, too many bytes, or a digest that does not fit at the end; the part
        is then thrown away, for nobody can tell which bytes are wrong.
        """
        ...

    def sizes(self, digests: Collection[str]) -> dict[str, int]:
        """The sizes of those blobs that are complete. Raises BlobError."""
        ...

    def settle(self) -> None:
        """Every blob that is complete is durable when it returns."""
        ...

    def read(self, digest: str) -> bytes:
        """The bytes of a complete blob, hidden or not. Raises FileNotFoundError, or OSError where the storage fails."""
        ...

    def read_part(self, digest: str, start: int, size: int) -> bytes:
        """Up to ``size`` bytes of a complete blob from ``start`` on. Raises FileNotFoundError."""
        ...

    # what is left over (``sync.hub.leftovers``)

    def complete(self, after: str, most: int) -> list[tuple[str, float]]:
        """Up to ``most`` complete blobs and since when each is here (Unix time), in the order of their names from
        ``after`` on."""
        ...

    def hide(self, digest: str, now: float) -> bool:
        """Only ``read`` finds the blob from now on; False where it was not here."""
        ...

    def hidden(self) -> list[tuple[str, float]]:
        """Hidden blobs, and since when each is."""
        ...

    def show(self, digest: str) -> None:
        """The end of hiding."""
        ...

    def remove(self, digest: str) -> None:
        """Remove a hidden blob. One that has been brought anew meanwhile stays."""
        ...

    def drop_parts(self, before: float) -> int:
        """Remove parts that have not grown since ``before``; returns how many."""
        ...


class FolderBlobs:
    """A folder; a blob's name is its digest. A part's length on disk is its offset: no record can disagree."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._parts, self._hidden = folder, folder / "parts", folder / "hidden"
        for inside in (self._parts, self._hidden):
            inside.mkdir(parents=True, exist_ok=True, mode=0o700)

    def offset(self, digest: str) -> tuple[int, bool]:
        name = name_of(digest)
        whole = _size(self._folder / name)
        return (_size(self._parts / name) or 0, False) if whole is None else (whole, True)

    def append(self, digest: str, offset: int, data: bytes, total: int) -> bool:
        name = name_of(digest)
        whole, part = self._folder / name, self._parts / name
        if whole.exists():
            return True
        check_place(_size(part) or 0, offset, len(data), total)
        with part.open("ab") as out:
            # A terminal that lost the answer sends again while the first request is still at work.
            fcntl.flock(out, fcntl.LOCK_EX)
            if whole.exists():
                part.unlink(missing_ok=True)  # made anew by opening it
                return True
            status = os.fstat(out.fileno())
            if status.st_nlink == 0:
                raise BlobError("offset 0")
            check_place(status.st_size, offset, len(data), total)
            try:
                out.write(data)
                out.flush()
                os.fsync(out.fileno())
            except OSError:
                # After a failed sync nobody knows what is on the disk, and a second one may say that all is well.
                part.unlink(missing_ok=True)
                raise
            if offset + len(data) < total:
                return False
            if _digest_of(part, digest.partition(":")[0], b"" if offset else data) != digest:
                part.unlink()
                raise BlobError("the content does not have this digest")
            part.rename(whole)
            self.settle()
        return True

    def sizes(self, digests: Collection[str]) -> dict[str, int]:
        found, folder = {}, str(self._folder)
        for digest in digests:
            try:
                found[digest] = os.stat(f"{folder}/{name_of(digest)}").st_size  # noqa: PTH116 - half the time of a Path
            except FileNotFoundError:
                continue
        return found

    def settle(self) -> None:
        # One may have been renamed by another request, whose own sync of the folder is still to come.
        sync_folder(self._folder)

    def read(self, digest: str) -> bytes:
        name = name_of(digest)
        for place in (self._folder / name, self._hidden / name):
            with contextlib.suppress(FileNotFoundError):
                return place.read_bytes()
        # Between the two looks it may have been shown again.
        return (self._folder / name).read_bytes()

    def read_part(self, digest: str, start: int, size: int) -> bytes:
        with (self._folder / name_of(digest)).open("rb") as whole:
            whole.seek(start)
            return whole.read(size)

    def complete(self, after: str, most: int) -> list[tuple[str, float]]:
        with os.scandir(self._folder) as entries:
            names = heapq.nsmallest(most, (e.name for e in entries if e.name > after and digest_in(e.name)))
        return self._since(self._folder, names)

    def hide(self, digest: str, now: float) -> bool:
        name = name_of(digest)
        try:
            os.utime(self._folder / name, (now, now))
            (self._folder / name).rename(self._hidden / name)
        except FileNotFoundError:
            return False
        sync_folder(self._hidden)
        return True

    def hidden(self) -> list[tuple[str, float]]:
        return self._since(self._hidden, sorted(path.name for path in self._hidden.iterdir()))

    def show(self, digest: str) -> None:
        name = name_of(digest)
        with contextlib.suppress(FileNotFoundError):
            (self._hidden / name).rename(self._folder / name)
            self.settle()

    def remove(self, digest: str) -> None:
        (self._hidden / name_of(digest)).unlink(missing_ok=True)

    def drop_parts(self, before: float) -> int:
        dropped = 0
        for part in self._parts.iterdir():
            with contextlib.suppress(FileNotFoundError), part.open("rb") as held:
                # Not while a piece is being added; who waits for the lock finds the part gone, and begins anew.
                fcntl.flock(held, fcntl.LOCK_EX)
                if os.fstat(held.fileno()).st_mtime < before:
                    part.unlink()
                    dropped += 1
        return dropped

    @staticmethod
    def _since(folder: Path, names: list[str]) -> list[tuple[str, float]]:
        found = []
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                found.append((digest_in(name), (folder / name).stat().st_mtime))
        return found
