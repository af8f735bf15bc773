"""The HTTP API for terminals (protocol version 1)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Annotated, Any

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.exceptions import HTTPException
from litestar.middleware.rate_limit import RateLimitConfig
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, HeaderParameter, JSONBody
from litestar.response import Stream
from litestar.status_codes import HTTP_200_OK, HTTP_204_NO_CONTENT

from sync.hub.door import Malformed
from sync.hub.group import GroupCommit, Overloaded
from sync.hub.problems import problems, refused
from sync.hub.senders import Refused
from sync.hub.services import Platform
from sync.protocol.wire import (
    BatchAnswer,
    EnrolAnswer,
    EnrolRequest,
    HeartbeatAnswer,
    Ping,
    Refusal,
    SignedRequest,
)

THREADS = 2
"""That take in records, where there is one process: one reads and checks while the database writes what the other one
has. Beside other processes one is enough, and two would only wait for each other."""
Hub = NamedDependency[Platform]
BYTES = "application/octet-stream"
_RANGE = re.compile(r"^bytes=([0-9]{1,12})-([0-9]{0,12})$")
Part = Annotated[str | None, HeaderParameter(name="Range", description="bytes=FIRST-LAST or bytes=FIRST-, of a wheel")]


_PARTIAL = {
    206: ResponseSpec(bytes, generate_examples=False, media_type=BYTES, description="the part, where one is asked")
}


class Groups:
    """The threads that gather requests; one of each kind."""

    def __init__(self, platform: Platform, tell: Callable[[str, int, float, int], None], threads: int) -> None:
        door = platform.door
        self.records = GroupCommit("records", door.records, tell, threads=threads)
        self.heartbeats = GroupCommit("heartbeats", door.heartbeats, tell, most=500, room=20_000)
        self.ratings = GroupCommit("ratings", door.ratings, tell)

    def close(self) -> None:
        for group in (self.records, self.heartbeats, self.ratings):
            group.close()


Gathering = NamedDependency[Groups]


class TerminalApi(Controller):
    path = "/v1"
    tags = ["terminals"]

    @get("/ping", sync_to_thread=False)
    def ping(self, platform: Hub) -> Ping:
        """Tells a platform from a captive portal, and the time that requests carry."""
        return Ping(time=platform.clock.now().isoformat())

    @post(
        "/enrol",
        status_code=HTTP_200_OK,
        sync_to_thread=True,
        responses=problems(400, 403, 413, 429, 503),
        # Codes cannot be guessed anyway; this keeps who tries from filling the audit record.
        middleware=[RateLimitConfig(("minute", 60)).middleware],
    )
    def enrol(self, data: JSONBody[EnrolRequest], platform: Hub) -> EnrolAnswer:
        """A terminal shows its one-time code and learns whom to trust."""
        try:
            return platform.desk.enrol(data)
        except Refused as no:
            raise refused(no.reason) from None

    @post("/records", status_code=HTTP_200_OK, responses=problems(400, 403, 413, 422, 429, 503))
    async def records(self, data: JSONBody[SignedRequest], groups: Gathering) -> BatchAnswer:
        """A batch of envelopes (a signed ``RecordBatch``). The answer is per record; a refused one is no HTTP error."""
        answer: BatchAnswer = await _gathered(groups.records, data)
        return answer

    @post("/heartbeat", status_code=HTTP_200_OK, responses=problems(400, 403, 413, 422, 429, 503))
    async def heartbeat(self, data: JSONBody[SignedRequest], groups: Gathering) -> HeartbeatAnswer:
        """A sign of life (a signed ``Heartbeat``); the answer tells what the terminal needs to know."""
        answer: HeartbeatAnswer = await _gathered(groups.heartbeats, data)
        return answer

    @post("/ratings", status_code=HTTP_204_NO_CONTENT, responses=problems(400, 403, 413, 422, 429, 503))
    async def rate(self, data: JSONBody[SignedRequest], groups: Gathering) -> None:
        """A batch of ratings (a signed ``RatingBatch``); nothing of them leads to a case."""
        await _gathered(groups.ratings, data)

    @get(
        "/content/metadata/{name:str}",
        sync_to_thread=True,
        media_type=BYTES,
        responses=problems(400, 404),
    )
    def metadata(self, name: FromPath[str], platform: Hub) -> Response[bytes]:
        """Metadata of the published files (TUF): ``timestamp.json``, ``VERSION.root.json``, …"""
        return _served(platform.repository.metadata(name))

    @get(
        "/content/files/{folder:str}/{name:str}",
        sync_to_thread=True,
        media_type=BYTES,
        responses=problems(400, 404, 416) | _PARTIAL,
    )
    def file(
        self, folder: FromPath[str], name: FromPath[str], platform: Hub, part: Part = None
    ) -> Response[bytes] | Stream:
        """One published file; its digest stands before its name. Of a wheel, the bytes that ``Range`` asks for."""
        wheel = platform.repository.wheel(f"{folder}/{name}")
        if wheel is None:
            return _served(platform.repository.file(f"{folder}/{name}"))
        return _piece(platform, *wheel, _RANGE.match(part or ""))


def _piece(platform: Platform, digest: str, size: int, asked: re.Match[str] | None) -> Stream:
    """All of a wheel, or the part that was asked for; a range of another kind is passed over (RFC 9110, 14.2)."""
    start = int(asked[1]) if asked else 0
    end = min(size, int(asked[2]) + 1) if asked and asked[2] else size
    headers = {"Accept-Ranges": "bytes", "Content-Length": str(end - start)}
    if asked and not start < end:
        raise HTTPException(status_code=416, detail="no such part", headers={"Content-Range": f"bytes */{size}"})
    if asked:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    return Stream(
        platform.repository.part(digest, start, end),
        status_code=206 if asked else 200,
        headers=headers,
        media_type=BYTES,
    )


def _served(content: bytes | None) -> Response[bytes]:
    if content is None:
        raise HTTPException(status_code=404, detail="not published")
    return Response(content, media_type=BYTES)


async def _gathered(group: GroupCommit[SignedRequest, Any], request: SignedRequest) -> Any:
    """The answer of the group that ``request`` goes into, or the HTTP error that says why there is none."""
    try:
        answer = await asyncio.wrap_future(group.submit(request))
    except Overloaded as full:
        after = {"Retry-After": str(round(full.retry_after))}
        raise HTTPException(status_code=503, detail=str(full), headers=after) from None
    return told(answer)


def told(answer: Any) -> Any:
    """What the door has answered, or the HTTP error that stands for it."""
    if isinstance(answer, Refusal):
        raise refused(answer)
    if isinstance(answer, Malformed):
        raise HTTPException(status_code=422, detail=answer.detail)
    return answer
