"""The secrets of a terminal: nothing is readable without them, so they must outlive a loss of power."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kiosk.security.credentials import NAMES, create_credentials


def test_secrets_and_their_names_are_on_the_disk_once_they_are_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    fsync = os.fsync

    def noted(descriptor: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    folder = tmp_path / "credentials"
    create_credentials(folder, b"k" * 32, "")
    assert synced == [*(str(folder / name) for name in NAMES), str(folder), str(tmp_path)]
