"""What the tests of updates stand on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.catalogue import loader
from sync import updates
from tests.sync.updates.hall import PIECE, Hall


@pytest.fixture
def hall(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hall]:
    monkeypatch.setattr(loader, "lint", lambda _package: [])
    monkeypatch.setattr(updates, "PIECE", PIECE)
    monkeypatch.setattr(updates, "LARGEST_PIECE", 2 * PIECE)
    made = Hall(tmp_path)
    yield made
    made.world.engine.dispose()
