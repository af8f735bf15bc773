"""A disk that lost power: what a recording (``recorder.c``) leaves on it at any moment, at worst.

What was synced stays. Of every write after the last sync of its file, each sector of 512 bytes survives or not, at
random. Of the folders' changes (new, renamed, removed files) a random number of the first survive, as in the journal of
ext4 with ordered data; the sync of a folder keeps all before it. The sync of a file keeps no folder's entry: stricter
than ext4, as strict as POSIX.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

SECTOR = 512
HEAD = struct.Struct("<cQQQ")
VOLATILE = "-shm"
"""SQLite's index of its log lies in a mapped file; it is built anew at every first open."""
SURVIVAL = (0.0, 0.2, 0.5, 0.8, 1.0)
"""Chances of a sector to survive, one of them at each cut: all lost and all kept are where most faults hide."""


@dataclass(frozen=True)
class Record:
    kind: str
    inode: int
    at: int
    data: bytes


def records(log: Path) -> list[Record]:
    """The recording, in order."""
    raw, place, found = log.read_bytes(), 0, []
    while place < len(raw):
        kind, inode, at, size = HEAD.unpack_from(raw, place)
        place += HEAD.size
        found.append(Record(kind.decode(), inode, at, raw[place : place + size]))
        place += size
    return found


@dataclass
class _File:
    synced: bytearray = field(default_factory=bytearray)
    pending: list[Record] = field(default_factory=list)


def _apply(content: bytearray, record: Record, data: bytes | None = None, at: int | None = None) -> None:
    if record.kind == "T":
        del content[record.at :]
        content.extend(b"\0" * (record.at - len(content)))
        return
    place, piece = record.at if at is None else at, record.data if data is None else data
    content.extend(b"\0" * (place + len(piece) - len(content)))
    content[place : place + len(piece)] = piece


class Disk:
    """Follows a recording; at any moment it can say what would be there after a loss of power."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._by_inode: dict[int, _File] = {}
        self._names: dict[str, _File] = {}
        self._journal: list[tuple[str, bytes, _File | None]] = []
        self.marks: list[str] = []

    def follow(self, record: Record) -> None:
        match record.kind:
            case "C":
                fresh = _File()
                self._by_inode[record.inode] = fresh
                self._journal.append(("C", record.data, fresh))
            case "R" | "U":
                self._journal.append((record.kind, record.data, None))
            case "W" | "T":
                known = self._by_inode.get(record.inode)
                if known is not None:
                    known.pending.append(record)
            case "S":
                known = self._by_inode.get(record.inode)
                if known is None:
                    self._commit(len(self._journal), self._names)
                    self._journal.clear()
                else:
                    for write in known.pending:
                        _apply(known.synced, write)
                    known.pending.clear()
            case "M":
                self.marks += record.data.decode().splitlines()

    def settle(self) -> None:
        """Everything until now is durable: the set-up before the test."""
        self._commit(len(self._journal), self._names)
        self._journal.clear()
        for known in self._by_inode.values():
            for write in known.pending:
                _apply(known.synced, write)
            known.pending.clear()

    def _commit(self, count: int, names: dict[str, _File]) -> None:
        for kind, data, fresh in self._journal[:count]:
            if kind == "C":
                assert fresh is not None
                names[data.decode()] = fresh
            elif kind == "U":
                names.pop(data.decode(), None)
            else:
                old, new = (p.decode() for p in data.split(b"\0"))
                moved = names.pop(old, None)
                if moved is not None:
                    names[new] = moved

    def after_loss(self, chance: random.Random) -> dict[str, bytes]:
        """What is on the disk now, if the power went: path below the root to content."""
        names = dict(self._names)
        self._commit(chance.randint(0, len(self._journal)), names)
        survival = chance.choice(SURVIVAL)
        return {
            path.removeprefix(self._root).lstrip("/"): bytes(self._survived(known, survival, chance))
            for path, known in names.items()
            if not path.endswith(VOLATILE)
        }

    @staticmethod
    def _survived(known: _File, survival: float, chance: random.Random) -> bytearray:
        content = bytearray(known.synced)
        for record in known.pending:
            if record.kind == "T":
                if chance.random() < survival:
                    _apply(content, record)
                continue
            for at, piece in _sectors(record):
                if chance.random() < survival:
                    _apply(content, record, piece, at)
        return content


def _sectors(record: Record) -> Iterator[tuple[int, bytes]]:
    """The write, cut at the disk's sectors."""
    place, end = record.at, record.at + len(record.data)
    while place < end:
        until = min(end, (place // SECTOR + 1) * SECTOR)
        yield place, record.data[place - record.at : until - record.at]
        place = until


def written(files: dict[str, bytes], folder: Path) -> None:
    """Put ``files`` below ``folder``."""
    for path, content in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
