"""The way between platform and terminal: clocks, errors without an end, files that drip."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from kiosk.catalogue.loader import load_catalogue
from kiosk.model.clock import ManualClock
from kiosk.security.trust import expiry_time, load_trust, remember_start
from sync.client import NoNetwork, PlatformClient
from sync.content import METADATA
from sync.enrolment import enrol
from sync.hub.repository import Repository
from sync.hub.services import Platform
from tests.sync.conftest import Terminal

one_storage = pytest.mark.parametrize("storage", ["sqlite and folder"], indirect=True)


@one_storage
@pytest.mark.parametrize("year", [2001, 2038])
def test_a_wrong_clock_takes_no_service_away(terminal: Terminal, year: int, monkeypatch: pytest.MonkeyPatch) -> None:
    trust = load_trust(terminal.content.parent / "platform.json")
    assert trust is not None
    wrong = ManualClock(datetime(year, 1, 1, tzinfo=UTC))
    terminal.client.ping()
    assert terminal.client.started is not None
    remember_start(terminal.store, terminal.client.started)
    now = expiry_time(terminal.store, trust, wrong)
    assert len(load_catalogue(terminal.content / "current", terminal.root, now).services) == 4
    assert abs(now - datetime.now(UTC)) < timedelta(minutes=5)
    # After a new start, and without the platform, nobody knows better than the clock.
    monkeypatch.setattr("kiosk.security.trust.boot_id", lambda: "another")
    assert expiry_time(terminal.store, trust, wrong) == wrong.now()


def test_an_error_without_an_end_is_not_read_to_its_end() -> None:
    sent, tried = [0], threading.Event()

    class Endless(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(404)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            try:
                while sent[0] < 200_000_000:
                    sent[0] += self.wfile.write(b" " * 100_000)
            except OSError:
                tried.set()

        def log_message(self, *_args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Endless)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        with pytest.raises(NoNetwork):
            list(PlatformClient(f"http://127.0.0.1:{server.server_port}").pieces(f"{METADATA}2.root.json"))
        assert tried.wait(30)
        # What the system takes in advance lies between.
        assert sent[0] < 50_000_000
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@one_storage
def test_a_file_that_drips_is_given_up(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sync.client.LONGEST", -1.0)
    with pytest.raises(NoNetwork, match="slowly"):
        list(terminal.client.pieces(f"{METADATA}timestamp.json"))


@one_storage
def test_a_terminal_does_not_enrol_where_it_is_told_no_root(
    platform: Platform, terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Repository, "root", lambda _self: b"{}")
    folder = tmp_path / "other"
    with pytest.raises(NoNetwork):
        enrol(terminal.client, platform.desk.new_code(), "T02", folder / "credentials", folder / "platform.json", "")
    assert not folder.exists()
