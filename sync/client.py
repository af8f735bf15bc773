"""The terminal's HTTP client for the platform. What is not clearly the platform's answer counts as no network."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any, TypeVar

import urllib3
from pydantic import BaseModel, ValidationError

T = TypeVar("T", bound=BaseModel)

PIECE = 256 * 1024
"""Bytes sent at a time: a cut line wastes at most one piece."""


class NoNetwork(Exception):
    """The platform cannot be reached: down, cut off, or something else answered in its place."""

    def __init__(self, reason: str, retry_after: float | None = None, fault: str = "platform_unreachable") -> None:
        """``fault`` is the code in the fault catalogue."""
        super().__init__(reason)
        self.retry_after = retry_after
        self.fault = fault


class Rejected(Exception):
    """The platform answered that the request itself is wrong (HTTP 4xx)."""


X509_V_FLAG_NO_CHECK_TIME = 0x200000
"""OpenSSL's flag; Python has no name for it."""


def _pinned(ca: Path) -> ssl.SSLContext:
    """Trust in one private authority alone, without regard to the clock, which on a terminal may be wrong.

    What was withdrawn is told by the platform's own list, not by dates.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_verify_locations(cafile=str(ca))
    context.verify_flags |= ssl.VerifyFlags(X509_V_FLAG_NO_CHECK_TIME)
    return context


class PlatformClient:
    """One keep-alive connection to one platform."""

    def __init__(self, url: str, ca: Path | None = None) -> None:
        self._url = url.rstrip("/")
        context = _pinned(ca) if ca else None
        self._pool = urllib3.PoolManager(
            num_pools=1,
            retries=False,
            timeout=urllib3.Timeout(connect=3.0, read=20.0),
            ssl_context=context,
        )

    def _request(self, method: str, path: str, body: bytes = b"", **headers: str) -> urllib3.BaseHTTPResponse:
        sent = {"Content-Type": "application/json", **{k.replace("_", "-"): v for k, v in headers.items()}}
        try:
            answer = self._pool.request(method, self._url + path, body=body, headers=sent, redirect=False)
        except urllib3.exceptions.SSLError as bad:
            raise NoNetwork(type(bad).__name__, fault="platform_certificate") from bad
        except urllib3.exceptions.HTTPError as gone:
            raise NoNetwork(type(gone).__name__) from gone
        if answer.status in (408, 425, 429) or answer.status >= 500:
            after = answer.headers.get("Retry-After", "")
            raise NoNetwork(f"HTTP {answer.status}", float(after) if after.isdigit() else None)
        if 300 <= answer.status < 400 or "text/html" in answer.headers.get("Content-Type", ""):
            # A captive portal answers anything with a page of its own.
            raise NoNetwork("something else than the platform answered", fault="platform_portal")
        return answer

    def _post(self, path: str, body: BaseModel, answer_type: type[T]) -> T:
        answer = self._request("POST", path, body.model_dump_json().encode())
        if answer.status >= 400:
            raise Rejected(f"HTTP {answer.status}")
        try:
            return answer_type.model_validate_json(answer.data)
        except ValidationError:
            raise NoNetwork("the answer is not of this protocol", fault="platform_portal") from None

    def post(self, path: str, body: BaseModel, answer_type: type[T]) -> T:
        """Send ``body``, get an ``answer_type``. Raises NoNetwork or Rejected."""
        return self._post(path, body, answer_type)

    def post_quietly(self, path: str, body: BaseModel) -> None:
        """Send ``body``; there is no answer but success. Raises NoNetwork or Rejected."""
        answer = self._request("POST", path, body.model_dump_json().encode())
        if answer.status >= 400:
            raise Rejected(f"HTTP {answer.status}")
        if answer.status != 204:
            raise NoNetwork("the answer is not of this protocol", fault="platform_portal")

    def ping(self) -> None:
        """Raises NoNetwork unless the platform itself answers."""
        answer = self._request("GET", "/v1/ping")
        if answer.status != 200 or b"bianmin/" not in answer.data:
            raise NoNetwork("something else than the platform answered", fault="platform_portal")

    def get_bytes(self, path: str) -> bytes:
        """The body of a published file. Raises NoNetwork or Rejected."""
        answer = self._request("GET", path)
        if answer.status != 200:
            raise Rejected(f"HTTP {answer.status}")
        return answer.data

    def send_blob(self, digest: str, file: Path) -> None:
        """Bring one sealed file to the platform, going on where the last try stopped.

        Raises NoNetwork, or Rejected where the file does not have its digest any more.
        """
        total = file.stat().st_size
        offset, complete = self._offset(digest)
        with file.open("rb") as source:
            while not complete:
                source.seek(offset)
                data = source.read(PIECE)
                answer = self._request(
                    "PATCH",
                    f"/v1/blobs/{digest}",
                    data,
                    Upload_Offset=str(offset),
                    Upload_Length=str(total),
                )
                if answer.status == 409:
                    now, complete = self._offset(digest)
                    if now == offset or offset + len(data) >= total:
                        raise Rejected("the platform does not take this file")
                    offset = now
                    continue
                if answer.status != 204:
                    raise Rejected(f"HTTP {answer.status}")
                offset += len(data)
                complete = answer.headers.get("Upload-Complete") == "?1"

    def _offset(self, digest: str) -> tuple[int, bool]:
        answer = self._request("HEAD", f"/v1/blobs/{digest}")
        headers: Any = answer.headers
        if answer.status != 200 or "Upload-Offset" not in headers:
            raise NoNetwork("the answer is not of this protocol", fault="platform_portal")
        return int(headers["Upload-Offset"]), headers.get("Upload-Complete") == "?1"
