"""The audit record cannot be filled by whom nobody knows; of terminals that may speak nothing is left out."""

from __future__ import annotations

import json
import threading
from collections import Counter

import pytest
from sqlalchemy import event, select

from kiosk.model.clock import ManualClock
from sync.hub.audit import FIRST, Entry, Refusals
from sync.hub.schema import audit
from sync.hub.senders import Refused
from sync.hub.services import Platform
from sync.protocol.canonical import b64
from sync.protocol.wire import EnrolRequest, Heartbeat, Purpose, Refusal, SignedRequest
from tests.sync.conftest import Terminal


def written(platform: Platform, kind: str = "request_refused") -> list[tuple[str, dict[str, str]]]:
    query = select(audit.c.subject, audit.c.detail).where(audit.c.kind == kind).order_by(audit.c.at, audit.c.id)
    with platform.engine.connect() as connection:
        return [(row.subject, json.loads(row.detail)) for row in connection.execute(query)]


def stranger(terminal: Terminal, number: int) -> SignedRequest:
    return terminal.sign(Purpose.HEARTBEAT, Heartbeat()).model_copy(update={"terminal": f"S{number}"})


def test_strangers_under_ever_new_names_are_counted(terminal: Terminal, platform: Platform) -> None:
    for first in range(0, 1000, 100):
        platform.door.heartbeats([stranger(terminal, n) for n in range(first, first + 100)])
    rows = written(platform)
    assert [subject for subject, _detail in rows if subject] == [f"S{n}" for n in range(FIRST)]
    [(_nobody, counted)] = [row for row in rows if not row[0]]
    assert counted["why"] == Refusal.UNKNOWN_TERMINAL
    assert 500 <= int(counted["more"]) <= 1000 - FIRST
    assert isinstance(platform.clock, ManualClock)
    platform.clock.advance(3600)
    platform.housekeeping.work()
    [(_nobody, counted)] = [row for row in written(platform) if not row[0]]
    assert counted["more"] == str(1000 - FIRST)
    platform.door.heartbeats([stranger(terminal, 7)])
    assert len(written(platform)) == FIRST + 2


def test_forgeries_in_one_name_hide_nothing_of_another(terminal: Terminal, platform: Platform) -> None:
    forged = terminal.sign(Purpose.HEARTBEAT, Heartbeat()).model_copy(update={"signature": "AA"})
    platform.door.heartbeats([forged] * 50)
    platform.door.heartbeats([stranger(terminal, 1)])
    found = Counter((subject, detail["why"]) for subject, detail in written(platform))
    assert found == {("T01", Refusal.BAD_SIGNATURE): FIRST + 1, ("S1", Refusal.UNKNOWN_TERMINAL): 1}


def test_what_a_terminal_has_signed_fills_nothing_in_other_hands(terminal: Terminal, platform: Platform) -> None:
    carried, beat = terminal.sign(Purpose.CARRIED, Heartbeat()), terminal.sign(Purpose.HEARTBEAT, Heartbeat())
    platform.door.heartbeats([carried] * (FIRST + 30))
    platform.door.heartbeats([beat] * (FIRST + 31))
    platform.door.heartbeats([stranger(terminal, n) for n in range(100)])
    assert isinstance(platform.clock, ManualClock)
    platform.clock.advance(3600)
    platform.housekeeping.work()
    of_it = [detail for subject, detail in written(platform) if subject == "T01"]
    assert Counter(d["why"] for d in of_it) == {Refusal.WRONG_PURPOSE: FIRST + 1, Refusal.REPLAYED: FIRST + 1}
    assert [d["more"] for d in of_it if "more" in d] == ["30", "30"]


def test_a_stolen_terminal_and_wrong_codes_and_names_fill_nothing_either(
    terminal: Terminal, platform: Platform
) -> None:
    platform.desk.revoke("T01", "admin")
    platform.door.heartbeats([terminal.sign(Purpose.HEARTBEAT, Heartbeat())] * 100)
    assert len(written(platform)) == FIRST + 1
    asked = EnrolRequest(code="x", terminal="C1", suite="intl", public_key=b64(bytes(32)))
    for number in range(FIRST + 10):
        with pytest.raises(Refused):
            platform.desk.enrol(asked.model_copy(update={"terminal": f"C{number}"}))
    assert len(written(platform, "enrolment_refused")) == FIRST + 1


def test_what_is_only_counted_writes_little(platform: Platform) -> None:
    refusals = Refusals(platform.engine, platform.clock)
    writes: list[str] = []

    def noted(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("INSERT"):
            writes.append(statement)

    event.listen(platform.engine, "before_cursor_execute", noted)
    for _ in range(10_000):
        refusals.note(("", Entry("anybody", "login_failed")))
    assert len(writes) < FIRST + 20


def test_many_at_once_are_all_counted(platform: Platform) -> None:
    refusals = Refusals(platform.engine, ManualClock())

    def knock() -> None:
        for _ in range(200):
            refusals.note(("", Entry("anybody", "login_failed")))

    knocking = [threading.Thread(target=knock) for _ in range(4)]
    for thread in knocking:
        thread.start()
    for thread in knocking:
        thread.join(60)
    refusals.settle()
    rows = written(platform, "login_failed")
    counted = [detail["more"] for subject, detail in rows if not subject]
    assert (len(rows), counted) == (FIRST + 1, [str(800 - FIRST)])
