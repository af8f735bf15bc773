"""Looks for a person's data everywhere a terminal could leave them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import psutil
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

PAGE = 4096


def encodings(texts: Iterable[str]) -> list[bytes]:
    """The byte strings that a text may lie in memory or on disk as."""
    return [t.encode(code) for t in texts for code in ("utf-8", "utf-16-le", "utf-32-le", "gbk")]


def in_files(folders: Iterable[Path], needles: list[bytes]) -> list[str]:
    """Files that hold a needle, in their content or their name."""
    found = []
    for folder in folders:
        for path in folder.rglob("*"):
            if not path.is_file() or path.is_symlink():
                continue
            data = path.read_bytes() + path.name.encode()
            if any(n in data for n in needles):
                found.append(f"file {path}")
    return found


def in_database(path: Path, key: bytes, needles: list[bytes]) -> list[str]:
    """Pages that hold a needle: tables, indexes and free pages alike, and every frame of the write-ahead log.

    Decrypts the files themselves (SQLCipher 4: pages of 4096 bytes, AES-256-CBC, the last 80 bytes are IV and
    HMAC, a raw key is used as it is), because SQL sees neither free pages nor old frames.
    """
    raw = path.read_bytes()
    pages = {f"page {n // PAGE + 1}": raw[n : n + PAGE] for n in range(0, len(raw), PAGE)}
    log = path.with_name(path.name + "-wal")
    frames = log.read_bytes()[32:] if log.exists() else b""
    for n in range(0, len(frames), 24 + PAGE):
        number = int.from_bytes(frames[n : n + 4], "big")
        pages[f"frame {n // (24 + PAGE)} of page {number}"] = frames[n + 24 : n + 24 + PAGE]
    assert pages
    plain = {name: _decrypted(data, key, first=name.endswith("page 1")) for name, data in pages.items()}
    assert any(b"CREATE TABLE" in data for data in plain.values()), "the key does not open this database"
    return [f"database {name}" for name, data in plain.items() if any(n in data for n in needles)]


def _decrypted(page: bytes, key: bytes, *, first: bool) -> bytes:
    body, vector = page[16 if first else 0 : PAGE - 80], page[PAGE - 80 : PAGE - 64]
    if len(vector) < 16:
        return b""
    return Cipher(algorithms.AES(key), modes.CBC(vector)).decryptor().update(body)


def in_memory(processes: Iterable[psutil.Process], needles: list[bytes]) -> list[str]:
    """Processes whose memory holds a needle, or that ended before all of it was seen: then look again."""
    # One pass for all needles; most of a heap's reserve is zero pages, which hold none.
    any_needle = re.compile(b"|".join(re.escape(n) for n in dict.fromkeys(needles)))
    margin = max(map(len, needles))
    found = []
    for process in processes:
        try:
            name = f"{process.pid} {' '.join(process.cmdline()[1:4])}"
            pieces = (piece for data in _memory(process.pid) for piece in _not_empty(data, margin))
            if any(any_needle.search(piece) for piece in pieces):
                found.append(f"memory of {name}")
            process.cmdline()  # of a process that has ended, memory reads as nothing, and this fails
        except (psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError):
            found.append(f"{process.pid} ended while it was searched")
    return found


def _memory(pid: int) -> Iterator[bytes]:
    """Every writable region of a process, whole."""
    for start, end in _writable(pid):
        with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
            try:
                memory.seek(start)
                yield memory.read(end - start)
            except (OSError, ValueError, OverflowError):
                continue


def _not_empty(data: bytes, margin: int) -> Iterator[memoryview]:
    """The runs of pages that are not all zero, each with ``margin`` bytes before and behind it.

    What is not all zeros and no longer than ``margin`` lies whole in one of them.
    """
    whole = len(data) // PAGE * PAGE
    used = np.frombuffer(data, np.uint64, whole // 8).reshape(-1, PAGE // 8).any(axis=1)
    # A last page that is not whole counts as used; so do no pages before the first.
    edges = np.flatnonzero(np.diff(np.concatenate(([False], used, [len(data) > whole], [False]))))
    view = memoryview(data)
    for first, behind in edges.reshape(-1, 2):
        yield view[max(0, int(first) * PAGE - margin) : int(behind) * PAGE + margin]


def _writable(pid: int) -> list[tuple[int, int]]:
    regions = []
    for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
        where, rights, *_rest = line.split()
        if "r" in rights and "w" in rights:
            start, end = (int(x, 16) for x in where.split("-"))
            regions.append((start, end))
    return regions


def terminal_processes(root: int) -> list[psutil.Process]:
    """The supervisor and everything below it."""
    supervisor = psutil.Process(root)
    return [supervisor, *supervisor.children(recursive=True)]
