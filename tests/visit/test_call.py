"""What may be said of a call for help: never that somebody was told before the platform has confirmed it."""

from __future__ import annotations

import pytest

from kiosk.model.clock import ManualClock
from kiosk.visit.call import PATIENCE, Heard, HelpCall


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def call(clock: ManualClock) -> HelpCall:
    return HelpCall(clock)


def test_only_the_platforms_word_on_this_call_counts(call: HelpCall, clock: ManualClock) -> None:
    assert call.heard("", online=True) == Heard.NOBODY_CALLS
    call.begin()
    first = call.since
    assert call.heard("", online=True) == Heard.CALLING
    assert call.heard("2026-03-01T00:00:00+00:00", online=True) == Heard.CALLING
    assert call.heard(first, online=True) == Heard.TOLD
    assert call.heard(first, online=False) == Heard.TOLD  # it was told, whatever became of the network
    call.end()
    assert call.heard(first, online=True) == Heard.NOBODY_CALLS
    clock.advance(1)
    call.begin()
    assert call.heard(first, online=True) == Heard.CALLING


def test_without_a_network_it_is_said_at_once_and_late_news_still_counts(call: HelpCall) -> None:
    call.begin()
    assert call.heard("", online=False) == Heard.UNHEARD
    assert call.heard("", online=True) == Heard.CALLING
    assert call.heard(call.since, online=True) == Heard.TOLD


def test_nobody_waits_for_ever_for_an_agent_that_is_not_there(call: HelpCall, clock: ManualClock) -> None:
    call.begin()
    clock.advance(PATIENCE)
    assert call.heard("", online=True) == Heard.UNHEARD
