"""Takes in what was carried to the platform on a disk (``sync.carry``)."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from sync.hub.blobs import BlobError, Blobs
from sync.hub.door import Door
from sync.protocol.envelope import MAX_BLOB, Acknowledgement
from sync.protocol.wire import BatchAnswer, RecordAnswer, SignedRequest

PIECE = 1 << 20
MAX_REQUEST = 16_000_000


class NoCarried(ValueError):
    """The file is not one that a terminal wrote, or it is damaged."""


@dataclass
class Taken:
    """Words on what is durable here now, and, in words, what was not taken."""

    acknowledgements: list[Acknowledgement] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def take_in(file: Path, door: Door, blobs: Blobs) -> Taken:
    """Take in all that ``file`` holds; again and again if need be. Raises NoCarried.

    Only what a record of a genuine terminal names and what is not here yet is unpacked, and its size is known before.
    """
    taken = Taken()
    try:
        with zipfile.ZipFile(file) as archive:
            for request in _requests(archive):
                [answer] = door.carried([request])
                missing = {digest for one in _answers(answer) for digest in one.missing}
                if missing:
                    for digest in sorted(missing):
                        _take_blob(archive, digest, blobs, taken)
                    [answer] = door.carried([request])
                _note(answer, taken)
    # Beside what is plainly damaged: zipfile knows ways to pack that it cannot undo (NotImplementedError), and wants a
    # password where one is said to be needed (RuntimeError).
    except (OSError, zipfile.BadZipFile, ValidationError, NotImplementedError, RuntimeError) as bad:
        raise NoCarried(f"{file.name}: {type(bad).__name__}: {bad}") from None
    return taken


def _take_blob(archive: zipfile.ZipFile, digest: str, blobs: Blobs, taken: Taken) -> None:
    try:
        entry = archive.getinfo(f"blobs/{digest.replace(':', '-', 1)}")
        if entry.file_size > MAX_BLOB:
            raise BlobError("too large")
        place, complete = blobs.offset(digest)
        with archive.open(entry) as source:
            source.seek(place)
            while not complete:
                # Nothing, where all bytes are here already: that completes it.
                data = source.read(PIECE)
                complete = blobs.append(digest, place, data, entry.file_size)
                place += len(data)
                if not data:
                    break
    except (BlobError, zipfile.BadZipFile, KeyError) as bad:
        taken.refused.append(f"{digest}: {bad}")


def _answers(answer: object) -> list[RecordAnswer]:
    return answer.answers if isinstance(answer, BatchAnswer) else []


def _requests(archive: zipfile.ZipFile) -> Iterator[SignedRequest]:
    for entry in archive.infolist():
        if entry.filename.startswith("batch-"):
            if entry.file_size > MAX_REQUEST:
                raise NoCarried(f"{entry.filename} is too large")
            yield SignedRequest.model_validate_json(archive.read(entry))


def _note(answer: object, taken: Taken) -> None:
    if not isinstance(answer, BatchAnswer):
        taken.refused.append(f"a batch: {answer}")
        return
    for one in answer.answers:
        if one.acknowledgement is not None:
            taken.acknowledgements.append(one.acknowledgement)
        else:
            taken.refused.append(f"a case: {one.status.value} {one.reason.value if one.reason else ''}".rstrip())
