"""No receipt is lost, no file torn, no database corrupt, whenever the power goes or a call on the disk fails."""

from __future__ import annotations

import json

import pytest

from tests.power_loss.failing import under_recorder
from tests.power_loss.plants import CUTS, FAILING_PLANTS, PLANTS
from tests.power_loss.rig import GO_ON, cut_power

pytestmark = pytest.mark.timeout(300)


@pytest.mark.parametrize("seed", range(1, 6))
def test_nothing_is_lost_whenever_the_power_goes(seed: int) -> None:
    outcome = cut_power(200, seed=seed)
    assert outcome.cuts == 200
    assert outcome.receipts >= 35, "the last moments are near the end of the day"
    assert outcome.operations > 1000
    assert outcome.gone_on == GO_ON
    assert outcome.sound, outcome.examples


@pytest.mark.parametrize("plant", PLANTS)
def test_the_rig_sees_what_is_planted(plant: str) -> None:
    assert not cut_power(CUTS.get(plant, 40), plant=plant, cases=25).sound


def test_a_call_that_fails_once_loses_nothing() -> None:
    done = under_recorder(["--count", "60"], 250)
    said = json.loads(done.stdout)
    assert said["rounds"] == 60
    assert said["calls"] > 200
    assert said["problems"] == [], done.stderr


@pytest.mark.parametrize("plant", FAILING_PLANTS)
def test_the_rounds_see_what_is_planted(plant: str) -> None:
    said = json.loads(under_recorder(["--count", "200", "--plant", plant], 250).stdout)
    assert said["problems"]
