"""Many terminals, a bad network and bad luck: every case arrives once. For long: ``python -m tests.fleet.run``."""

from __future__ import annotations

import pytest

from tests.fleet.plants import LOSES, PLANTS
from tests.fleet.run import one

pytestmark = pytest.mark.timeout(240)


@pytest.mark.parametrize("seed", [102, 103])
def test_everything_arrives_once(seed: int) -> None:
    world = one(seed, turns=1500)
    print(f"{world['submissions']} submissions, {world['faults']} faults")
    assert world["submissions"] > 500
    assert world["faults"] > 500
    assert world["problems"] == []


def test_a_seed_replays() -> None:
    assert one(7, turns=200)["trace"] == one(7, turns=200)["trace"]
    assert one(7, turns=200)["trace"] != one(8, turns=200)["trace"]


@pytest.mark.parametrize("plant", PLANTS)
def test_the_simulation_sees_what_is_planted(plant: str) -> None:
    """At most six seeds: not every world meets every misfortune."""
    worlds = (one(seed, turns=500, plant=plant)["problems"] for seed in range(1, 7))
    if plant in LOSES:
        assert any(sum(p.startswith("lost") for p in problems) >= LOSES[plant] for problems in worlds)
    else:
        assert any(worlds)


def test_there_are_twenty_planted_faults() -> None:
    assert len(PLANTS) >= 20
