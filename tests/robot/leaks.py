"""Looks for a person's data everywhere a terminal could leave them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

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
    """Processes whose memory holds a needle."""
    found = []
    for process in processes:
        for start, end in _writable(process.pid):
            with Path(f"/proc/{process.pid}/mem").open("rb", buffering=0) as memory:
                try:
                    memory.seek(start)
                    data = memory.read(end - start)
                except (OSError, ValueError, OverflowError):
                    continue
            if any(n in data for n in needles):
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
