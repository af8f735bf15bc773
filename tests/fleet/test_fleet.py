"""Many terminals, a bad network and bad luck: every case arrives once. For long: ``python -m tests.fleet.run``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from tests.fleet.plants import PLANTS, Seen, seen
from tests.fleet.run import FAULTS, Total, one, pool, worlds

WORKERS = os.cpu_count() or 1
SUBMISSIONS = 100_000


@pytest.fixture(scope="module")
def processes() -> Iterator[Any]:
    with pool(WORKERS) as running:
        yield running


@pytest.mark.timeout(1500)
def test_everything_arrives_once() -> None:
    total, problems = Total(), {}
    for world in worlds(SUBMISSIONS, WORKERS, faults=FAULTS * SUBMISSIONS):
        total.add(world)
        if world.problems:
            problems[world.seed] = world.problems[:5]
            break
    print(f"\n{total}")
    assert problems == {}
    assert total.submissions >= SUBMISSIONS
    assert total.faults.total() >= FAULTS * SUBMISSIONS


def test_a_seed_replays(processes: Any) -> None:
    """In another process, too."""
    first, again, other = processes.starmap(one, [(7, 200), (7, 200), (8, 200)], chunksize=1)
    assert first.submissions >= 200
    assert first.trace == again.trace
    assert first.trace != other.trace


@pytest.mark.timeout(240)
def test_the_simulation_sees_what_is_planted(processes: Any) -> None:
    found: list[Seen | None] = processes.map(seen, PLANTS, chunksize=1)
    for name, what in zip(PLANTS, found, strict=True):
        print(f"\n{name:34}", what or "not seen", end="")
    assert len(PLANTS) >= 20
    assert [name for name, what in zip(PLANTS, found, strict=True) if what is None] == []
