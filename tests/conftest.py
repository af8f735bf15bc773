"""What tests of several folders share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from tests.sync.postgres import Postgres

# Set before Qt is loaded anywhere: without the software backend the first offscreen frame hangs.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QT_QUICK_BACKEND", "software")

settings.register_profile("fuzz", max_examples=100_000, deadline=None)
settings.register_profile("default", deadline=None)
settings.load_profile("default")


@pytest.fixture(scope="session")
def server() -> Iterator[Postgres]:
    """One PostgreSQL for all that need one."""
    from tests.sync.postgres import postgres

    with postgres() as running:
        yield running
