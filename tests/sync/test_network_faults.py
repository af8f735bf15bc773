"""What the agent says of the network, by the codes of the fault catalogue; and the private authority of TLS."""

from __future__ import annotations

import json
import random
import ssl
import stat
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from kiosk.model.room import MB, Marks
from kiosk.store.retention import Keep
from kiosk.store.room import DRAIN_RESERVE, DrainRoom, Reserve
from sync.agent import Agent
from sync.client import NoNetwork, NotAuthorised, PlatformClient, Rejected
from sync.outbox import Sent
from sync.protocol.private_ca import ServerFiles, make_server_files
from sync.protocol.wire import Purpose, SignedRequest
from tests.sync.conftest import Terminal
from tests.sync.hands import Pieces


class Line(PlatformClient):
    """A client that meets what the test says."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1:1")
        self.meets: Exception | None = None

    def ping(self) -> datetime:
        if self.meets is not None:
            raise self.meets
        return datetime.now(UTC)


def agent(terminal: Terminal, client: PlatformClient) -> Agent:
    def sign(_purpose: Purpose, _body: BaseModel) -> SignedRequest:
        raise Rejected("the test sends nothing")

    folder = terminal.store.path.parent
    return Agent(
        terminal.store,
        terminal.files,
        client,
        terminal.outbox,
        sign,
        lambda: False,
        Pieces(),
        terminal.trust,
        60,
        10,
        Keep(),
        DrainRoom(folder, Marks(), Reserve(folder / DRAIN_RESERVE, MB)),
        terminal.clock,
        random.Random(1),
    )


def faults(terminal: Terminal) -> list[str]:
    told: list[str] = json.loads(terminal.store.get("agent_status"))["faults"]
    return told


@pytest.mark.parametrize(
    ("meets", "code"),
    [
        (NoNetwork("no route"), "platform_unreachable"),
        (NoNetwork("a page of an inn", fault="platform_portal"), "platform_portal"),
        (NoNetwork("SSLError", fault="platform_certificate"), "platform_certificate"),
        (NotAuthorised("revoked"), "platform_refuses"),
    ],
)
def test_a_fault_of_the_network_is_named(terminal: Terminal, meets: Exception, code: str) -> None:
    line = Line()
    line.meets = meets
    agent(terminal, line).turn()
    assert faults(terminal) == [code]


def test_a_case_that_waits_for_three_days_is_told(terminal: Terminal) -> None:
    terminal.submit()
    line = Line()
    line.meets = NoNetwork("no route")
    agent(terminal, line).turn()
    assert "backlog_old" not in faults(terminal)
    terminal.clock.advance(timedelta(days=3, hours=1).total_seconds())
    agent(terminal, line).turn()
    assert "backlog_old" in faults(terminal)


class Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b'{"protocol": "bianmin/1", "time": "2026-11-01T00:00:00+00:00"}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        pass


@pytest.fixture
def authority(tmp_path: Path) -> ServerFiles:
    return made(tmp_path / "one", 30)


def made(folder: Path, days: int) -> ServerFiles:
    """An authority and a certificate for loopback that ends in so many days."""
    now = datetime.now(UTC)
    return make_server_files(folder, ["127.0.0.1"], now, now + timedelta(days=days))


def serve(authority: ServerFiles) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.certificate, authority.key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def https(authority: ServerFiles) -> Iterator[str]:
    yield from serve(authority)


def test_the_pinned_authority_is_trusted_and_no_other(https: str, authority: ServerFiles, tmp_path: Path) -> None:
    PlatformClient(https, authority.authority).ping()
    other = made(tmp_path / "two", 30)
    with pytest.raises(NoNetwork) as refused:
        PlatformClient(https, other.authority).ping()
    assert refused.value.fault == "platform_certificate"


def test_a_terminal_with_a_wrong_clock_still_reaches_its_platform(tmp_path: Path) -> None:
    past = made(tmp_path / "past", -1)
    for address in serve(past):
        PlatformClient(address, past.authority).ping()


def test_a_key_is_readable_by_its_owner_alone_and_never_written_over(authority: ServerFiles) -> None:
    assert stat.S_IMODE(authority.key.stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        made(authority.key.parent, 30)


def test_a_certificate_for_another_host_is_not_taken(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    elsewhere = make_server_files(tmp_path / "elsewhere", ["platform.example"], now, now + timedelta(days=1))
    for address in serve(elsewhere):
        with pytest.raises(NoNetwork) as refused:
            PlatformClient(address, elsewhere.authority).ping()
        assert refused.value.fault == "platform_certificate"


def test_on_a_bad_line_what_is_there_is_handed_over(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last of four files is lost: its case waits, the other one does not, and no file is asked for again."""
    sent: list[str] = []
    send = terminal.outbox._client.send_blob

    def bad_line(digest: str, *rest: Any) -> None:
        sent.append(digest)
        if len(sent) == 4:
            raise NoNetwork("lost")
        send(digest, *rest)

    monkeypatch.setattr(terminal.outbox._client, "send_blob", bad_line)
    cases = [terminal.submit(), terminal.submit()]
    states = []
    for _ in range(2):
        assert terminal.outbox.send_next() == Sent.SENT
        states.append([line.state for c in cases if (line := terminal.cases.line(c))])
        terminal.cases.try_now()
    assert states == [["stored", "queued"], ["stored", "stored"]]
    assert sent[4:] == sent[3:4]
