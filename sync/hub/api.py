"""The HTTP API for terminals (protocol version 1)."""

from __future__ import annotations

from typing import Any

from litestar import Controller, Request, Response, get, head, patch, post
from litestar.di import NamedDependency
from litestar.exceptions import HTTPException
from litestar.params import FromPath
from litestar.status_codes import HTTP_200_OK, HTTP_204_NO_CONTENT
from pydantic import BaseModel, ValidationError

from sync.hub.blobs import BlobError
from sync.hub.services import Platform
from sync.hub.terminals import Refused
from sync.protocol.canonical import digest as digest_of
from sync.protocol.envelope import Envelope
from sync.protocol.wire import (
    EnrolAnswer,
    EnrolRequest,
    Heartbeat,
    HeartbeatAnswer,
    RatingBatch,
    RecordAnswer,
    SignedRequest,
)


def _parsed(model: type[BaseModel], text: str | bytes) -> Any:
    try:
        return model.model_validate_json(text)
    except ValidationError as bad:
        raise HTTPException(status_code=422, detail=f"{bad.error_count()} faults in the body") from None


Hub = NamedDependency[Platform]


class TerminalApi(Controller):
    path = "/v1"

    @get("/ping", sync_to_thread=False)
    def ping(self) -> dict[str, str]:
        """Tells a platform from a captive portal."""
        return {"protocol": "bianmin/1"}

    @post("/enrol", status_code=HTTP_200_OK)
    async def enrol(self, request: Request[Any, Any, Any], platform: Hub) -> Response[EnrolAnswer]:
        body = _parsed(EnrolRequest, await request.body())
        try:
            return Response(platform.desk.enrol(body))
        except Refused as no:
            raise HTTPException(status_code=403, detail=str(no)) from None

    @head("/blobs/{digest:str}", sync_to_thread=True)
    def blob_offset(self, digest: FromPath[str], platform: Hub) -> Response[None]:
        """``Upload-Offset`` and ``Upload-Complete`` as in draft-ietf-httpbis-resumable-upload."""
        try:
            offset, complete = platform.blobs.offset(digest)
        except BlobError as bad:
            raise HTTPException(status_code=404, detail=str(bad)) from None
        return Response(None, headers={"Upload-Offset": str(offset), "Upload-Complete": "?1" if complete else "?0"})

    @patch("/blobs/{digest:str}", status_code=HTTP_204_NO_CONTENT)
    async def blob_append(
        self, digest: FromPath[str], request: Request[Any, Any, Any], platform: Hub
    ) -> Response[None]:
        """Bytes at ``Upload-Offset``; 409 tells the right offset, 422 that the whole has another digest."""
        try:
            offset, total = int(request.headers["Upload-Offset"]), int(request.headers["Upload-Length"])
        except (KeyError, ValueError):
            raise HTTPException(status_code=400, detail="Upload-Offset and Upload-Length are numbers") from None
        data = await request.body()
        try:
            complete = platform.blobs.append(digest, offset, data, total)
        except BlobError as bad:
            raise HTTPException(status_code=409, detail=str(bad)) from None
        return Response(
            None,
            status_code=HTTP_204_NO_CONTENT,
            headers={"Upload-Offset": str(offset + len(data)), "Upload-Complete": "?1" if complete else "?0"},
        )

    @post("/cases", status_code=HTTP_200_OK)
    async def receive(self, request: Request[Any, Any, Any], platform: Hub) -> Response[RecordAnswer]:
        """One envelope. The answer is per record; a refused one is no HTTP error."""
        envelope = _parsed(Envelope, await request.body())
        return Response(platform.ingest.receive(envelope))

    @post("/heartbeat", status_code=HTTP_200_OK)
    async def heartbeat(self, request: Request[Any, Any, Any], platform: Hub) -> Response[HeartbeatAnswer]:
        signed = _parsed(SignedRequest, await request.body())
        beat = _parsed(Heartbeat, _verified(platform, signed))
        if beat.terminal != signed.terminal:
            raise HTTPException(status_code=403, detail="signed by another terminal")
        return Response(platform.desk.heartbeat(beat))

    @get("/catalogue", sync_to_thread=True)
    def catalogue(self, platform: Hub) -> dict[str, dict[str, str]]:
        """Published files and the digests of their contents."""
        return {"files": {p.name: digest_of(p.read_bytes()) for p in sorted(platform.published.iterdir())}}

    @get("/catalogue/{name:str}", sync_to_thread=True)
    def catalogue_file(self, name: FromPath[str], platform: Hub) -> Response[bytes]:
        known = {p.name: p for p in platform.published.iterdir()}
        if name not in known:
            raise HTTPException(status_code=404, detail="no such package")
        return Response(known[name].read_bytes(), media_type="application/octet-stream")

    @post("/ratings", status_code=HTTP_204_NO_CONTENT)
    async def rate(self, request: Request[Any, Any, Any], platform: Hub) -> None:
        signed = _parsed(SignedRequest, await request.body())
        platform.desk.rate(_parsed(RatingBatch, _verified(platform, signed)))


def _verified(platform: Platform, signed: SignedRequest) -> str:
    try:
        return platform.desk.verified(signed)
    except Refused as no:
        raise HTTPException(status_code=403, detail=str(no)) from None
