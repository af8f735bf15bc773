"""Keeps the sealed copy of the visit that a crash of the worker falls back to."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from kiosk.visit.visit import Snapshot
from sync.protocol.draft_seal import open_draft, seal_draft


class DraftKeeper:
    """One file in the runtime folder, which lies in memory; without the key it is noise."""

    def __init__(self, path: Path, key: bytes) -> None:
        self._path, self._key = path, key

    def save(self, snapshot: Snapshot) -> None:
        """Replace the copy. Not fsynced: it is for a crash of a process, not of the machine."""
        temporary = self._path.with_suffix(".part")
        temporary.write_bytes(seal_draft(self._key, snapshot.model_dump_json().encode()))
        temporary.rename(self._path)

    def load(self) -> Snapshot | None:
        """The copy, or None where there is none or it does not open with this visit's key."""
        try:
            plain = open_draft(self._key, self._path.read_bytes())
        except OSError:
            return None
        if plain is None:
            return None
        try:
            return Snapshot.model_validate_json(plain)
        except ValidationError:
            return None

    def forget(self) -> None:
        self._path.unlink(missing_ok=True)
        self._path.with_suffix(".part").unlink(missing_ok=True)
