"""Open pages hear of changes, also after the platform was away."""

from __future__ import annotations

import asyncio
import http.client
import time
from pathlib import Path

import pytest
from sqlalchemy import update

from kiosk.model.clock import SystemClock
from sync.hub.console import watch
from sync.hub.console.queries.overview import Marks
from sync.hub.console.watch import Watch, _ripe
from sync.hub.database import transaction
from sync.hub.roles import Role
from sync.hub.schema import terminals
from sync.hub.services import Platform, open_platform
from tests.console.conftest import PASSWORD, Visitor, add_terminal
from tests.sync.server import serving


class Stream:
    """The stream of one open page."""

    def __init__(self, visitor: Visitor) -> None:
        host = visitor.address.removeprefix("http://")
        self._connection = http.client.HTTPConnection(host, timeout=10)
        self._connection.request("GET", "/console/events", headers={"Cookie": visitor.cookie})
        self.answer = self._connection.getresponse()

    def next(self) -> str:
        """The next topic; empty once the stream has ended."""
        while line := self.answer.readline():
            if line.startswith(b"event: "):
                return line[7:].decode().strip()
        return ""

    def close(self) -> None:
        self._connection.close()


def test_a_page_hears_of_a_call_within_seconds(here: Platform, visitor: Visitor) -> None:
    add_terminal(here, "T1")
    visitor.log_in("clerk-1")
    stream = Stream(visitor)
    assert stream.answer.headers["Content-Type"].startswith("text/event-stream")
    assert {stream.next() for _ in range(3)} == {"calls", "overview", "terminals"}, "all of it to begin with"
    time.sleep(1.2)  # the first look
    values = {"calls": 1, "called": here.clock.now().isoformat()}
    began = time.monotonic()
    transaction(here.engine, lambda connection: connection.execute(update(terminals).values(**values)))
    heard = {stream.next()}
    while "calls" not in heard:
        heard.add(stream.next())
    assert time.monotonic() - began < 3
    stream.close()


def test_the_platform_ends_in_spite_of_open_pages_and_pages_come_again(tmp_path: Path) -> None:
    folder, nothing = tmp_path / "hub", tmp_path / "nothing"
    nothing.mkdir()
    platform = open_platform(folder, nothing, SystemClock())
    platform.users.set_password("clerk-1", PASSWORD, Role.CLERK)
    with serving(platform) as address:
        visitor = Visitor(address)
        visitor.log_in("clerk-1")
        stream = Stream(visitor)
        stream.next()
        began = time.monotonic()
    assert time.monotonic() - began < 8, "it waits for nobody"
    stream.close()
    platform.engine.dispose()
    again = open_platform(folder, nothing, SystemClock())
    with serving(again) as address:
        visitor.address = address
        stream = Stream(visitor)
        assert stream.answer.status == 200, "the session is in the database"
        assert stream.next() in ("calls", "overview", "terminals")
        stream.close()
    again.engine.dispose()


def test_the_database_is_looked_at_once_for_all_and_not_at_all_for_none(
    here: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "POLL", 0.01)
    looks = 0

    def look(_connection: object) -> Marks:
        nonlocal looks
        looks += 1
        return Marks((looks,), (), ())

    watching = Watch(here.engine, look)
    watching.start()
    time.sleep(0.1)
    assert looks == 0

    async def listen() -> list[list[str]]:
        async def one() -> list[str]:
            heard = []
            async for topic in watching.changes():
                heard.append(topic)
                if len(heard) == 5:
                    break
            return heard

        return await asyncio.gather(*(one() for _ in range(20)))

    for heard in asyncio.run(listen()):
        assert set(heard[:3]) == {"overview", "terminals", "calls"}
        assert set(heard[3:]) == {"overview"}
    assert looks < 20, "not one for each page"
    watching.stop()


def test_a_topic_that_changes_all_the_time_is_told_now_and_then() -> None:
    due: dict[str, int] = {}
    told = []
    for _ in range(13):
        ripe, due = _ripe({"terminals", "calls"}, due)
        told.append(ripe)
    assert sum("terminals" in ripe for ripe in told) == 3
    assert all("calls" in ripe for ripe in told)
    ripe, due = _ripe(set(), due)
    while due:
        last, due = _ripe(set(), due)
        ripe = (*ripe, *last)
    assert ripe == ("terminals",), "the last change is told in the end"
