"""The description of the terminal API (OpenAPI 3.1), served at ``/v1/openapi.json`` and published in ``docs/protocol``.

Paths and answers come from the handlers; the bodies from the models of ``sync.protocol``, with every limit that they
have; and what no handler can say (headers of errors, bytes as a body) is added here.
"""

from __future__ import annotations

from typing import Any

from litestar import Request
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from pydantic.json_schema import models_json_schema

from sync.protocol import wire
from sync.protocol.envelope import VERSION
from sync.protocol.wire import SCHEME

_BODIES = (
    wire.BatchAnswer,
    wire.EnrolAnswer,
    wire.EnrolRequest,
    wire.HeartbeatAnswer,
    wire.Ping,
    wire.Problem,
    wire.SignedRequest,
    # What stands as text in a signed request.
    wire.BlobGrant,
    wire.Heartbeat,
    wire.RatingBatch,
    wire.RecordBatch,
)
_RETRY_AFTER = {
    "Retry-After": {"description": "seconds until the next try, at the earliest", "schema": {"type": "integer"}}
}
_UPLOAD_OFFSET = {
    "Upload-Offset": {
        "description": "bytes of this blob that are durable here",
        "schema": {"type": "integer", "minimum": 0},
    }
}
_UPLOAD_COMPLETE = {
    "Upload-Complete": {
        "description": "?1 once the whole blob is here and durable, else ?0",
        "schema": {"type": "string", "enum": ["?0", "?1"]},
    }
}
_UPLOAD_LENGTH = {
    "Upload-Length": {
        "description": "bytes of the whole blob, where they are known",
        "schema": {"type": "integer", "minimum": 0},
    }
}
_LOCATION = {"Location": {"description": "where the blob's bytes go", "schema": {"type": "string"}}}
_TUS_VERSION = {"Tus-Version": {"description": "versions of tus that are known", "schema": {"type": "string"}}}
_TUS = _TUS_VERSION | {
    "Tus-Extension": {"description": "parts of tus beyond its core", "schema": {"type": "string"}},
    "Tus-Max-Size": {"description": "bytes of a blob at most", "schema": {"type": "integer"}},
}
_CONTENT_RANGE = {"Content-Range": {"description": "which part of how many bytes", "schema": {"type": "string"}}}
_ADDED = {
    ("get", "206"): _CONTENT_RANGE,
    ("get", "416"): _CONTENT_RANGE,
    ("head", "200"): _UPLOAD_OFFSET | _UPLOAD_COMPLETE | _UPLOAD_LENGTH,
    ("head", "412"): _TUS_VERSION,
    ("options", "204"): _TUS,
    ("patch", "204"): _UPLOAD_OFFSET | _UPLOAD_COMPLETE,
    ("patch", "409"): _UPLOAD_OFFSET,
    ("patch", "412"): _TUS_VERSION,
    ("post", "201"): _LOCATION,
    ("post", "412"): _TUS_VERSION,
}
_LEAVE = {
    "type": "http",
    "scheme": SCHEME,
    "description": "a SignedRequest of the purpose blob, whose body is a BlobGrant; its JSON as base64url",
}
_NEEDED: list[dict[str, list[str]]] = [{"leave": []}]
_BYTES = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}


class _Plugin(JsonRenderPlugin):
    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        return self.render_json(request, described(openapi_schema))


CONFIG = OpenAPIConfig(
    title="Bianmin platform, terminal API",
    version=str(VERSION),
    summary="How terminals hand in cases and hear of them; docs/protocol.md tells what it means.",
    use_handler_docstrings=True,
    # Below its path the framework answers with a page of its own, so nothing else may lie there.
    path="/v1/openapi.json",
    render_plugins=[_Plugin(path="/")],
)


def described(drawn: dict[str, Any]) -> dict[str, Any]:
    """The description for what the framework has drawn from the handlers."""
    _ways, schemas = models_json_schema(
        [(model, "serialization" if model.__name__.endswith("Answer") else "validation") for model in _BODIES],
        ref_template="#/components/schemas/{model}",
    )
    paths = {path: dict(operations) for path, operations in sorted(drawn["paths"].items())}
    for operations in paths.values():
        for method, operation in operations.items():
            operations[method] = _operation(method, operation)
    components = {"schemas": dict(sorted(schemas["$defs"].items())), "securitySchemes": {"leave": _LEAVE}}
    return {**drawn, "paths": paths, "components": components}


def _operation(method: str, operation: dict[str, Any]) -> dict[str, Any]:
    answers = {}
    for status, given in operation["responses"].items():
        answer = dict(given)
        # Not those that every answer of the server has.
        answer["headers"] = _RETRY_AFTER if status in ("429", "503") else _ADDED.get((method, status), {})
        if method == "head" or status in ("201", "204"):
            answer.pop("content", None)
        if "application/octet-stream" in answer.get("content", {}):
            answer["content"] = _BYTES
        answers[status] = answer
    more: dict[str, Any] = {"requestBody": {"required": True, "content": _BYTES}} if method == "patch" else {}
    if method == "patch" or "201" in answers:
        more["security"] = _NEEDED
    return {**operation, **more, "responses": answers}
