"""Sealed files on disk: written whole or not at all, and durable before the row that names them."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from kiosk.durable import sync_folder

PARALLEL = 4
"""Files that the disk is asked to write at the same time."""


class SealedFiles:
    """A folder of ciphertexts, one a blob, named by case and blob id."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._syncing = ThreadPoolExecutor(PARALLEL, thread_name_prefix="sync")

    def write(self, case_id: str, files: dict[str, bytes]) -> dict[str, str]:
        """Write all files of a case; returns blob id → file name. Durable when it returns.

        All are written, then synced, then renamed; then one fsync of the folder. Raises OSError (disk full, I/O
        error) with nothing left that a later start would not clear.
        """
        names = {blob_id: f"{case_id}.{blob_id}" for blob_id in files}
        with ExitStack() as opened:
            parts = []
            for blob_id, data in files.items():
                out = opened.enter_context((self.folder / f"{names[blob_id]}.part").open("wb"))
                out.write(data)
                out.flush()
                parts.append(out.fileno())
            # Side by side: the disk does in one go what it would do one after another.
            for synced in [self._syncing.submit(os.fsync, part) for part in parts]:
                synced.result()
        for name in names.values():
            (self.folder / f"{name}.part").rename(self.folder / name)
        sync_folder(self.folder)
        return names

    def path(self, name: str) -> Path:
        return self.folder / name

    def remove(self, name: str) -> None:
        """Unlink in small steps: freeing a large file at once holds up other writers."""
        path = self.folder / name
        try:
            size = path.stat().st_size
            while size > 4_000_000:
                size -= 4_000_000
                os.truncate(path, size)
            path.unlink()
        except FileNotFoundError:
            pass

    def sweep(self, known: set[str]) -> int:
        """Remove files that no row names: a crash between file and row leaves them. Returns how many."""
        stray = [p for p in self.folder.iterdir() if p.name not in known]
        for path in stray:
            path.unlink(missing_ok=True)
        return len(stray)
