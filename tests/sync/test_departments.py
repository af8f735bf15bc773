"""The contract that every adapter passes, and the worker that hands cases over; on both databases."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from sqlalchemy import select

from kiosk.model.clock import ManualClock
from sync.hub.departments import mock
from sync.hub.departments.breaker import CAP, FAILURES, FIRST, Breaker, Circuit
from sync.hub.departments.contract import Decision, Department, Handover, Paper, Reply, Unavailable
from sync.hub.departments.handovers import HandoverWorker
from sync.hub.departments.mock import MockDepartment, Mood, serving
from sync.hub.departments.over_http import HttpDepartment
from sync.hub.departments.settings import load_departments
from sync.hub.schema import audit, cases, events, handovers
from sync.hub.services import Platform
from sync.outbox import Sent
from sync.protocol.canonical import digest
from tests.sync.conftest import Terminal

PDF = b"%PDF-1.7 a paper"
CASE = Handover(
    key="T01/case-1",
    receipt="T01-0000-000001-0",
    service="social-security-card",
    form_version="2026.11",
    captured="2026-03-02T01:00:00+00:00",
    identity={"name": "测试甲"},
    answers={"cause": "broken"},
    papers=[Paper(id="doc-photo", material="photo", digest=digest(PDF))],
)


def adapter(server: MockDepartment, timeout: float = 5.0) -> Department:
    return HttpDepartment(server.url, "secret", timeout=timeout)


def test_a_case_is_taken_once_however_often_it_comes() -> None:
    with serving() as server:
        first, second = (adapter(server).hand_over(CASE, lambda _paper: PDF) for _ in range(2))
    assert first == second
    assert (first.decision, first.number) == (Decision.TAKEN, "D-000001")


def test_a_department_may_return_a_case_and_say_why() -> None:
    with serving(Mood.RETURNED) as server:
        reply = adapter(server).hand_over(CASE, lambda _paper: PDF)
    assert (reply.decision, reply.note) == (Decision.RETURNED, "needs another form")


@pytest.mark.parametrize("mood", [Mood.DOWN, Mood.WRONG, Mood.PAGE, Mood.OTHER])
def test_what_is_no_answer_to_this_case_is_none(mood: Mood) -> None:
    with serving(mood) as server, pytest.raises(Unavailable) as away:
        adapter(server).hand_over(CASE, lambda _paper: PDF)
    assert away.value.retry_after == (7 if mood is Mood.DOWN else 0)


def test_a_slow_department_is_waited_for_only_so_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mock, "SLOW", 30.0)
    with serving(Mood.SLOW) as server, pytest.raises(Unavailable):
        adapter(server, timeout=0.3).hand_over(CASE, lambda _paper: PDF)


def test_nobody_there_is_unavailable_and_so_is_a_paper_that_is_refused() -> None:
    with serving() as server, pytest.raises(Unavailable):
        adapter(server).hand_over(CASE, lambda _paper: b"another paper")
    with pytest.raises(Unavailable):
        HttpDepartment(server.url, timeout=0.5).hand_over(CASE, lambda _paper: PDF)


def test_the_circuit_opens_after_failures_and_closes_with_the_first_success() -> None:
    clock = ManualClock()
    breaker = Breaker(clock)
    for _ in range(FAILURES - 1):
        breaker.failed()
        assert breaker.lets_pass()
    breaker.failed()
    assert not breaker.lets_pass()
    clock.advance(FIRST)
    assert breaker.lets_pass()
    breaker.failed()
    clock.advance(FIRST)
    assert not breaker.lets_pass()
    for _ in range(20):
        breaker.failed(at_least=10**9)
    clock.advance(CAP)
    assert breaker.lets_pass()
    breaker.succeeded()
    breaker.failed()
    assert breaker.lets_pass()


# the worker


def worker(platform: Platform, server: MockDepartment) -> HandoverWorker:
    departments = {"social-security-card": adapter(server, timeout=0.5)}
    return HandoverWorker(platform.engine, platform.vault, departments, platform.clock, random.Random(1))


def accepted(terminal: Terminal, platform: Platform, count: int) -> None:
    for _ in range(count):
        terminal.submit()
    assert terminal.outbox.send_next() == Sent.SENT
    platform.worker.work_off()


def states(platform: Platform) -> list[str]:
    with platform.engine.connect() as connection:
        return sorted(connection.scalars(select(cases.c.state)))


def test_accepted_cases_reach_their_department_once(terminal: Terminal, platform: Platform) -> None:
    accepted(terminal, platform, 3)
    with serving() as server:
        hands = worker(platform, server)
        assert hands.work() == 3
        assert hands.work() == 0
        assert sorted(server.taken.values()) == [1, 1, 1]
        assert len(server.papers) == 3  # each PDF tells its own time
    assert states(platform) == ["forwarded"] * 3
    with platform.engine.connect() as connection:
        assert {r.number for r in connection.execute(select(handovers))} == {f"D-00000{n}" for n in (1, 2, 3)}
        assert "department" in set(connection.scalars(select(events.c.by)))
    assert platform.worker.close("T01", _some(platform), "clerk")


def _some(platform: Platform) -> str:
    with platform.engine.connect() as connection:
        return str(connection.scalar(select(cases.c.case_id)))


def test_a_department_that_is_down_loses_nothing_and_is_left_alone(terminal: Terminal, platform: Platform) -> None:
    accepted(terminal, platform, 8)
    clock = platform.clock
    assert isinstance(clock, ManualClock)
    with serving(Mood.DOWN) as server:
        hands = worker(platform, server)
        for _ in range(5):
            assert hands.work() == 0
            clock.advance(3600)
        assert hands.breakers["social-security-card"].failures >= FAILURES
        assert states(platform) == ["accepted"] * 8
        server.mood = Mood.WELL
        for _ in range(12):
            clock.advance(3600)
            hands.work()
        assert states(platform) == ["forwarded"] * 8
        assert set(server.taken.values()) == {1}


def test_a_moody_department_gets_every_case_in_the_end(terminal: Terminal, platform: Platform) -> None:
    accepted(terminal, platform, 10)
    clock = platform.clock
    assert isinstance(clock, ManualClock)
    with serving(Mood.MOODY) as server:
        hands = worker(platform, server)
        for _ in range(200):
            hands.work()
            clock.advance(3600)
            if "accepted" not in states(platform):
                break
        assert set(states(platform)) <= {"forwarded", "returned"}


def test_one_department_that_is_down_does_not_hold_up_another(terminal: Terminal, platform: Platform) -> None:
    accepted(terminal, platform, 2)
    with serving(Mood.DOWN) as down, serving() as well:
        departments = {"old-age-allowance": adapter(down), "social-security-card": adapter(well)}
        hands = HandoverWorker(platform.engine, platform.vault, departments, platform.clock, random.Random(1))
        assert hands.work() == 2


def test_a_note_that_not_every_database_takes_is_no_answer(
    terminal: Terminal, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    accepted(terminal, platform, 1)
    with serving(Mood.RETURNED) as server:
        with monkeypatch.context() as patched:
            patched.setattr(mock, "Reply", lambda **given: Reply.model_construct(**given | {"note": "why\0not"}))
            assert worker(platform, server).work() == 0
        assert states(platform) == ["accepted"]


def test_people_have_a_department_that_is_left_alone_tried_at_once(terminal: Terminal, platform: Platform) -> None:
    accepted(terminal, platform, 8)
    clock = platform.clock
    assert isinstance(clock, ManualClock)
    service, some = "social-security-card", _some(platform)
    with serving(Mood.DOWN) as server:
        hands = worker(platform, server)
        assert not hands.try_now("other-service", "li")
        for _ in range(3):
            hands.work()
        assert hands.breakers[service].circuit == Circuit.OPEN
        tries = hands.breakers[service].failures
        assert (hands.work(), hands.breakers[service].failures) == (0, tries)
        assert hands.try_now(service, "li", "T01", some)
        assert not hands.try_now(service, "li", "T01", "no-case")
        # Still down: one try, and it is left alone again.
        assert (hands.work(), hands.work(), hands.breakers[service].failures) == (0, 0, tries + 1)
        server.mood = Mood.WELL
        # Another process than the one that was asked at may be the one that does it.
        assert worker(platform, server).try_now(service, "li")
        while hands.work():
            pass
        assert hands.breakers[service].circuit == Circuit.CLOSED
        clock.advance(1)
        hands.work()
        assert states(platform) == ["forwarded"] * 8
        assert set(server.taken.values()) == {1}
        assert not hands.try_now(service, "li")
    with platform.engine.connect() as connection:
        told = [r.subject for r in connection.execute(select(audit).where(audit.c.kind == "handover_asked"))]
    assert sorted(told) == ["T01", "li"]


def test_a_crash_after_the_department_has_taken_a_case_doubles_nothing(
    terminal: Terminal, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    accepted(terminal, platform, 1)
    clock = platform.clock
    assert isinstance(clock, ManualClock)

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with serving() as server:
        hands = worker(platform, server)
        with monkeypatch.context() as killed:
            killed.setattr(HandoverWorker, "_settle", crash)
            with pytest.raises(KeyboardInterrupt):
                hands.work()
        clock.advance(3600)
        assert worker(platform, server).work() == 1
        assert list(server.taken.values()) == [2]  # it came twice, under one key and one number
    with platform.engine.connect() as connection:
        assert connection.scalar(select(handovers.c.number)) == "D-000001"


# settings


def test_departments_are_named_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "departments.toml"
    assert load_departments(file) == {}
    file.write_text('[hrss]\nurl = "http://127.0.0.1:1"\nservices = ["social-security-card"]\n')
    assert list(load_departments(file)) == ["social-security-card"]
    for wrong in (
        "[hrss",
        '[hrss]\nurl = "ftp://x"\nservices = ["a"]',
        '[hrss]\nurl = "http://x"\nservices = []',
        '[a]\nurl = "http://x"\nservices = ["s"]\n[b]\nurl = "http://y"\nservices = ["s"]',
        '[a]\nurl = "http://x"\nservices = ["s"]\nword = 1',
    ):
        file.write_text(wrong)
        with pytest.raises(ValueError, match=r"departments\.toml"):
            load_departments(file)
