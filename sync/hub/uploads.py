"""Sealed files come in pieces, resumed at the byte: by the headers of draft-ietf-httpbis-resumable-upload, and by
tus 1.0 with the extension ``creation``, so that its clients can bring them too."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Controller, Request, Response, head, patch, post, route
from litestar.di import NamedDependency
from litestar.enums import HttpMethod
from litestar.exceptions import HTTPException
from litestar.params import HeaderParameter, PathParameter, RawBody
from litestar.status_codes import HTTP_201_CREATED, HTTP_204_NO_CONTENT

from sync.hub.blobs import BlobError
from sync.hub.door import grant_in
from sync.hub.problems import plain_error, problems, refused
from sync.hub.services import Platform
from sync.protocol.envelope import MAX_BLOB
from sync.protocol.wire import BlobGrant, Refusal

Hub = NamedDependency[Platform]
AnyRequest = Request[Any, Any, Any]

TUS = "1.0.0"
PATH = "/v1/blobs"
NUMBER = r"^[0-9]{1,12}$"
BlobName = Annotated[str, PathParameter(pattern=r"^(sha256|sm3):[0-9a-f]{64}$", description="digest of the whole blob")]
Offset = Annotated[str, HeaderParameter(name="Upload-Offset", pattern=NUMBER, description="where these bytes begin")]
Length = Annotated[str, HeaderParameter(name="Upload-Length", pattern=NUMBER, description="bytes of the whole blob")]
MaybeLength = Annotated[
    str | None,
    HeaderParameter(name="Upload-Length", pattern=NUMBER, description="bytes of the whole blob, as the leave says"),
]
Version = Annotated[
    str | None, HeaderParameter(name="Tus-Resumable", description=f"{TUS}, of who speaks tus; left out by others")
]


def _told(request: AnyRequest, error: HTTPException) -> Response[dict[str, str]]:
    answer = plain_error(request, error)
    answer.headers["Tus-Resumable"] = TUS
    return answer


class BlobApi(Controller):
    path = PATH
    tags = ["terminals"]
    response_headers = {"Tus-Resumable": TUS}
    exception_handlers = {HTTPException: _told}

    @route("/", http_method=[HttpMethod.OPTIONS], status_code=HTTP_204_NO_CONTENT, sync_to_thread=False)
    def abilities(self) -> Response[None]:
        """What of tus the platform knows."""
        can = {"Tus-Version": TUS, "Tus-Extension": "creation", "Tus-Max-Size": str(MAX_BLOB)}
        return Response(None, status_code=HTTP_204_NO_CONTENT, headers=can)

    @post("/", status_code=HTTP_201_CREATED, sync_to_thread=True, responses=problems(400, 403, 412, 413, 429, 503))
    def begin(self, request: AnyRequest, length: Length, platform: Hub, version: Version = None) -> Response[None]:
        """Where the blob goes that the leave in ``Authorization`` is for (tus, creation): ``Location``. There is
        nothing to make: whether it is new, or here in part, ``HEAD`` tells."""
        _understood(version)
        grant = _granted(request)
        refusal = platform.door.upload(_leave(request), grant.digest, _size(int(length)))
        if refusal is not None:
            raise refused(refusal)
        return Response(None, status_code=HTTP_201_CREATED, headers={"Location": f"{PATH}/{grant.digest}"})

    @head("/{digest:str}", sync_to_thread=True, responses=problems(400, 412))
    def blob_offset(
        self, request: AnyRequest, digest: BlobName, platform: Hub, version: Version = None
    ) -> Response[None]:
        """How much of a blob is here: ``Upload-Offset``, ``Upload-Complete``; and ``Upload-Length``, where that is
        known from the blob or from a leave."""
        _understood(version)
        offset, complete = platform.blobs.offset(digest)
        grant = grant_in(_leave(request))
        total = offset if complete else grant.size if grant and grant.digest == digest else None
        length = {} if total is None else {"Upload-Length": str(total)}
        return Response(None, headers={**_progress(offset, complete), **length, "Cache-Control": "no-store"})

    @patch(
        "/{digest:str}",
        status_code=HTTP_204_NO_CONTENT,
        sync_to_thread=True,
        responses=problems(400, 403, 409, 412, 413, 429, 503),
    )
    def blob_append(
        self,
        digest: BlobName,
        offset: Offset,
        request: AnyRequest,
        body: RawBody,
        platform: Hub,
        length: MaybeLength = None,
        version: Version = None,
    ) -> Response[None]:
        """Bytes at ``Upload-Offset`` of a blob, with the leave of its terminal (a signed ``BlobGrant`` in
        ``Authorization``); complete once its digest fits."""
        _understood(version)
        place, total = int(offset), _size(int(length) if length else _granted(request).size)
        if (not body and place != total) or place + len(body) > total:
            raise HTTPException(status_code=400, detail="the bytes do not lie within the blob")
        refusal = platform.door.upload(_leave(request), digest, total)
        if refusal is not None:
            raise refused(refusal)
        try:
            complete = platform.blobs.append(digest, place, body, total)
        except BlobError as bad:
            have, _complete = platform.blobs.offset(digest)
            raise HTTPException(status_code=409, detail=str(bad), headers={"Upload-Offset": str(have)}) from None
        end = platform.blobs.offset(digest)[0] if complete else place + len(body)
        return Response(None, status_code=HTTP_204_NO_CONTENT, headers=_progress(end, complete))


def _leave(request: AnyRequest) -> str:
    return request.headers.get("Authorization", "")


def _granted(request: AnyRequest) -> BlobGrant:
    """What the leave says, true or not. Raises HTTPException where there is none."""
    grant = grant_in(_leave(request))
    if grant is None:
        raise refused(Refusal.BAD_SIGNATURE)
    return grant


def _size(total: int) -> int:
    if total > MAX_BLOB:
        raise HTTPException(status_code=413, detail=f"a blob has at most {MAX_BLOB} bytes")
    return total


def _understood(version: str | None) -> None:
    if version not in (None, TUS):
        raise HTTPException(status_code=412, detail="another version of tus", headers={"Tus-Version": TUS})


def _progress(offset: int, complete: bool) -> dict[str, str]:
    return {"Upload-Offset": str(offset), "Upload-Complete": "?1" if complete else "?0"}
