"""A department's web service: papers first (PUT, by digest), then the case (POST, with an Idempotency-Key)."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path

import urllib3
from pydantic import ValidationError

from sync.hub.departments.contract import Handover, Reply, Trouble, Unavailable

MAX_ANSWER = 65_536


class HttpDepartment:
    """``url``/papers/DIGEST and ``url``/cases. HTTPS trusts ``ca`` alone where one is named."""

    def __init__(self, url: str, token: str = "", ca: Path | None = None, timeout: float = 10.0) -> None:
        self._url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        context = ssl.create_default_context(cafile=str(ca)) if ca else None
        self._pool = urllib3.PoolManager(
            num_pools=1, retries=False, timeout=urllib3.Timeout(total=timeout), ssl_context=context
        )

    def hand_over(self, case: Handover, paper: Callable[[str], bytes]) -> Reply:
        """Raises Unavailable."""
        for listed in case.papers:
            self._request("PUT", f"/papers/{listed.digest}", paper(listed.id), {"Content-Type": "application/pdf"})
        headers = {"Content-Type": "application/json", "Idempotency-Key": f'"{case.key}"'}
        body = self._request("POST", "/cases", case.model_dump_json().encode(), headers)
        try:
            reply = Reply.model_validate_json(body)
        except ValidationError:
            raise Unavailable(Trouble.ANSWER, "the answer is none of this contract") from None
        if reply.key != case.key:
            raise Unavailable(Trouble.ANSWER, "the answer is on another case")
        return reply

    def _request(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> bytes:
        try:
            answer = self._pool.request(
                method,
                self._url + path,
                body=body,
                headers=self._headers | headers,
                redirect=False,
                preload_content=False,
            )
            data = answer.read(MAX_ANSWER + 1)
            answer.drain_conn() if len(data) <= MAX_ANSWER else answer.close()
        except urllib3.exceptions.HTTPError as gone:
            raise Unavailable(Trouble.SILENT, type(gone).__name__) from None
        if answer.status not in (200, 201, 204) or len(data) > MAX_ANSWER:
            after = answer.headers.get("Retry-After", "")
            raise Unavailable(Trouble.STATUS, f"HTTP {answer.status}", float(after) if after.isdigit() else 0.0)
        return data
