"""A department that does not exist, for trying and for tests: it speaks the contract over HTTP, well or badly."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from pydantic import ValidationError

from sync.hub.departments.contract import Decision, Handover, Reply
from sync.protocol.canonical import digest

SLOW = 1.5
"""Seconds that a slow one takes."""


class Mood(StrEnum):
    """``page``: a page of HTML instead of an answer; ``other``: an answer on another case; ``moody``: any of all."""

    WELL = "well"
    SLOW = "slow"
    DOWN = "down"
    WRONG = "wrong"
    PAGE = "page"
    OTHER = "other"
    RETURNED = "returned"
    MOODY = "moody"


class MockDepartment(ThreadingHTTPServer):
    """Cases are taken once by their key; ``taken`` says how often each came."""

    daemon_threads = True

    def __init__(self, mood: Mood, port: int = 0, seed: int = 1) -> None:
        super().__init__(("127.0.0.1", port), _Desk)
        self.mood, self.papers, self.taken = mood, {}, {}  # type: tuple[Mood, dict[str, int], dict[str, int]]
        self._chance, self._lock = random.Random(seed), threading.Lock()  # noqa: S311 - moods need no secrecy
        self.stopping = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def mood_now(self) -> Mood:
        moods = [m for m in Mood if m is not Mood.MOODY]
        with self._lock:
            return self._chance.choice(moods) if self.mood is Mood.MOODY else self.mood

    def take(self, key: str) -> str:
        """The number of the case, the same however often it comes."""
        with self._lock:
            self.taken[key] = self.taken.get(key, 0) + 1
            return f"D-{list(self.taken).index(key) + 1:06d}"


class _Desk(BaseHTTPRequestHandler):
    server: MockDepartment

    def do_PUT(self) -> None:
        data = self._body()
        name = self.path.removeprefix("/papers/")
        if digest(data, name.partition(":")[0]) != name or not data.startswith(b"%PDF"):
            self._answer(422, b"")
            return
        self.server.papers[name] = len(data)
        self._answer(204, b"")

    def do_POST(self) -> None:
        data, mood = self._body(), self.server.mood_now()
        match mood:
            case Mood.DOWN:
                self._answer(503, b"", {"Retry-After": "7"})
                return
            case Mood.WRONG:
                self._answer(200, b'{"decision": "perhaps"}')
                return
            case Mood.PAGE:
                self._answer(200, b"<html>Maintenance</html>", {"Content-Type": "text/html"})
                return
            case Mood.SLOW:
                self.server.stopping.wait(SLOW)
        try:
            case = Handover.model_validate_json(data)
        except ValidationError:
            self._answer(422, b"")
            return
        if any(p.digest not in self.server.papers for p in case.papers):
            self._answer(409, b"")
            return
        if mood is Mood.RETURNED:
            reply = Reply(key=case.key, decision=Decision.RETURNED, note="needs another form")
        else:
            key = f"{case.key}x" if mood is Mood.OTHER else case.key
            reply = Reply(key=key, decision=Decision.TAKEN, number=self.server.take(case.key))
        self._answer(200, json.dumps(reply.model_dump(mode="json")).encode())

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {"Content-Type": "application/json"}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that http.server calls it by
        """Nothing: a request line may name a case."""


@contextmanager
def serving(mood: Mood = Mood.WELL, port: int = 0) -> Iterator[MockDepartment]:
    """A department on a loopback port."""
    server = MockDepartment(mood, port)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.stopping.set()
        server.shutdown()
        thread.join()
        server.server_close()
