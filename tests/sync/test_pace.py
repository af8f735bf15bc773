"""Terminals are slowed down by their number and by load, never hurried beyond the settings, and let go again."""

from __future__ import annotations

import pytest

from kiosk.model.clock import ManualClock
from sync.hub.pace import LATELY, LOOK, SLOWEST, Pacer
from sync.protocol.wire import Pace


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def pacer(clock: ManualClock) -> Pacer:
    return Pacer(clock)


def fleet(pacer: Pacer, size: int, waiting: int = 0) -> None:
    pacer.heard((f"T{n}", int(n < waiting)) for n in range(size))


def loaded(pacer: Pacer, clock: ManualClock, looks: int, seconds: float, waiting: int) -> None:
    """Groups of ten that take so long, with so many behind them, for some looks."""
    for _ in range(looks):
        pacer.told_group("records", 10, seconds, waiting)
        clock.advance(LOOK)
        pacer.pace()


def test_a_small_fleet_without_load_goes_as_it_is_set(pacer: Pacer) -> None:
    fleet(pacer, 900, waiting=49)
    assert pacer.pace() == Pace(heartbeat_seconds=1, batch_seconds=0)


def test_first_contacts_and_batches_spread_with_the_fleet(pacer: Pacer, clock: ManualClock) -> None:
    fleet(pacer, 100_000, waiting=10_000)
    assert pacer.pace() == Pace(heartbeat_seconds=100, batch_seconds=200)
    fleet(pacer, 100_000)  # all has been sent
    assert pacer.pace() == Pace(heartbeat_seconds=100, batch_seconds=0)
    clock.advance(LATELY + 1)
    fleet(pacer, 500)
    assert pacer.pace() == Pace()


def test_long_waits_slow_down_step_by_step_and_short_ones_give_back(pacer: Pacer, clock: ManualClock) -> None:
    fleet(pacer, 10)
    seen = []
    for _ in range(3):
        loaded(pacer, clock, 1, seconds=0.2, waiting=100)  # the last of them is answered after 2.2 s
        seen.append(pacer.pace())
    assert [p.heartbeat_seconds for p in seen] == [90, 135, 202.5]
    assert [p.batch_seconds for p in seen] == [1.5, 2.2, 3.4]
    loaded(pacer, clock, 1, seconds=0.2, waiting=20)  # neither long nor short: as it is
    assert pacer.pace() == seen[-1]
    loaded(pacer, clock, 1, seconds=0.01, waiting=0)
    assert 135 < pacer.pace().heartbeat_seconds < 202.5
    loaded(pacer, clock, 20, seconds=0.01, waiting=0)
    assert pacer.pace() == Pace()


def test_one_slow_group_among_many_changes_nothing(pacer: Pacer, clock: ManualClock) -> None:
    for _ in range(99):
        pacer.told_group("heartbeats", 50, 0.01, 0)
    pacer.told_group("heartbeats", 50, 3.0, 500)
    clock.advance(LOOK)
    assert pacer.pace() == Pace()


def test_silence_is_no_load_and_there_is_an_end_to_slowness(pacer: Pacer, clock: ManualClock) -> None:
    fleet(pacer, 200_000, waiting=200_000)
    loaded(pacer, clock, 30, seconds=5, waiting=5000)
    assert pacer.pace() == Pace(heartbeat_seconds=SLOWEST, batch_seconds=SLOWEST)
    for _ in range(40):
        clock.advance(LOOK)
        pacer.pace()
    fleet(pacer, 1)
    clock.advance(LATELY + 1)
    assert pacer.pace() == Pace()


def test_never_faster_than_the_settings(clock: ManualClock) -> None:
    pacer = Pacer(clock, Pace(heartbeat_seconds=300, batch_seconds=5))
    assert pacer.pace() == Pace(heartbeat_seconds=300, batch_seconds=5)
