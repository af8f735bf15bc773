"""Files of several cases on their way at the same time."""

from __future__ import annotations

import random
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import func, select

from sync.client import LARGEST_PIECE, PIECE, SLOW_UPLOADS, UPLOADS, NoNetwork, PlatformClient, Rejected
from sync.hub.schema import cases
from sync.hub.services import Platform
from sync.outbox import Outbox, Sent
from sync.protocol.wire import BlobGrant, Purpose, SignedRequest
from tests.sync.conftest import Terminal


class Line:
    """The terminal's client, which can be held up or fail at a file, and counts what is on its way."""

    def __init__(self, terminal: Terminal) -> None:
        self._real = terminal.client
        self.on_the_way = self.most = 0
        self.troubles: dict[str, Exception] = {}
        self.together = threading.Barrier(3, timeout=20)
        self.meet = True
        self._lock = threading.Lock()

    def send_blob(self, digest: str, path: Path, leave: Any) -> None:
        with self._lock:
            self.on_the_way += 1
            self.most = max(self.most, self.on_the_way)
        try:
            if self.meet and path.name.endswith(".body"):
                self.together.wait()
            case_id = path.name.partition(".")[0]
            if case_id in self.troubles:
                raise self.troubles[case_id]
            self._real.send_blob(digest, path, leave)
        finally:
            with self._lock:
                self.on_the_way -= 1

    def post(self, *arguments: Any) -> Any:
        return self._real.post(*arguments)


@pytest.fixture
def line(terminal: Terminal) -> Line:
    return Line(terminal)


@pytest.fixture
def outbox(terminal: Terminal, line: Line) -> Outbox:
    real = terminal.outbox
    client: Any = line
    chance = random.Random(1)
    return Outbox(
        terminal.store, terminal.files, client, real._believes, terminal.sign, terminal.clock, chance, lambda: 3
    )


def stored(platform: Platform) -> int:
    with platform.engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(cases)) or 0


def test_three_go_at_once_and_each_arrives_once(
    terminal: Terminal, platform: Platform, outbox: Outbox, line: Line
) -> None:
    for _ in range(6):
        terminal.submit()
    assert outbox.send_next() == Sent.SENT
    assert line.most == 3
    assert stored(platform) == 6
    assert terminal.cases.backlog() == 0
    assert terminal.files.kept() == []


def test_what_is_on_its_way_is_waited_for_when_the_network_goes(
    terminal: Terminal, platform: Platform, outbox: Outbox, line: Line
) -> None:
    made = [terminal.submit() for _ in range(3)]
    line.troubles[made[0]] = NoNetwork("cut", retry_after=1.0)
    assert outbox.send_next() == Sent.NO_NETWORK
    assert line.on_the_way == 0
    assert stored(platform) == 0
    line.troubles, line.meet = {}, False
    terminal.cases.try_now()
    assert outbox.send_next() == Sent.SENT
    assert stored(platform) == 3


def test_a_file_that_is_refused_holds_up_no_other(
    terminal: Terminal, platform: Platform, outbox: Outbox, line: Line
) -> None:
    made = [terminal.submit() for _ in range(3)]
    line.troubles[made[1]] = Rejected("no")
    assert outbox.send_next() == Sent.SENT
    assert stored(platform) == 2
    assert terminal.cases.held() == 1


class Pieces(PlatformClient):
    """A client on a line of ``rate`` bytes a second, whose platform takes all pieces; it counts their bytes."""

    def __init__(self, rate: float, patch: pytest.MonkeyPatch) -> None:
        super().__init__("http://127.0.0.1:1")
        self.rate, self.now, self.sizes = rate, 0.0, list[int]()
        self.gone = False
        patch.setattr("sync.client.time", SimpleNamespace(monotonic=lambda: self.now))

    def _request(self, method: str, path: str, body: Any = b"", *, whole: bool = True, **headers: str) -> Any:
        if self.gone:
            raise NoNetwork("cut")
        assert method == "PATCH"
        self.sizes.append(len(body))
        self.now += len(body) / self.rate
        end = sum(self.sizes) == int(headers["Upload_Length"])
        return SimpleNamespace(status=204, headers={"Upload-Complete": "?1" if end else "?0"})


def leave(digest: str, size: int) -> SignedRequest:
    return SignedRequest.make("intl", "T01", bytes(32), Purpose.BLOB, "now", BlobGrant(digest=digest, size=size))


def test_a_fast_line_gets_large_pieces_and_many_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client, file = Pieces(100e6, monkeypatch), tmp_path / "file"
    file.write_bytes(bytes(10_000_000))
    assert client.uploads() == SLOW_UPLOADS
    client.send_blob("sha256:" + 64 * "0", file, leave)
    assert client.sizes[:3] == [PIECE, 2 * PIECE, 4 * PIECE]
    assert sum(client.sizes) == 10_000_000
    assert max(client.sizes) <= LARGEST_PIECE
    assert client.uploads() == UPLOADS
    # After a cut it begins carefully again.
    client.gone = True
    with pytest.raises(NoNetwork):
        client.send_blob("sha256:" + 64 * "1", file, leave)
    assert client.uploads() == SLOW_UPLOADS


def test_a_slow_line_gets_small_pieces_and_few_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client, file = Pieces(PIECE / 1.5, monkeypatch), tmp_path / "file"
    file.write_bytes(bytes(10 * PIECE))
    client.send_blob("sha256:" + 64 * "0", file, leave)
    assert client.sizes == [PIECE] * 10
    assert client.uploads() == SLOW_UPLOADS
