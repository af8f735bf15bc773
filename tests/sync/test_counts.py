"""Counts of cases by state are right whatever moves them, and whoever does it at the same time."""

from __future__ import annotations

import random
import threading
from collections import Counter

from sqlalchemy import func, select

from kiosk.config import ASSETS
from sync.hub import counts
from sync.hub.departments.handovers import HandoverWorker
from sync.hub.departments.mock import Mood, serving
from sync.hub.departments.over_http import HttpDepartment
from sync.hub.ingest import Incoming
from sync.hub.opening import CaseStage
from sync.hub.schema import cases
from sync.hub.services import Platform, Storage, open_platform
from sync.outbox import Sent
from tests.sync.conftest import Terminal

SERVICE = "social-security-card"


def really(platform: Platform) -> dict[str, int]:
    with platform.engine.connect() as connection:
        query = select(cases.c.state, func.count()).group_by(cases.c.state)
        return {row[0]: row[1] for row in connection.execute(query)}


def counted(platform: Platform) -> dict[str, int]:
    with platform.engine.connect() as connection:
        return {state: count for state, count in counts.by_state(connection).items() if count}


def ids(platform: Platform) -> list[str]:
    with platform.engine.connect() as connection:
        return list(connection.scalars(select(cases.c.case_id).order_by(cases.c.case_id)))


def test_every_way_of_a_case_is_counted(terminal: Terminal, platform: Platform) -> None:
    for _ in range(4):
        terminal.submit()
    [outgoing, *_others] = terminal.cases.due(1e12, 4)
    assert terminal.outbox.send_next() == Sent.SENT
    # One more, in quarantine for its signature.
    forged = outgoing.envelope.model_copy(update={"case_id": "forged"})
    platform.door._ingest.receive([Incoming("T01", [forged])])
    assert counted(platform) == really(platform) == {"stored": 5}
    platform.worker.work_off()
    assert counted(platform) == really(platform) == {"accepted": 4, "quarantined": 1}
    assert platform.worker.replay("T01", "forged", "li")
    assert counted(platform) == really(platform) == {"accepted": 4, "stored": 1}
    platform.worker.work_off()
    some = [i for i in ids(platform) if i != "forged"]
    assert platform.worker.close("T01", some[0], "li")
    assert not platform.worker.close("T01", some[0], "li")
    with serving(Mood.RETURNED) as server:
        departments = {SERVICE: HttpDepartment(server.url)}
        HandoverWorker(platform.engine, platform.vault, departments, platform.clock, random.Random(1)).work()
    assert counted(platform) == really(platform) == {"closed": 1, "returned": 3, "quarantined": 1}


def test_two_processes_that_move_the_same_cases_count_each_move_once(
    terminal: Terminal, platform: Platform, storage: Storage
) -> None:
    for _ in range(8):
        terminal.submit()
    assert terminal.outbox.send_next() == Sent.SENT
    other = open_platform(platform.folder, ASSETS / "catalogue", platform.clock, storage=storage)
    closed: Counter[str] = Counter()
    counting = threading.Lock()
    failed: list[BaseException] = []

    def work(mine: Platform, seed: int) -> None:
        try:
            mine.worker.work_off()
            order = ids(mine)
            random.Random(seed).shuffle(order)
            for case_id in order:
                done = mine.worker.close("T01", case_id, "li")
                with counting:
                    closed[case_id] += done
        except BaseException as bad:  # noqa: BLE001 - told by the test
            failed.append(bad)

    both = [threading.Thread(target=work, args=(p, seed)) for seed, p in enumerate((platform, other))]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join(120)
    assert failed == []
    other.worker.work_off()
    assert counted(platform) == really(platform)
    assert set(closed.values()) <= {0, 1}
    assert counted(platform).get(CaseStage.CLOSED, 0) == closed.total()
    other.engine.dispose()
