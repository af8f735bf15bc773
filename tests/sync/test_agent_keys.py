"""Keys of the platform that change while a terminal is away, and whose word wipes a case."""

from __future__ import annotations

from pathlib import Path

import pytest

from kiosk.model.clock import ManualClock
from kiosk.security.trust import load_trust
from sync.hub.keys import PlatformKeys
from sync.hub.services import Platform
from sync.outbox import Sent
from sync.protocol.envelope import acknowledgements
from sync.protocol.wire import BatchAnswer, EnrolAnswer, KeyNotice, Purpose, RecordBatch
from tests.sync.conftest import Terminal
from tests.sync.hands import Hands, with_keys


def test_a_terminal_seals_to_the_newer_key_only_on_the_platforms_word(
    terminal: Terminal, platform: Platform, hands: Hands, tmp_path: Path
) -> None:
    newer = platform.keys.rotated(platform.clock.now())
    with_keys(platform, newer)
    hands.agent.turn()
    after = load_trust(tmp_path / "terminal" / "platform.json")
    assert after == terminal.trust.known
    assert after.sealing == newer.sealing[0].published()
    forged = KeyNotice(sealing=newer.keeping[0].published()).signed("intl", terminal.signing_key)
    terminal.trust.hear([], forged)
    assert terminal.trust.known == after


def test_a_terminal_that_was_away_follows_all_acknowledging_keys_since(
    terminal: Terminal, platform: Platform, hands: Hands, tmp_path: Path
) -> None:
    first, at = platform.keys, platform.clock.now()
    before = terminal.submit()
    [outgoing] = terminal.cases.due(1e12, 1)
    assert terminal.outbox.send_next() == Sent.SENT
    third = first.succeeded(at).succeeded(at).rotated(at)
    assert first.acknowledging.private not in third.model_dump_json()
    with_keys(platform, third)
    terminal.submit()
    hands.agent.turn()  # the sign of life comes before the case
    assert terminal.cases.backlog() == 0
    known = load_trust(tmp_path / "terminal" / "platform.json")
    assert known is not None
    assert (known.acknowledging, known.sealing) == (third.acknowledging.published(), third.sealing[0].published())
    assert [key.key_id for key in known.earlier] == [s.by.key_id for s in reversed(third.successions)]
    # The first word still counts, and is the answer to a repeat.
    batch = terminal.sign(Purpose.RECORDS, RecordBatch(records=[outgoing.envelope]))
    [again] = platform.door.records([batch])
    assert isinstance(again, BatchAnswer)
    word = again.answers[0].acknowledgement
    assert word is not None
    assert (word.case_id, word.key_id) == (before, first.acknowledging.key_id)
    assert terminal.trust.believes(word)
    assert third.told(at, b"").believes(word)  # who is enrolled today
    assert first.told(at, b"").believes(word)
    assert not second_hand(third).believes(word)


def second_hand(keys: PlatformKeys) -> EnrolAnswer:
    """What a terminal would know that was not told the earlier keys."""
    return keys.told(ManualClock().now(), b"").model_copy(update={"earlier": []})


def test_only_the_present_key_names_the_next(terminal: Terminal, platform: Platform) -> None:
    trust, first, at = terminal.trust, platform.keys, platform.clock.now()
    [theft] = first.succeeded(at).successions  # made with the first key, which somebody has copied
    second = first.succeeded(at)
    [good] = second.successions
    for bad in (
        good.model_copy(update={"signature": ""}),
        good.model_copy(update={"withdrawn": [first.acknowledging.key_id]}),
        good.model_copy(update={"acknowledging": first.publishing.published()}),
    ):
        trust.hear([bad], None)
        assert trust.known.acknowledging == first.acknowledging.published()
    trust.hear([good], None)
    trust.hear([theft], first.rotated(at).notice())
    assert trust.known.acknowledging == second.acknowledging.published()
    assert trust.known.sealing == first.sealing[0].published()
    trust.hear([], second.rotated(at).notice())
    assert trust.known.sealing != first.sealing[0].published()


def test_a_stolen_acknowledging_key_wipes_nothing_any_more(
    terminal: Terminal, platform: Platform, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, at = platform.keys, platform.clock.now()
    case_id = terminal.submit()
    [outgoing] = terminal.cases.due(1e12, 1)
    with monkeypatch.context() as cut:
        # The word on this case is lost on the way.
        cut.setattr(terminal.outbox, "_believes", lambda _word: False)
        assert terminal.outbox.send_next() == Sent.LATER
    second = first.succeeded(at, [first.acknowledging.key_id])
    with pytest.raises(ValueError, match="no acknowledging key"):
        first.succeeded(at, ["other"])
    with_keys(platform, second)
    terminal.clock.advance(1000)
    hands.agent.turn()
    assert terminal.trust.known.earlier == second.told(at, b"").earlier == []
    forged = acknowledgements(
        [(case_id, outgoing.envelope.digest())],
        "intl",
        first.acknowledging.key_id,
        first.acknowledging.secret,
        at.isoformat(),
    )
    assert not terminal.trust.believes(forged[0])
    # The platform says it anew, with a key that counts: the terminal is not left waiting for ever.
    assert terminal.cases.backlog() == 0
