"""The agent's turns against a real platform: lanes that do not hold up each other, calls, changes of state."""

from __future__ import annotations

import errno
import json
import threading
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path

import pytest
from sqlalchemy import select

from kiosk.cases.submit import Intake
from kiosk.model.room import MB, Disk
from kiosk.store.database import CALL, CALL_TOLD, Store
from kiosk.store.pages import SealedFiles
from kiosk.store.receipt_counter import ReceiptCounter
from kiosk.store.room import DRAIN_RESERVE
from sync.client import NoNetwork, Rejected
from sync.hub.console.queries.quarantine import settle
from sync.hub.pace import Pacer
from sync.hub.schema import quarantine
from sync.hub.services import Platform
from sync.outbox import Sent
from sync.protocol.wire import Pace
from tests.sync.conftest import Terminal
from tests.sync.hands import Hands, known, online


def test_a_lane_that_fails_holds_up_no_other(terminal: Terminal, platform: Platform, hands: Hands) -> None:
    hands.fails = Rejected("HTTP 500")
    terminal.submit()
    hands.agent.turn()
    assert (terminal.cases.backlog(), hands.fetched, online(terminal)) == (0, 1, True)
    terminal.submit()
    hands.agent.turn()
    assert (terminal.cases.backlog(), hands.fetched) == (0, 1)  # it waits for its own next try
    terminal.clock.advance(1000)
    hands.fails = None
    hands.agent.turn()
    assert hands.fetched == 2


def test_a_lost_network_stops_all_lanes_until_it_is_back(
    terminal: Terminal, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    hands.agent.turn()
    terminal.submit()

    def gone(*_: object, **__: object) -> None:
        raise NoNetwork("no route")

    with monkeypatch.context() as cut:
        cut.setattr(terminal.client, "_request", gone)
        hands.agent.turn()
        assert not online(terminal)
        terminal.clock.advance(100)
        hands.agent.turn()
    assert terminal.cases.backlog() == 1
    terminal.clock.advance(100)
    hands.agent.turn()
    assert online(terminal)
    assert terminal.cases.backlog() == 0


def test_a_call_for_help_is_told_at_once_and_so_is_its_end(
    terminal: Terminal, platform: Platform, hands: Hands
) -> None:
    hands.agent.turn()
    terminal.store.put(CALL, terminal.clock.now().isoformat())
    hands.agent.turn()
    assert known(platform)["calls"] == 1
    assert terminal.store.get(CALL_TOLD) == terminal.store.get(CALL)
    terminal.store.put(CALL, "")
    hands.agent.turn()
    assert known(platform)["calls"] == 0
    assert terminal.store.get(CALL_TOLD) == ""
    terminal.store.put(CALL, terminal.clock.now().isoformat())
    terminal.clock.advance(3 * 3600)
    hands.agent.turn()
    assert known(platform)["calls"] == 0


def test_a_call_that_the_platform_has_not_heard_is_not_confirmed(
    terminal: Terminal, platform: Platform, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    hands.agent.turn()
    terminal.store.put(CALL, terminal.clock.now().isoformat())

    def gone(*_: object, **__: object) -> None:
        raise NoNetwork("no route")

    with monkeypatch.context() as cut:
        cut.setattr(terminal.client, "_post", gone)
        hands.agent.turn()
        assert terminal.store.get(CALL_TOLD) == ""
        assert not online(terminal)
    terminal.clock.advance(61)
    hands.agent.turn()
    assert terminal.store.get(CALL_TOLD) == terminal.store.get(CALL)
    assert known(platform)["calls"] == 1


def test_what_becomes_of_a_case_comes_back_to_its_terminal(
    terminal: Terminal, platform: Platform, hands: Hands
) -> None:
    case_id = terminal.submit()
    hands.agent.turn()
    platform.worker.work_off()
    platform.worker.close("T01", case_id, "clerk")
    terminal.clock.advance(61)
    hands.agent.turn()
    line = terminal.cases.line(case_id)
    assert line is not None
    assert line.state == "closed"
    assert terminal.store.get("feed_cursor") == "2"
    # The platform was restored from a backup that knows fewer changes: the terminal asks for its open cases.
    second = terminal.submit()
    hands.agent.turn()
    terminal.store.put("feed_cursor", "99")
    platform.worker.work_off()
    platform.worker.close("T01", second, "clerk")
    terminal.clock.advance(61)
    hands.agent.turn()
    assert terminal.cases.line(second).state == "closed"  # type: ignore[union-attr]


def test_numbers_of_the_terminal_reach_the_platform(terminal: Terminal, platform: Platform, hands: Hands) -> None:
    case_id = terminal.submit()
    terminal.cases.hold(case_id, "people must look", "2026-03-02")
    hands.agent.turn()
    row = known(platform)
    assert (row["backlog"], row["held"], row["chain"]) == (1, 1, "whole")
    assert int(str(row["free_bytes"])) > 0
    assert row["version"] == version("bianmin")
    assert row["oldest"]


@pytest.mark.parametrize(("pace", "expected"), [(1.0, 60.0), (300.0, 300.0)])
def test_the_platform_can_slow_a_terminal_down_and_not_hurry_it(
    terminal: Terminal, platform: Platform, hands: Hands, pace: float, expected: float
) -> None:
    platform.desk.pacer = Pacer(platform.clock, Pace(heartbeat_seconds=pace))
    hands.agent.turn()
    contacts = [known(platform)["last_at"]]
    for _ in range(2):
        terminal.clock.advance(expected - 1)
        hands.agent.turn()
        assert known(platform)["last_at"] == contacts[-1]
        terminal.clock.advance(1)
        hands.agent.turn()
        contacts.append(known(platform)["last_at"])
    assert len(set(contacts)) == 3


def test_a_platform_hears_of_its_own_work_and_of_who_speaks(
    terminal: Terminal, platform: Platform, hands: Hands
) -> None:
    terminal.cases.hold(terminal.submit(), "people must look", "2026-03-02")
    hands.agent.turn()
    pacer = platform.desk.pacer
    assert (list(pacer._heard), list(pacer._with_cases)) == (["T01"], ["T01"])
    assert pacer._work["heartbeats"].groups >= 1


def test_a_disk_that_fills_up_is_told_and_old_lines_go_early_but_no_case(
    terminal: Terminal, platform: Platform, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    hands.agent.turn()
    waiting = terminal.submit()
    terminal.cases.hold(waiting, "people must look", "2026-03-02")
    eight_days_ago = (terminal.clock.now() - timedelta(days=8)).isoformat()
    for case_id, state in (("done", "closed"), ("open", "stored")):
        terminal.store.db.conn.execute(
            "INSERT INTO case_line VALUES (?, ?, 'service', ?, ?, NULL, '', NULL)",
            (case_id, case_id, eight_days_ago, state),
        )
    disk = Disk(free=1_500 * MB)
    monkeypatch.setattr(Disk, "of", lambda _folder: disk)
    hands.agent.turn()  # the next sign of life is not due for a minute
    row = known(platform)
    assert (json.loads(str(row["faults"])), row["free_bytes"]) == (["disk_low"], 1_500 * MB)
    assert {r[0] for r in terminal.store.rows("SELECT case_id FROM case_line")} == {waiting, "open"}
    disk = Disk(free=50_000 * MB)
    hands.agent.turn()
    assert json.loads(str(known(platform)["faults"])) == []


def test_an_agent_on_a_full_disk_sends_with_the_room_that_was_set_aside(
    terminal: Terminal, platform: Platform, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal.submit()
    reserve = terminal.store.path.parent / DRAIN_RESERVE
    put = terminal.store.put

    def full(key: str, value: str) -> None:
        if reserve.stat().st_size:
            raise OSError(errno.ENOSPC, "no room")
        put(key, value)

    monkeypatch.setattr(terminal.store, "put", full)
    monkeypatch.setattr(Disk, "of", lambda _folder: Disk(free=0))
    assert hands.agent.turn() == 0.0  # again, at once
    hands.agent.turn()
    assert online(terminal)
    assert terminal.cases.backlog() == 0
    monkeypatch.setattr(terminal.store, "put", broken)
    terminal.clock.advance(61)
    with pytest.raises(OSError, match="broken"):
        hands.agent.turn()


def broken(*_: object) -> None:
    raise OSError(errno.EIO, "broken")


def test_what_people_have_settled_leaves_the_terminal(terminal: Terminal, platform: Platform, hands: Hands) -> None:
    """Another content under a known id: set aside at both ends, until somebody at the console has dealt with it."""
    case_id = terminal.submit()
    [outgoing] = terminal.cases.due(terminal.clock.now().timestamp())
    terminal.outbox._send_files(outgoing)
    first = outgoing.envelope.model_copy(update={"receipt": "T01-0000-000099-0"}).signed(terminal.signing_key)
    [stored] = terminal.outbox._deliver([replace(outgoing, envelope=first)])
    hands.agent.turn()
    line = terminal.cases.line(case_id)
    assert (stored.status, line and line.state, terminal.cases.held()) == ("stored", "refused", 1)
    digest = outgoing.envelope.digest()
    assert settle(platform.engine, platform.clock, "T01", digest, "the second one counts", "clerk")
    assert not settle(platform.engine, platform.clock, "T01", digest, "again", "clerk")
    for _ in range(2):
        terminal.clock.advance(61)
        hands.agent.turn()
    line = terminal.cases.line(case_id)
    assert (line and line.state, terminal.cases.backlog(), terminal.cases.held()) == ("stored", 0, 0)
    assert not terminal.files.kept()
    with platform.engine.connect() as connection:
        kept = connection.execute(select(quarantine)).mappings().one()
    assert (kept["content_digest"], kept["note"]) == (digest, "the second one counts")


def test_what_nobody_has_settled_is_not_let_go(terminal: Terminal, platform: Platform, hands: Hands) -> None:
    case_id = terminal.submit()
    [outgoing] = terminal.cases.due(terminal.clock.now().timestamp())
    terminal.outbox._send_files(outgoing)
    first = outgoing.envelope.model_copy(update={"receipt": "T01-0000-000099-0"}).signed(terminal.signing_key)
    terminal.outbox._deliver([replace(outgoing, envelope=first)])
    for _ in range(2):
        terminal.cases.released(case_id)
        hands.agent.turn()
        assert terminal.cases.held() == 1


class SlowFiles(SealedFiles):
    """A worker's folder, in the moment between a case's files and its row."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.written, self.swept = threading.Event(), threading.Event()

    def write(self, case_id: str, files: dict[str, bytes], staged: Iterable[str] = ()) -> dict[str, str]:
        names = super().write(case_id, files, staged)
        self.written.set()
        self.swept.wait(0.5)
        return names


def test_an_agent_that_starts_leaves_the_files_of_a_case_that_is_just_handed_in(
    terminal: Terminal, hands: Hands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files, draft = SlowFiles(terminal.files.folder), terminal.draft()
    package = terminal.catalogue.services[draft.service]

    def hand_in() -> None:
        store = Store(terminal.store.path, terminal.store_key)
        counter = ReceiptCounter(store, "T01", tmp_path / "mark-2", "boot-1")
        Intake(store, files, counter, terminal.identity, terminal.clock, terminal.clock).submit(draft, package, "zh")
        store.close()

    citizen = threading.Thread(target=hand_in)
    citizen.start()
    assert files.written.wait(10)
    monkeypatch.setattr(terminal.files, "sweep", lambda known: (SealedFiles.sweep(files, known), files.swept.set())[0])
    hands.agent.stopping.set()
    hands.agent.run()
    citizen.join()
    assert terminal.outbox.send_next() == Sent.SENT
