"""A bare HTTP client: it sends anything, also what no terminal would, and hands over whatever comes back."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import urllib3
from pydantic import BaseModel, ValidationError

from sync.client import pinned
from sync.conformance.report import NotHeld
from sync.protocol.wire import Problem, Refusal

T = TypeVar("T", bound=BaseModel)

TRIES, LONGEST = 3, 60
"""How often, and for how many seconds, a run waits where it is asked to."""


@dataclass(frozen=True)
class Answer:
    """What came back. ``asked`` is the request, for messages."""

    asked: str
    status: int
    headers: urllib3.HTTPHeaderDict
    body: bytes

    def must_be(self, *statuses: int) -> Answer:
        """This answer. Raises NotHeld for another status."""
        if self.status not in statuses:
            wanted = " or ".join(map(str, statuses))
            raise NotHeld(f"{self.asked} was answered {self.status}, not {wanted}")
        return self

    def read(self, model: type[T]) -> T:
        """The body. Raises NotHeld where it is no ``model``."""
        try:
            return model.model_validate_json(self.must_be(200).body)
        except ValidationError as bad:
            raise NotHeld(f"{self.asked}: the answer is no {model.__name__} ({bad.error_count()} faults)") from None

    def refused(self, reason: Refusal) -> None:
        """Raises NotHeld unless it is a 403 with that reason."""
        try:
            problem = Problem.model_validate_json(self.must_be(403).body)
        except ValidationError:
            raise NotHeld(f"{self.asked}: a 403 without a Problem as its body") from None
        if problem.reason != reason:
            raise NotHeld(f"{self.asked} was refused as {problem.reason}, not as {reason.value}")

    @property
    def offset(self) -> tuple[int, bool]:
        """``Upload-Offset`` and whether the blob is complete. Raises NotHeld where the headers do not tell."""
        offset, complete = self.headers.get("Upload-Offset", ""), self.headers.get("Upload-Complete", "?0")
        if not offset.isdigit() or complete not in ("?0", "?1"):
            raise NotHeld(f"{self.asked}: no Upload-Offset and Upload-Complete in the answer")
        return int(offset), complete == "?1"


class NoAnswer(NotHeld):
    """The connection could not be made, or ended before an answer."""


class Wire:
    """One platform. Redirects are not followed, nothing is sent again unless the platform asks for it."""

    def __init__(self, url: str, ca: Path | None = None) -> None:
        self.url = url.rstrip("/")
        self._pool = urllib3.PoolManager(
            num_pools=1,
            maxsize=8,
            retries=False,
            timeout=urllib3.Timeout(connect=5.0, read=30.0),
            ssl_context=pinned(ca) if ca else None,
        )

    def ask(self, method: str, path: str, body: bytes | BaseModel = b"", **headers: str) -> Answer:
        """The answer; one that asks for patience is waited for. Raises NotHeld where there is none at all."""
        for _ in range(TRIES):
            answer = self._asked(method, path, body, headers)
            if answer.status not in (429, 503):
                return answer
            after = answer.headers.get("Retry-After", "")
            if not after.isdigit():
                raise NotHeld(f"{answer.asked} was answered {answer.status} without Retry-After in seconds")
            threading.Event().wait(min(int(after), LONGEST))
        return answer

    def _asked(self, method: str, path: str, body: bytes | BaseModel, headers: dict[str, str]) -> Answer:
        data = body.model_dump_json().encode() if isinstance(body, BaseModel) else body
        sent = {"Content-Type": "application/json", **{k.replace("_", "-"): v for k, v in headers.items()}}
        try:
            got = self._pool.request(method, self.url + path, body=data, headers=sent, redirect=False)
        except urllib3.exceptions.HTTPError as gone:
            raise NoAnswer(f"{method} {path}: no answer ({type(gone).__name__})") from None
        return Answer(f"{method} {path}", got.status, got.headers, got.data)

    def progress(self, digest: str) -> tuple[int, bool]:
        """How much of a blob the platform has."""
        return self.ask("HEAD", f"/v1/blobs/{digest}").must_be(200).offset
