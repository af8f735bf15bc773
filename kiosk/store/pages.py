"""Sealed files on disk: written whole or not at all, and durable before the row that names them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

from kiosk.durable import sync_folder

PARALLEL = 4
"""Files that the disk is asked to write at the same time."""


class SealedFiles:
    """A folder of ciphertexts, one a blob, named by case and blob id.

    What is made before a case is handed in waits in ``staged`` below it. No row names it there and its key is only in
    memory, so it is worth nothing to anybody until the case is taken in.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._staged = folder / "staged"
        self._staged.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)
        self._syncing = ThreadPoolExecutor(PARALLEL, thread_name_prefix="sync")

    def stage(self, case_id: str, files: dict[str, bytes]) -> dict[str, str]:
        """Write files of a case that is not handed in yet; returns blob id → file name.

        Their bytes are on disk when it returns; ``write`` gives them their names. Raises OSError as that does.
        """
        names = {blob_id: f"{case_id}.{blob_id}" for blob_id in files}
        with _or_nothing(case_id, self._staged), ExitStack() as opened:
            parts = []
            for blob_id, data in files.items():
                out = opened.enter_context((self._staged / names[blob_id]).open("wb"))
                out.write(data)
                out.flush()
                parts.append(out.fileno())
            # Side by side: the disk does in one go what it would do one after another.
            others = [self._syncing.submit(os.fsync, part) for part in parts[1:]]
            if parts:
                os.fsync(parts[0])
            for synced in others:
                synced.result()
        return names

    def write(self, case_id: str, files: dict[str, bytes], staged: Iterable[str] = ()) -> dict[str, str]:
        """Write the files of a case and take in those of its names that were ``staged``; returns blob id → file name
        of ``files``. Durable when it returns.

        All are written, then synced, then renamed; then one fsync of the folder. Raises OSError (disk full, I/O
        error); then what there is of the case does not keep the room that is missing.
        """
        names = self.stage(case_id, files)
        with _or_nothing(case_id, self._staged, self.folder):
            for name in (*names.values(), *staged):
                (self._staged / name).rename(self.folder / name)
            sync_folder(self.folder)
        return names

    def forget_staged(self) -> None:
        """Remove what was made for cases that nobody has handed in."""
        for path in self._staged.iterdir():
            path.unlink(missing_ok=True)

    def kept(self) -> list[Path]:
        """All files of cases that were handed in, and what a crash has left of others."""
        return sorted(p for p in self.folder.iterdir() if p != self._staged)

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
        """Remove files that are not ``known``; returns how many. ``CaseRepository.sweep`` knows which are, and when."""
        stray = [p for p in self.kept() if p.name not in known]
        for path in stray:
            path.unlink(missing_ok=True)
        return len(stray)


@contextmanager
def _or_nothing(case_id: str, *folders: Path) -> Iterator[None]:
    """Where the disk fails, nothing of the case stays in ``folders``: it does not keep the room that is missing."""
    try:
        yield
    except OSError:
        for path in [path for folder in folders for path in folder.glob(f"{case_id}.*")]:
            path.unlink(missing_ok=True)
        raise
