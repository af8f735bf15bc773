"""What the pages ask the database; on both."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from kiosk.model.clock import ManualClock
from kiosk.model.fault import Fault
from sync.hub.audit import Entry, record
from sync.hub.console.queries import cases, overview, people, quarantine, terminals
from sync.hub.console.queries.cases import Search, day_begins
from sync.hub.console.queries.terminals import Filter, Health
from sync.hub.database import transaction
from sync.hub.opening import CaseStage
from sync.hub.schema import audit
from sync.hub.schema import terminals as table
from sync.hub.services import Platform
from sync.hub.terminals import Beat
from sync.protocol.envelope import Envelope
from sync.protocol.wire import ChainHead, ChainState, Heartbeat
from tests.console.conftest import add_apart, add_case, add_terminal, envelope, iso

HEARTBEAT = 60.0


def cutoff(platform: Platform) -> str:
    return terminals.silent_since(platform.clock.now(), HEARTBEAT)


def a_fleet(platform: Platform) -> None:
    add_terminal(platform, "OK1")
    add_terminal(platform, "WARN1", faults='["paper_low"]', version="2026.9")
    add_terminal(platform, "ERR1", faults='["paper_low", "printer_jam"]')
    add_terminal(platform, "GAP1", chain="gap")
    add_terminal(platform, "HELD1", held=2, backlog=5, oldest=iso(platform, 4000))
    add_terminal(platform, "CALL1", calls=2, called=iso(platform, 30))
    add_terminal(platform, "CALL2", calls=1, called=iso(platform, 90))
    add_terminal(platform, "MUTE1", last_contact=iso(platform, 181), faults='["printer_jam"]')
    add_terminal(platform, "NEW1", last_contact="")
    add_terminal(platform, "GONE1", revoked=iso(platform, 100), faults='["printer_jam"]', calls=3)


def test_each_terminal_is_as_healthy_as_its_worst(platform: Platform, faults: dict[str, Fault]) -> None:
    a_fleet(platform)
    with platform.engine.connect() as connection:
        page = terminals.find(connection, terminals.chosen(Filter.ALL, ""), "", cutoff(platform), faults)
    found = {t.name: t.health for t in page.rows}
    assert found == {
        "OK1": Health.FINE,
        "WARN1": Health.ATTENTION,
        "ERR1": Health.TROUBLE,
        "GAP1": Health.TROUBLE,
        "HELD1": Health.ATTENTION,
        "CALL1": Health.FINE,
        "CALL2": Health.FINE,
        "MUTE1": Health.SILENT,
        "NEW1": Health.NEW,
        "GONE1": Health.REVOKED,
    }


def test_filters_show_what_they_say(platform: Platform, faults: dict[str, Fault]) -> None:
    a_fleet(platform)
    mark = cutoff(platform)

    def names(condition: object) -> set[str]:
        with platform.engine.connect() as connection:
            return {t.name for t in terminals.find(connection, condition, "", mark, faults).rows}  # type: ignore[arg-type]

    shown = {which: names(terminals.chosen(which, mark)) for which in Filter}
    assert shown[Filter.FINE] == {"OK1"}
    assert shown[Filter.SILENT] == {"MUTE1"}
    assert shown[Filter.FAULTS] == {"WARN1", "ERR1", "MUTE1"}
    assert shown[Filter.CHAIN] == {"GAP1"}
    assert shown[Filter.CALLS] == {"CALL1", "CALL2"}
    assert shown[Filter.REVOKED] == {"GONE1"}
    assert shown[Filter.PROBLEMS] == shown[Filter.ALL] - {"OK1", "NEW1", "GONE1"}
    assert names(terminals.matching("err", [])) == {"ERR1"}
    assert names(terminals.matching("2026.9", [])) == {"WARN1"}
    assert names(terminals.matching("zz", ["printer_jam"])) == {"ERR1", "MUTE1", "GONE1"}
    assert names(terminals.matching("%", [])) == set(), "a sign of the pattern language is a sign like others"


def test_a_list_goes_on_where_the_page_ended(platform: Platform, faults: dict[str, Fault]) -> None:
    for n in range(terminals.PAGE + 7):
        add_terminal(platform, f"T{n:03d}")
    everything = terminals.chosen(Filter.ALL, "")
    with platform.engine.connect() as connection:
        first = terminals.find(connection, everything, "", cutoff(platform), faults)
        second = terminals.find(connection, everything, first.after, cutoff(platform), faults)
    assert (len(first.rows), len(second.rows), second.after) == (terminals.PAGE, 7, "")
    assert first.total == terminals.PAGE + 7
    assert len({t.name for t in first.rows + second.rows}) == first.total


def test_the_latest_call_is_on_top_and_a_call_begins_once(platform: Platform, faults: dict[str, Fault]) -> None:
    clock = platform.clock
    assert isinstance(clock, ManualClock)
    add_terminal(platform, "C1")
    add_terminal(platform, "C2")

    def beat(name: str, calls: int) -> None:
        platform.desk.heartbeats([Beat(name, clock.now().isoformat(), Heartbeat(calls=calls))])
        clock.advance(10)

    began = clock.now().isoformat()
    beat("C1", 1)
    beat("C2", 1)
    beat("C1", 1)
    with platform.engine.connect() as connection:
        assert [t.name for t in terminals.calling(connection, "", faults)] == ["C2", "C1"]
        assert terminals.calling(connection, "", faults)[1].called == began
        assert terminals.waiting_calls(connection) == 2
    beat("C2", 0)
    with platform.engine.connect() as connection:
        assert [t.name for t in terminals.calling(connection, "", faults)] == ["C1"]


def test_a_gap_that_people_settled_is_not_found_again(platform: Platform) -> None:
    clock = platform.clock
    assert isinstance(clock, ManualClock)
    add_terminal(platform, "G1", records=3, last_sequence=5)
    head = ChainHead(epoch="7K2M", sequence=5, envelope="")

    def chain() -> str:
        clock.advance(10)
        platform.desk.heartbeats([Beat("G1", clock.now().isoformat(), Heartbeat(chain=head))])
        with platform.engine.connect() as connection:
            return str(connection.scalar(select(table.c.chain)))

    assert chain() == ChainState.GAP
    assert platform.desk.settle_chain("G1", "a disk was replaced", "wang")
    assert chain() == ChainState.WHOLE
    assert not platform.desk.settle_chain("G1", "again", "wang")
    head = ChainHead(epoch="7K2M", sequence=6, envelope="")
    assert chain() == ChainState.GAP, "what goes missing later is noticed"
    with platform.engine.connect() as connection:
        detail = connection.scalar(select(audit.c.detail).where(audit.c.kind == "chain_settled"))
    assert json.loads(str(detail)) == {"by": "wang", "was": "gap", "note": "a disk was replaced"}


def test_cases_are_found_by_what_people_know(platform: Platform) -> None:
    for name in ("CD03", "CD04"):
        add_terminal(platform, name)
    add_case(platform, "CD03", 1)
    add_case(platform, "CD03", 2, state="flagged", service="old-age-allowance")
    add_case(platform, "CD04", 3, received="2026-03-01T15:59:59+00:00")
    add_case(platform, "CD04", 4, received="2026-03-01T16:00:00+00:00")

    def numbers(**asked: str) -> set[int]:
        with platform.engine.connect() as connection:
            return {int(c.receipt.split("-")[2]) for c in cases.find(connection, Search.of(asked).condition()).rows}

    assert numbers() == {1, 2, 3, 4}
    with platform.engine.connect() as connection:
        [whole] = [c.receipt for c in cases.find(connection, Search(state="flagged").condition()).rows]
    assert numbers(number=whole.lower().replace("-", " ")) == {2}
    assert numbers(number="cd03-7k2m-00") == {1, 2}
    assert numbers(number="cd") == {1, 2, 3, 4}
    assert numbers(number="%") == set()
    assert numbers(terminal="cd04") == {3, 4}
    assert numbers(state="flagged", service="residence-permit") == set()
    assert numbers(until="2026-03-01") == {3}, "days are the hall's"
    assert numbers(since="2026-03-02", until="2026-03-02") == {4}
    assert day_begins("2026-13-01") == day_begins("") == ""


def test_pages_of_cases_neither_skip_nor_repeat(platform: Platform) -> None:
    at = iso(platform, 5)
    for n in range(cases.PAGE + 5):
        add_case(platform, "CD03", n + 1, received=at)
    with platform.engine.connect() as connection:
        first = cases.find(connection, Search().condition())
        add_case(platform, "CD03", 999, received=iso(platform, 0))
        second = cases.find(connection, Search().condition(), first.after)
    assert len(first.rows) == cases.PAGE
    assert len({c.case_id for c in first.rows + second.rows}) == cases.PAGE + 5
    assert second.after == ""


def test_lists_of_cases_hold_nothing_else(platform: Platform) -> None:
    add_case(platform, "CD03", 1)
    with platform.engine.connect() as connection:
        [row] = cases.listed_json(connection)
    assert set(row) == {
        "case_id", "receipt", "terminal", "received", "state", "reason", "service", "findings", "documents"
    }  # fmt: skip


def test_a_case_is_followed_from_its_arrival(platform: Platform) -> None:
    case_id = add_case(platform, "CD03", 1, state="quarantined", reason="unknown_form")
    assert platform.worker.replay("CD03", case_id, "wang")
    with platform.engine.connect() as connection:
        found = cases.one(connection, "CD03", case_id)
        assert found is not None
        assert [(s.state, s.by) for s in cases.way(connection, found[0])] == [("stored", "CD03"), ("stored", "wang")]
        entries, _ = people.entries(connection, people.Asked(subject="CD03"))
    assert [(e.kind, e.detail["by"]) for e in entries] == [("case_replayed", "wang")]


def test_two_versions_stand_side_by_side(platform: Platform) -> None:
    plain = envelope("CD03", "c1", "CD03-7K2M-000001-X")
    kept = Envelope.model_validate(plain)
    other = json.dumps({**plain, "form_version": "2026.4"})
    differing = {f.name for f in quarantine.side_by_side(kept, other) if f.differs}
    assert differing == {"form_version", "digest"}
    with pytest.raises(ValueError, match="faults"):
        quarantine.side_by_side(kept, '{"unreadable": {}}')
    assert quarantine.readable("no json") == "no json"
    assert len(quarantine.readable("x" * 10**6)) < 21_000


def test_a_record_is_settled_once_with_a_note(platform: Platform) -> None:
    digest = add_apart(platform, "CD03", "a", "{}")
    other = add_apart(platform, "CD04", "b", "{}", reason="conflict", case_id="c1")
    with platform.engine.connect() as connection:
        assert {r.digest for r in quarantine.find(connection, settled=False).rows} == {digest, other}
        assert [r.digest for r in quarantine.find(connection, settled=False, reason="conflict").rows] == [other]
        assert [r.digest for r in quarantine.find(connection, settled=False, terminal="cd03").rows] == [digest]
    assert quarantine.settle(platform.engine, platform.clock, "CD03", digest, "a test machine", "wang")
    assert not quarantine.settle(platform.engine, platform.clock, "CD03", digest, "again", "wang")
    with platform.engine.connect() as connection:
        [settled] = quarantine.find(connection, settled=True).rows
        assert settled.note == "a test machine"
        assert [r.digest for r in quarantine.find(connection, settled=False).rows] == [other]


def test_the_numbers_of_the_start_page(platform: Platform) -> None:
    a_fleet(platform)
    add_case(platform, "OK1", 1)
    add_case(platform, "OK1", 2, state="quarantined")
    add_case(platform, "OK1", 3, received=iso(platform, 3 * 86400))
    now = platform.clock.now()
    with platform.engine.connect() as connection:
        found = overview.numbers(connection, cutoff(platform))
        hours = overview.per_hour(connection, now)
    assert (found.terminals, found.online, found.silent, found.faulty, found.chains, found.calls) == (9, 7, 1, 3, 1, 2)
    assert (found.backlog, found.held, found.oldest) == (5, 2, iso(platform, 4000))
    assert found.by_state[CaseStage.ACCEPTED] == 2
    assert found.by_state[CaseStage.CLOSED] == 0
    assert len(hours) == 48
    assert sum(count for _, count in hours) == 2
    assert hours[-1][0] <= now < hours[-1][0] + timedelta(hours=1)


def test_marks_change_with_what_pages_show(platform: Platform) -> None:
    add_terminal(platform, "T1")
    case_id = add_case(platform, "T1", 1, state="flagged")

    def marks() -> overview.Marks:
        with platform.engine.connect() as connection:
            return overview.marks(connection, cutoff(platform))

    def change(**values: object) -> None:
        transaction(platform.engine, lambda connection: connection.execute(update(table).values(**values)))

    before = marks()
    assert marks() == before
    change(last_contact=iso(platform, 1))
    heard = marks()
    assert heard.overview == before.overview, "a sign of life that says nothing new"
    assert heard.terminals != before.terminals
    change(calls=1, called=iso(platform, 0))
    called = marks()
    assert called.calls != heard.calls
    assert called.overview != heard.overview
    platform.worker.close("T1", case_id, "wang")
    assert marks().overview != called.overview
    assert marks().calls == called.calls


def test_the_record_is_read_page_by_page(platform: Platform) -> None:
    at = platform.clock.now().isoformat()
    some = [Entry("wang" if n % 2 else "li", "logged_in", {"n": str(n)}) for n in range(7)]
    transaction(platform.engine, lambda connection: record(connection, at, *some))
    with platform.engine.connect() as connection:
        first, after = people.entries(connection, people.Asked(), most=4)
        second, end = people.entries(connection, people.Asked(), after, most=4)
        mine, _ = people.entries(connection, people.Asked(subject="li", kind="logged_in"))
        none, _ = people.entries(connection, people.Asked(since="2099-01-01"))
    assert len({e.id for e in first + second}) == 7
    assert (len(second), end, len(mine), none) == (3, "", 4, [])
