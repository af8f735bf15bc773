"""What tests of several folders share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from xdist.scheduler import Scheduling

    from tests.sync.postgres import Postgres

# Set before Qt is loaded anywhere: without the software backend the first offscreen frame hangs.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QT_QUICK_BACKEND", "software")

settings.register_profile("fuzz", max_examples=100_000, deadline=None)
settings.register_profile("default", deadline=None)
settings.load_profile("default")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduling | None:
    """With ``--dist loadfile``, all files that share the robot's terminal go to one worker, one after another."""
    from xdist.scheduler import LoadFileScheduling

    class OneTerminal(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = super()._split_scope(nodeid)
            alone = file.startswith("tests/robot/") and not file.endswith("/test_bench.py")  # that has its own demo
            return "tests/robot" if alone else file

    return OneTerminal(config, log) if config.getoption("dist") == "loadfile" else None


@pytest.fixture(scope="session")
def server() -> Iterator[Postgres]:
    """One PostgreSQL for all that need one."""
    from tests.sync.postgres import postgres

    with postgres() as running:
        yield running
