"""Errors as terminals are told them: a ``Problem``, and when to come again."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.openapi.datastructures import ResponseSpec

from sync.protocol.wire import Problem, Refusal

_WORDS = {
    400: "not a request of this protocol",
    403: "refused: unknown, revoked, forged, expired, replayed, or signed for something else",
    404: "not here",
    409: "another offset, or a digest that does not fit; Upload-Offset tells where to go on",
    412: "another version of tus; Tus-Version tells which are known",
    413: "too large",
    416: "the file has no such part",
    422: "the body is not what is asked for",
    429: "too fast; Retry-After tells when to come again",
    503: "busy; Retry-After tells when to come again",
}


def problems(*statuses: int) -> dict[int, ResponseSpec]:
    """What is said of errors in the description."""
    return {s: ResponseSpec(Problem, description=_WORDS[s], generate_examples=False) for s in statuses}


def refused(reason: Refusal) -> HTTPException:
    """403, with its reason."""
    return HTTPException(status_code=403, detail="refused", extra={"reason": reason.value})


def plain_error(_request: Request[Any, Any, Any], error: HTTPException) -> Response[dict[str, str]]:
    """The error as a ``Problem``."""
    extra = error.extra if isinstance(error.extra, dict) and "reason" in error.extra else {}
    headers = dict(error.headers or {})
    if error.status_code == 429:
        headers["Retry-After"] = headers.get("RateLimit-Reset", "60")
    return Response({"detail": error.detail, **extra}, status_code=error.status_code, headers=headers)
