"""A case that is settled over the network and by hand at the same time."""

from __future__ import annotations

import pytest

from sync.outbox import Sent
from sync.protocol.envelope import Acknowledgement
from tests.sync.conftest import Terminal


def test_a_case_that_was_acknowledged_meanwhile_is_not_set_aside(terminal: Terminal) -> None:
    """Receipts that came by hand wipe its files while the agent is about to send them."""
    case_id = terminal.submit()
    assert terminal.outbox.send_next() == Sent.SENT
    terminal.cases.hold(case_id, "No such file or directory", terminal.clock.now().isoformat())
    line = terminal.cases.line(case_id)
    assert line is not None
    assert line.state == "stored"


def test_a_word_that_came_twice_does_not_open_a_closed_case_again(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second time by hand: ``kiosk carry`` had looked at what waits before the agent was done with it."""
    words: list[Acknowledgement] = []
    acknowledged = terminal.outbox.cases.acknowledged

    def noted(settled: list[Acknowledgement], at: str, signed_time: str = "") -> None:
        words.extend(settled)
        acknowledged(settled, at, signed_time)

    monkeypatch.setattr(terminal.outbox.cases, "acknowledged", noted)
    case_id = terminal.submit()
    assert terminal.outbox.send_next() == Sent.SENT
    terminal.cases.closed(case_id)
    terminal.cases.acknowledged(words, terminal.clock.now().isoformat())
    line = terminal.cases.line(case_id)
    assert line is not None
    assert line.state == "closed"
    assert len(terminal.store.rows("SELECT 1 FROM audit WHERE kind = 'case_sent'")) == 1
