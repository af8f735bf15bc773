"""Cases carried by hand: out of a terminal without a network on a disk, into the platform, and its word back.

A file is a zip archive: ``batch-N.json`` are signed requests (``SignedRequest`` of the purpose ``carried``) and
``blobs/NAME`` the sealed files. Everything in it is sealed and signed as it is on the wire, so the disk need not be
trusted, and what also comes over the network is there once.
"""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ValidationError

from kiosk.durable import whole_or_not
from kiosk.model.clock import Clock
from kiosk.store.cases import CaseRepository, Outgoing
from kiosk.store.pages import SealedFiles
from sync.protocol.envelope import Acknowledgement
from sync.protocol.wire import Purpose, RecordBatch, SignedRequest

SUFFIX = ".carry"
ROOM = 16_000_000
"""Bytes that stay free on the disk."""
BATCH = 20


class CarryError(Exception):
    """The disk or the file cannot be used. Nothing was changed; the text says what to do."""


class Receipts(BaseModel):
    """The platform's word on carried cases, on its way back."""

    acknowledgements: list[Acknowledgement]


@dataclass(frozen=True)
class Carried:
    """What was written: the file, the number of cases, and bytes."""

    file: Path
    cases: int
    size: int


def write(
    cases: CaseRepository,
    files: SealedFiles,
    sign: Callable[[Purpose, BaseModel], SignedRequest],
    terminal: str,
    folder: Path,
    clock: Clock,
) -> Carried:
    """Write all that waits to be sent into one file in ``folder``; the terminal keeps everything.

    Raises CarryError where the disk is missing, full or broken, or nothing waits.
    """
    waiting = cases.waiting()
    if not waiting:
        raise CarryError("nothing waits to be sent")
    if not folder.is_dir():
        raise CarryError(f"{folder} is not there: put the disk in and try again")
    needed = sum(b.size for o in waiting for b in o.envelope.blobs) + sum(len(str(o.envelope)) for o in waiting)
    if shutil.disk_usage(folder).free < needed + ROOM:
        raise CarryError(f"the disk has too little room: {(needed + ROOM) // 1_000_000 + 1} MB are needed")
    target = folder / f"{terminal}-{clock.now():%Y%m%dT%H%M%S}{SUFFIX}"
    try:
        with whole_or_not(target) as part, zipfile.ZipFile(part, "w") as archive:
            _fill(archive, waiting, files, sign)
    except OSError as bad:
        raise CarryError(f"the disk cannot be written: {bad.strerror}; nothing was lost, try another one") from bad
    return Carried(target, len(waiting), target.stat().st_size)


def _fill(
    archive: zipfile.ZipFile,
    waiting: list[Outgoing],
    files: SealedFiles,
    sign: Callable[[Purpose, BaseModel], SignedRequest],
) -> None:
    for number, first in enumerate(range(0, len(waiting), BATCH)):
        part = waiting[first : first + BATCH]
        request = sign(Purpose.CARRIED, RecordBatch(records=[o.envelope for o in part]))
        archive.writestr(f"batch-{number}.json", request.model_dump_json())
    for digest, name in {b.digest: o.files[b.id] for o in waiting for b in o.envelope.blobs}.items():
        archive.write(files.path(name), f"blobs/{digest.replace(':', '-')}")


def take_receipts(cases: CaseRepository, believes: Callable[[Acknowledgement], bool], file: Path, at: str) -> int:
    """Wipe the cases that the platform has acknowledged in ``file``; returns how many.

    Raises CarryError where the file is none of the platform's. ``believes`` tells whether a word is; one
    that is not, or that is on another content, wipes nothing.
    """
    try:
        words = Receipts.model_validate_json(file.read_bytes()).acknowledgements
    except (OSError, ValidationError):
        raise CarryError(f"{file} holds no receipts of the platform") from None
    waiting = {o.envelope.case_id: o.envelope for o in cases.waiting()}
    genuine = {}
    for word in words:
        envelope = waiting.get(word.case_id)
        if envelope is not None and word.envelope == envelope.digest() and believes(word):
            genuine[word.case_id] = word
    cases.acknowledged(list(genuine.values()), at)
    return len(genuine)


def save_receipts(file: Path, words: list[Acknowledgement]) -> Path:
    """Write the platform's word beside the carried ``file``; returns where."""
    target = file.with_suffix(".receipts")
    with whole_or_not(target) as part:
        part.write_text(Receipts(acknowledgements=words).model_dump_json())
    return target
