"""What all tests of published files begin with."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kiosk.catalogue import loader
from tests.sync.published.world import World


@pytest.fixture(autouse=True)
def _no_lint(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether packages are sound is another test's matter, and takes most of the time here."""
    monkeypatch.setattr(loader, "lint", lambda _package: [])


@pytest.fixture
def world(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[World]:
    made = World(tmp_path, getattr(request, "param", datetime(2026, 3, 2, 1, 30, tzinfo=UTC)))
    made.publish("2027.1")
    made.refresh()
    yield made
    made.engine.dispose()
