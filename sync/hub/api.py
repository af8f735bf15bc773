"""The HTTP API for terminals (protocol version 1)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated, Any

from litestar import Controller, Request, Response, get, head, patch, post
from litestar.di import NamedDependency
from litestar.exceptions import HTTPException
from litestar.middleware.rate_limit import RateLimitConfig
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, HeaderParameter, JSONBody, PathParameter
from litestar.status_codes import HTTP_200_OK, HTTP_204_NO_CONTENT

from sync.hub.blobs import BlobError
from sync.hub.door import Malformed
from sync.hub.group import GroupCommit, Overloaded
from sync.hub.senders import Refused
from sync.hub.services import Platform
from sync.protocol.canonical import digest as digest_of
from sync.protocol.envelope import MAX_BLOB
from sync.protocol.wire import (
    BatchAnswer,
    ContentIndex,
    EnrolAnswer,
    EnrolRequest,
    HeartbeatAnswer,
    Ping,
    Problem,
    Refusal,
    SignedRequest,
)

THREADS = 2
"""That take in records: one reads and checks while the database writes what the other one has."""
Hub = NamedDependency[Platform]


class Groups:
    """The threads that gather requests; one of each kind."""

    def __init__(self, platform: Platform, tell: Callable[[str, int, float, int], None]) -> None:
        door = platform.door
        self.records = GroupCommit("records", door.records, tell, threads=THREADS)
        self.heartbeats = GroupCommit("heartbeats", door.heartbeats, tell, most=500, room=20_000)
        self.ratings = GroupCommit("ratings", door.ratings, tell)

    def close(self) -> None:
        for group in (self.records, self.heartbeats, self.ratings):
            group.close()


Gathering = NamedDependency[Groups]
DIGEST = r"^(sha256|sm3):[0-9a-f]{64}$"
NUMBER = r"^[0-9]{1,12}$"
BlobName = Annotated[str, PathParameter(pattern=DIGEST, description="digest of the whole blob")]
Offset = Annotated[str, HeaderParameter(name="Upload-Offset", pattern=NUMBER, description="where these bytes begin")]
Length = Annotated[str, HeaderParameter(name="Upload-Length", pattern=NUMBER, description="bytes of the whole blob")]


def _problems(*statuses: int) -> dict[int, ResponseSpec]:
    words = {
        400: "not a request of this protocol",
        403: "refused: unknown, revoked, forged, expired, replayed, or signed for something else",
        404: "not here",
        409: "another offset, or a digest that does not fit; Upload-Offset tells where to go on",
        413: "too large",
        422: "the body is not what is asked for",
        429: "too fast; Retry-After tells when to come again",
        503: "busy; Retry-After tells when to come again",
    }
    return {s: ResponseSpec(Problem, description=words[s], generate_examples=False) for s in statuses}


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
        responses=_problems(400, 403, 413, 429, 503),
        # Codes cannot be guessed anyway; this keeps who tries from filling the audit record.
        middleware=[RateLimitConfig(("minute", 60)).middleware],
    )
    def enrol(self, data: JSONBody[EnrolRequest], platform: Hub) -> EnrolAnswer:
        """A terminal shows its one-time code and learns whom to trust."""
        try:
            return platform.desk.enrol(data)
        except Refused as no:
            raise _refused(no.reason) from None

    @head("/blobs/{digest:str}", sync_to_thread=True, responses=_problems(400))
    def blob_offset(self, digest: BlobName, platform: Hub) -> Response[None]:
        """How much of a blob is here (draft-ietf-httpbis-resumable-upload): ``Upload-Offset``, ``Upload-Complete``."""
        return Response(None, headers=_progress(*platform.blobs.offset(digest)))

    @patch("/blobs/{digest:str}", status_code=HTTP_204_NO_CONTENT, responses=_problems(400, 403, 409, 413, 429, 503))
    async def blob_append(
        self, digest: BlobName, offset: Offset, length: Length, request: Request[Any, Any, Any], platform: Hub
    ) -> Response[None]:
        """Bytes at ``Upload-Offset`` of a blob of ``Upload-Length`` bytes, with the leave of its terminal (a signed
        ``BlobGrant`` in ``Authorization``); complete once its digest fits."""
        place, total, data = int(offset), int(length), await request.body()
        if total > MAX_BLOB:
            raise HTTPException(status_code=413, detail=f"a blob has at most {MAX_BLOB} bytes")
        if not data or place + len(data) > total:
            raise HTTPException(status_code=400, detail="the bytes do not lie within Upload-Length")
        leave = request.headers.get("Authorization", "")
        refusal = await asyncio.to_thread(platform.door.upload, leave, digest, total)
        if refusal is not None:
            raise _refused(refusal)
        try:
            complete = await asyncio.to_thread(platform.blobs.append, digest, place, data, total)
        except BlobError as bad:
            have, _complete = await asyncio.to_thread(platform.blobs.offset, digest)
            raise HTTPException(status_code=409, detail=str(bad), headers={"Upload-Offset": str(have)}) from None
        end = (await asyncio.to_thread(platform.blobs.offset, digest))[0] if complete else place + len(data)
        return Response(None, status_code=HTTP_204_NO_CONTENT, headers=_progress(end, complete))

    @post("/records", status_code=HTTP_200_OK, responses=_problems(400, 403, 413, 422, 429, 503))
    async def records(self, data: JSONBody[SignedRequest], groups: Gathering) -> BatchAnswer:
        """A batch of envelopes (a signed ``RecordBatch``). The answer is per record; a refused one is no HTTP error."""
        answer: BatchAnswer = await _gathered(groups.records, data)
        return answer

    @post("/heartbeat", status_code=HTTP_200_OK, responses=_problems(400, 403, 413, 422, 429, 503))
    async def heartbeat(self, data: JSONBody[SignedRequest], groups: Gathering) -> HeartbeatAnswer:
        """A sign of life (a signed ``Heartbeat``); the answer tells what the terminal needs to know."""
        answer: HeartbeatAnswer = await _gathered(groups.heartbeats, data)
        return answer

    @post("/ratings", status_code=HTTP_204_NO_CONTENT, responses=_problems(400, 403, 413, 422, 429, 503))
    async def rate(self, data: JSONBody[SignedRequest], groups: Gathering) -> None:
        """A batch of ratings (a signed ``RatingBatch``); nothing of them leads to a case."""
        await _gathered(groups.ratings, data)

    @get("/catalogue", sync_to_thread=True)
    def catalogue(self, platform: Hub) -> ContentIndex:
        """Published files and the digests of their contents."""
        return ContentIndex(files={p.name: digest_of(p.read_bytes()) for p in sorted(platform.published.iterdir())})

    @get(
        "/catalogue/{name:str}",
        sync_to_thread=True,
        media_type="application/octet-stream",
        responses=_problems(400, 404),
    )
    def catalogue_file(self, name: FromPath[str], platform: Hub) -> Response[bytes]:
        """One published file. It carries its own signature."""
        known = {p.name: p for p in platform.published.iterdir()}
        if name not in known:
            raise HTTPException(status_code=404, detail="no such package")
        return Response(known[name].read_bytes(), media_type="application/octet-stream")


def _progress(offset: int, complete: bool) -> dict[str, str]:
    return {"Upload-Offset": str(offset), "Upload-Complete": "?1" if complete else "?0"}


def _refused(reason: Refusal) -> HTTPException:
    return HTTPException(status_code=403, detail="refused", extra={"reason": reason.value})


async def _gathered(group: GroupCommit[SignedRequest, Any], request: SignedRequest) -> Any:
    """The answer of the group that ``request`` goes into, or the HTTP error that says why there is none."""
    try:
        answer = await asyncio.wrap_future(group.submit(request))
    except Overloaded as full:
        after = {"Retry-After": str(round(full.retry_after))}
        raise HTTPException(status_code=503, detail=str(full), headers=after) from None
    if isinstance(answer, Refusal):
        raise _refused(answer)
    if isinstance(answer, Malformed):
        raise HTTPException(status_code=422, detail=answer.detail)
    return answer
