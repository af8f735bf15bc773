"""Sealed files at the platform: received in pieces, resumed at the byte, complete only when the digest fits."""

from __future__ import annotations

import os
import re
from pathlib import Path

from sync.protocol.canonical import hasher

_DIGEST = re.compile(r"^(sha256|sm3):([0-9a-f]{64})$")
MAX_BLOB = 200_000_000


PIECE = 1 << 20


def _digest_of(path: Path, algorithm: str) -> str:
    hashing = hasher(algorithm)
    with path.open("rb") as whole:
        while piece := whole.read(PIECE):
            hashing.update(piece)
    return f"{algorithm}:{hashing.finalize().hex()}"


class BlobError(ValueError):
    """A request that names no blob, or a place in it that does not fit."""


class BlobStore:
    """A folder; a blob's name is its digest. A part's length on disk is its offset: no record can disagree."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        (folder / "parts").mkdir(parents=True, exist_ok=True, mode=0o700)

    def _name(self, digest: str) -> str:
        match = _DIGEST.match(digest)
        if match is None:
            raise BlobError("not a digest")
        # Names of the two never meet: the older stays as it is, so that nothing moves.
        return match[2] if match[1] == "sha256" else f"sm3-{match[2]}"

    def offset(self, digest: str) -> tuple[int, bool]:
        """``(bytes that are here, whether the blob is complete)``."""
        name = self._name(digest)
        whole = self._folder / name
        if whole.exists():
            return whole.stat().st_size, True
        part = self._folder / "parts" / name
        return (part.stat().st_size if part.exists() else 0), False

    def append(self, digest: str, offset: int, data: bytes, total: int) -> bool:
        """Add ``data`` at ``offset`` (it must be where the part ends); True once the blob is complete and durable.

        Raises BlobError for another offset, too many bytes, or a digest that does not fit at the end; the part
        is then thrown away, for nobody can tell which bytes are wrong.
        """
        have, complete = self.offset(digest)
        if complete:
            return True
        if offset != have or not 0 < total <= MAX_BLOB or offset + len(data) > total:
            raise BlobError(f"offset {have}")
        name = self._name(digest)
        part = self._folder / "parts" / name
        try:
            with part.open("ab") as out:
                out.write(data)
                out.flush()
                os.fsync(out.fileno())
        except OSError:
            # After a failed sync nobody knows what is on the disk, and a second one may say that all is well.
            part.unlink(missing_ok=True)
            raise
        if offset + len(data) < total:
            return False
        if _digest_of(part, digest.partition(":")[0]) != digest:
            part.unlink()
            raise BlobError("the content does not have this digest")
        part.rename(self._folder / name)
        self.settle()
        return True

    def settle(self) -> None:
        """Every blob that is complete is durable when it returns: one may have been renamed by another request, whose
        own sync of the folder is still to come."""
        descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def read(self, digest: str) -> bytes:
        """The bytes of a complete blob. Raises FileNotFoundError."""
        return (self._folder / self._name(digest)).read_bytes()
