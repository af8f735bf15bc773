"""Looks for a person's data everywhere a terminal could leave them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import psutil

from kiosk.store.database import Store


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
    """Decrypted pages that hold a needle: tables, indexes and free pages alike, the write-ahead log included."""
    store = Store(path, key)
    pages = store.rows("SELECT pgno, data FROM sqlite_dbpage")
    store.close()
    assert pages
    return [f"database page {number}" for number, data in pages if any(n in data for n in needles)]


def in_memory(processes: Iterable[psutil.Process], needles: list[bytes]) -> list[str]:
    """Processes whose memory holds a needle."""
    found = []
    pattern = re.compile(b"|".join(map(re.escape, needles)))
    for process in processes:
        for start, end in _writable(process.pid):
            with Path(f"/proc/{process.pid}/mem").open("rb", buffering=0) as memory:
                try:
                    memory.seek(start)
                    data = memory.read(end - start)
                except (OSError, ValueError, OverflowError):
                    continue
            if pattern.search(data):
                found.append(f"memory of {process.pid} {' '.join(process.cmdline()[1:4])}")
                break
    return found


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
