"""What a platform, or whatever answers in its place, may say without stopping the terminal for good."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from urllib3 import HTTPHeaderDict, HTTPResponse

from sync.client import NoNetwork, PlatformClient
from sync.protocol.wire import HeartbeatAnswer, Purpose, SignedRequest
from tests.sync.conftest import Terminal
from tests.sync.hands import Hands, online

DAY = 86_400.0


def answering(monkeypatch: pytest.MonkeyPatch, *answers: tuple[int, dict[str, str], bytes]) -> PlatformClient:
    """A client that gets these answers, one after another; a further request fails the test."""
    client = PlatformClient("http://platform.invalid")
    left: Iterator[tuple[int, dict[str, str], bytes]] = iter(answers)

    def request(*_: object, **__: object) -> HTTPResponse:
        given = next(left, None)
        assert given is not None, "it asks on and on"
        status, headers, body = given
        return HTTPResponse(body=body, status=status, headers=HTTPHeaderDict(headers), preload_content=True)

    monkeypatch.setattr(client._pool, "request", request)
    return client


def no_leave(_digest: str, _size: int) -> SignedRequest:
    return SignedRequest.model_construct(terminal="T1", purpose=Purpose.BLOB, at="", body="", signature="")


PROBLEM = b'{"detail": "offset"}'


@pytest.mark.parametrize(
    "answers",
    [
        [(204, {}, b"")],  # all is sent, and nobody says that it is complete
        [(409, {}, PROBLEM), (200, {"Upload-Offset": "many"}, b"")],
        [(409, {}, PROBLEM), (200, {"Upload-Offset": "-1"}, b"")],
        [(409, {}, PROBLEM), (200, {"Upload-Offset": "11"}, b"")],
    ],
    ids=["never complete", "no number", "before the file", "behind the file"],
)
def test_an_upload_that_is_answered_wrongly_ends_as_no_network(
    answers: list[tuple[int, dict[str, str], bytes]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "sealed"
    file.write_bytes(b"0123456789")
    with pytest.raises(NoNetwork):
        answering(monkeypatch, *answers).send_blob("sha256:" + "0" * 64, file, no_leave)


@pytest.mark.parametrize(("after", "seconds"), [("9" * 400, DAY), ("4000000000", DAY), ("\xb2", None), ("30", 30.0)])
def test_a_pause_that_is_asked_for_ends_within_a_day(
    after: str, seconds: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NoNetwork) as gone:
        answering(monkeypatch, (503, {"Retry-After": after}, b"")).ping()
    assert gone.value.retry_after == seconds


@pytest.mark.parametrize("time", ["2026-11-26T08:00:00", "0001-01-01T00:00:00+00:00"], ids=["no zone", "no time"])
def test_a_time_that_cannot_be_reckoned_with_is_none(time: str, monkeypatch: pytest.MonkeyPatch) -> None:
    body = json.dumps({"protocol": "bianmin/1", "time": time}).encode()
    with pytest.raises(NoNetwork):
        answering(monkeypatch, (200, {}, body)).ping()


@pytest.mark.parametrize("cursor", [-1, 2**63])
def test_a_place_in_the_feed_that_cannot_be_is_not_kept(
    cursor: int, terminal: Terminal, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = terminal.client._sent

    def spoiled(method: str, path: str, body: bytes) -> Any:
        answer = post(method, path, body)
        if path == "/v1/heartbeat":
            told = json.loads(answer.data) | {"cursor": cursor}
            return HTTPResponse(body=json.dumps(told).encode(), status=200, preload_content=True)
        return answer

    terminal.submit()
    with monkeypatch.context() as wrong:
        wrong.setattr(terminal.client, "_sent", spoiled)
        hands.agent.turn()
        assert not online(terminal)
    terminal.clock.advance(1000)
    hands.agent.turn()
    assert (online(terminal), terminal.cases.backlog()) == (True, 0)


def test_a_feed_without_an_end_holds_up_no_case(
    terminal: Terminal, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    post, beats = terminal.client.post, 0

    def endless(path: str, body: Any, answer_type: Any) -> Any:
        nonlocal beats
        answer = post(path, body, answer_type)
        if answer_type is HeartbeatAnswer:
            beats += 1
            assert beats < 1000, "it asks on and on"
            return answer.model_copy(update={"more": True})
        return answer

    monkeypatch.setattr(terminal.client, "post", endless)
    terminal.submit()
    hands.agent.turn()
    assert terminal.cases.backlog() == 0
