"""Sealed files on disk: written whole or not at all, and durable before the row that names them."""

from __future__ import annotations

import os
from pathlib import Path

from kiosk.durable import sync_folder


class SealedFiles:
    """A folder of ciphertexts, one a blob, named by case and blob id."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def write(self, case_id: str, files: dict[str, bytes]) -> dict[str, str]:
        """Write all files of a case; returns blob id → file name. Durable when it returns.

        Each: write, fsync, rename; then one fsync of the folder. Raises OSError (disk full, I/O error) with
        nothing left that a later start would not clear.
        """
        names = {}
        for blob_id, data in files.items():
            name = f"{case_id}.{blob_id}"
            temporary = self.folder / f"{name}.part"
            with temporary.open("wb") as out:
                out.write(data)
                out.flush()
                os.fsync(out.fileno())
            temporary.rename(self.folder / name)
            names[blob_id] = name
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
