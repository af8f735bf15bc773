"""Trusted time: never before what is certain, and it goes on whatever is done to the wall clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from kiosk.model.clock import ManualClock, TrustedClock

SIGNED = datetime(2026, 11, 1, tzinfo=UTC)


def test_a_clock_behind_what_is_certain_is_not_believed_and_time_goes_on() -> None:
    raw = ManualClock(datetime(1970, 1, 1, tzinfo=UTC), seconds=500.0)
    clock = TrustedClock(raw, SIGNED)
    assert clock.now() == SIGNED
    raw.advance(90)
    assert clock.now() == SIGNED + timedelta(seconds=90)
    raw.at = datetime(2000, 1, 1, tzinfo=UTC)
    assert clock.now() == SIGNED + timedelta(seconds=90)


def test_a_clock_ahead_is_believed_until_it_is_set_back() -> None:
    raw = ManualClock(SIGNED + timedelta(days=5))
    clock = TrustedClock(raw, SIGNED)
    assert clock.now() == SIGNED + timedelta(days=5)
    raw.at = SIGNED - timedelta(days=5)
    assert clock.now() == SIGNED
