"""A terminal's client and a platform in one process: all of both but the sockets between them.

The platform's own handlers answer, so that whatever they say comes back to the client as it does over HTTP.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from litestar.exceptions import HTTPException
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError

from sync.client import PlatformClient
from sync.hub import api, uploads
from sync.hub.problems import plain_error
from sync.hub.services import Platform
from sync.protocol.wire import SignedRequest

ADDRESS = "http://platform"


@dataclass(frozen=True)
class Call:
    """One request, as it is on its way."""

    method: str
    path: str
    body: bytes
    headers: Mapping[str, str]

    @property
    def asks(self) -> bool:
        """It changes nothing."""
        return self.method in {"GET", "HEAD"}


@dataclass(frozen=True)
class Answer:
    """What a client looks at of the answer."""

    status: int
    data: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


def answered(platform: Platform, call: Call) -> Answer:
    """What ``platform`` says to ``call``."""
    try:
        return _answered(platform, call)
    except HTTPException as error:
        told = plain_error(SimpleNamespace(), error)  # type: ignore[arg-type]
        return Answer(told.status_code, json.dumps(told.content).encode(), told.headers)
    except (OSError, DBAPIError) as bad:
        return Answer(500, json.dumps({"detail": type(bad).__name__}).encode())


def _answered(platform: Platform, call: Call) -> Answer:
    request: Any = SimpleNamespace(headers=call.headers)
    hub: Any = platform
    folder, _slash, name = call.path.rpartition("/")
    match call.method, folder:
        case "PATCH", uploads.PATH:
            offset, length = (call.headers[f"Upload-{what}"] for what in ("Offset", "Length"))
            said = uploads.BlobApi.blob_append.fn(None, name, offset, request, call.body, hub, length)
            return Answer(said.status_code, headers=said.headers)
        case "HEAD", uploads.PATH:
            said = uploads.BlobApi.blob_offset.fn(None, request, name, hub)
            return Answer(200, headers=said.headers)
        case "POST", "/v1" if name == "records":
            try:
                signed = SignedRequest.model_validate_json(call.body)
            except ValidationError:
                raise HTTPException(status_code=400, detail="not a request of this protocol") from None
            return Answer(200, api.told(platform.door.records([signed])[0]).model_dump_json().encode())
        case "GET", "/v1" if name == "ping":
            return Answer(200, api.TerminalApi.ping.fn(None, hub).model_dump_json().encode())
    raise HTTPException(status_code=404, detail="not here")


class _Connections:
    """What a client has in the place of its pool of connections."""

    def __init__(self, send: Callable[[Call], Answer]) -> None:
        self._send = send

    def request(
        self,
        method: str,
        url: str,
        *,
        body: bytes | memoryview,
        headers: Mapping[str, str],
        redirect: bool,
        preload_content: bool,
    ) -> Answer:
        assert not redirect
        assert preload_content
        # The client's next piece comes into the same memory, and this one may still be on its way.
        return self._send(Call(method, url.removeprefix(ADDRESS), bytes(body), headers))


def client_over(send: Callable[[Call], Answer]) -> PlatformClient:
    """A client whose requests go to ``send``, which raises urllib3's errors where the network does."""
    client = PlatformClient(ADDRESS)
    client._pool = _Connections(send)  # type: ignore[assignment]
    return client
