"""The terminal's HTTP client for the platform. What is not clearly the platform's answer counts as no network."""

from __future__ import annotations

import re
import ssl
import threading
import time
from collections.abc import Callable, Generator
from datetime import datetime, timedelta
from io import FileIO
from pathlib import Path
from typing import Any, TypeVar

import urllib3
from pydantic import BaseModel, ValidationError

from kiosk.model.clock import since_start
from sync.protocol.canonical import digest_of_file
from sync.protocol.wire import MAX_BODY, Ping, Problem, Refusal, SignedRequest

T = TypeVar("T", bound=BaseModel)

PIECE, LARGEST_PIECE = 256 * 1024, MAX_BODY
"""Bytes sent at a time: at the beginning, after a fault and on a slow line; and on a fast one."""
UPLOADS, SLOW_UPLOADS = 6, 2
"""Files that are brought at the same time: while one is hashed and synced there, the next is on its way. On a line that
is slow, or not known yet, few: the bytes of many would be in one another's way."""
MANY = 10_000
"""Digests of files begun that are remembered."""
OFFSET = re.compile(r"[0-9]{1,18}")
"""How far a file has come, as the platform says it."""
QUICK = 1.0
"""Seconds that a piece may take: a cut line wastes at most one piece."""
MOST_OF_PROBLEM = 16_000
"""Bytes of an error that are read where the answer would be a file."""
SMALL = 16 * 1024
"""Bytes of a wheel that are read at a time: whoever reads stops soon, on a slow line too."""
LONGEST_PAUSE = 86_400.0
"""Seconds that the platform may ask for before the next try."""
LONGEST = 120.0
"""Seconds that one published file may take: who sends it byte by byte holds up nothing else for ever."""


class NoNetwork(Exception):
    """The platform cannot be reached: down, cut off, or something else answered in its place."""

    def __init__(self, reason: str, retry_after: float | None = None, fault: str = "platform_unreachable") -> None:
        """``fault`` is the code in the fault catalogue."""
        super().__init__(reason)
        self.retry_after = retry_after
        self.fault = fault


class Rejected(Exception):
    """The platform answered that the request itself is wrong (HTTP 4xx)."""


class NotThere(Rejected):
    """There is no such thing at the platform (HTTP 404)."""


class Altered(Exception):
    """What the platform got of a file is not what was sent, and it has thrown it away: changed on its way, or by a loss
    of power there. Nothing is wrong with the file."""


class NoAuthority(Exception):
    """The file of the platform's private authority is not there, or holds no certificate."""


class NotAuthorised(Exception):
    """The platform does not take requests of this terminal (any more). Nothing is wrong with what it has to send."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


X509_V_FLAG_NO_CHECK_TIME = 0x200000
"""OpenSSL's flag; Python has no name for it."""


def pinned(ca: Path) -> ssl.SSLContext:
    """Trust in one private authority alone, without regard to the clock, which on a terminal may be wrong.

    What was withdrawn is told by the platform's own list, not by dates. Raises NoAuthority.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    try:
        context.load_verify_locations(cafile=str(ca))
    except OSError as bad:
        raise NoAuthority(f"{ca}: {bad.strerror or bad}") from None
    context.verify_flags |= ssl.VerifyFlags(X509_V_FLAG_NO_CHECK_TIME)
    return context


def _is_problem(body: bytes) -> bool:
    """Whether an error is told as this protocol tells it."""
    try:
        Problem.model_validate_json(body)
    except ValidationError:
        return False
    return True


def _pause(after: str) -> float | None:
    """Seconds in a header ``Retry-After``; None where it is no number. No answer silences a terminal for longer than a
    day."""
    return min(float(after), LONGEST_PAUSE) if after.isascii() and after.isdigit() else None


def _not_taken(digest: str, file: Path) -> Exception:
    """Why the platform has thrown away what it got of ``file``."""
    if digest_of_file(file, digest.partition(":")[0]) == digest:
        return Altered("what arrived of a file is not what was sent")
    return Rejected("the file does not have its digest any more")


class PlatformClient:
    """Keep-alive connections to one platform; threads may share it."""

    def __init__(self, url: str, ca: Path | None = None) -> None:
        self._url = url.rstrip("/")
        context = pinned(ca) if ca else None
        self._pool = urllib3.PoolManager(
            num_pools=1,
            maxsize=UPLOADS,
            retries=False,
            timeout=urllib3.Timeout(connect=3.0, read=20.0),
            ssl_context=context,
        )
        self._piece = PIECE
        self._buffers = threading.local()
        self._begun: set[str] = set()
        self._clock = threading.Lock()
        # When this machine was started, by the platform's clock.
        self._boot_time: datetime | None = None
        self._last: datetime | None = None

    def _request(
        self, method: str, path: str, body: bytes | memoryview = b"", *, whole: bool = True, **headers: str
    ) -> urllib3.BaseHTTPResponse:
        """The answer; its body is read already where ``whole``."""
        sent = {"Content-Type": "application/json", **{k.replace("_", "-"): v for k, v in headers.items()}}
        try:
            answer = self._pool.request(
                method,
                self._url + path,
                body=body,  # type: ignore[arg-type]  # any buffer, which urllib3 takes and does not say
                headers=sent,
                redirect=False,
                preload_content=whole,
            )
            told = answer.data if whole else b""
            if not whole and answer.status not in (200, 206):
                told = answer.read(MOST_OF_PROBLEM, decode_content=False)
                answer.close()
        except urllib3.exceptions.SSLError as bad:
            raise NoNetwork(type(bad).__name__, fault="platform_certificate") from bad
        except urllib3.exceptions.HTTPError as gone:
            raise NoNetwork(type(gone).__name__) from gone
        if answer.status in (408, 425, 429) or answer.status >= 500:
            raise NoNetwork(f"HTTP {answer.status}", _pause(answer.headers.get("Retry-After", "")))
        if 300 <= answer.status < 400 or "text/html" in answer.headers.get("Content-Type", ""):
            # A captive portal answers anything with a page of its own.
            raise NoNetwork("something else than the platform answered", fault="platform_portal")
        if 400 <= answer.status < 500 and method != "HEAD" and not _is_problem(told):
            # So does a proxy on the way that knows no PATCH: nothing is wrong with what is sent.
            raise NoNetwork(f"HTTP {answer.status} of something else than the platform", fault="platform_portal")
        return answer

    def _post(self, path: str, body: BaseModel, answer_type: type[T]) -> T:
        answer = self._sent("POST", path, body.model_dump_json().encode())
        try:
            return answer_type.model_validate_json(answer.data)
        except ValidationError:
            raise NoNetwork("the answer is not of this protocol", fault="platform_portal") from None

    def _sent(self, method: str, path: str, body: bytes) -> urllib3.BaseHTTPResponse:
        answer = self._request(method, path, body)
        if answer.status in (401, 403):
            raise self._refused(answer.data)
        if answer.status >= 400:
            raise Rejected(f"HTTP {answer.status}")
        return answer

    def _refused(self, body: bytes) -> Exception:
        reason = Problem.model_validate_json(body).reason
        if reason == Refusal.EXPIRED:
            # One of the clocks has jumped: the time is asked for again before the next request.
            self._boot_time = self._last = None
            return NoNetwork("the request carried a time that the platform does not take")
        return NotAuthorised(reason.value if reason else "refused")

    def post(self, path: str, body: BaseModel, answer_type: type[T]) -> T:
        """Send ``body``, get an ``answer_type``. Raises NoNetwork, NotAuthorised or Rejected."""
        return self._post(path, body, answer_type)

    def post_quietly(self, path: str, body: BaseModel) -> None:
        """Send ``body``; there is no answer but success. Raises NoNetwork, NotAuthorised or Rejected."""
        answer = self._sent("POST", path, body.model_dump_json().encode())
        if answer.status != 204:
            raise NoNetwork("the answer is not of this protocol", fault="platform_portal")

    def ping(self) -> datetime:
        """The platform's time. Raises NoNetwork unless the platform itself answers."""
        answer = self._request("GET", "/v1/ping")
        try:
            now = datetime.fromisoformat(Ping.model_validate_json(answer.data).time)
            if now.tzinfo is None:
                raise ValueError("a time without its zone")
            self._boot_time = now - since_start()
        except (ValidationError, ValueError, TypeError, OverflowError):
            raise NoNetwork("something else than the platform answered", fault="platform_portal") from None
        return now

    def platform_now(self) -> str:
        """The platform's time now, by the machine's steady clock since the last ping; ISO 8601. Raises NoNetwork.

        No clock that somebody can set wrong is asked, so that a request is never taken for an old one.
        """
        with self._clock:
            started = self._boot_time or self.ping() - since_start()
            # Two pings differ by what their answers took on the way; no request is older than the one before.
            now = started + since_start()
            self._last = now if self._last is None else max(now, self._last + timedelta(microseconds=1))
            return self._last.isoformat(timespec="microseconds")

    @property
    def started(self) -> datetime | None:
        """When this machine was started, by the platform's clock; None before the platform was heard."""
        return self._boot_time

    def pieces(self, path: str) -> Generator[bytes]:
        """The body of a published file, as it comes; who has enough of it closes the iterator.

        Raises NoNetwork, NotThere or Rejected, also on the way.
        """
        begun = time.monotonic()
        for piece in self._pieces(path, 200, PIECE):
            if time.monotonic() - begun > LONGEST:
                raise NoNetwork("a published file comes too slowly")
            yield piece

    def part(self, path: str, start: int, size: int) -> Generator[bytes]:
        """``size`` bytes of a published wheel from ``start`` on, as they come; who has waited long enough closes the
        iterator, and what has come is good. Raises as ``pieces`` does."""
        return self._pieces(path, 206, SMALL, f"bytes={start}-{start + size - 1}")

    def _pieces(self, path: str, status: int, size: int, range_: str = "") -> Generator[bytes]:
        headers = {"Range": range_} if range_ else {}
        answer = self._request("GET", path, b"", whole=False, **headers)
        try:
            if answer.status != status:
                raise (NotThere if answer.status == 404 else Rejected)(f"HTTP {answer.status}")
            yield from answer.stream(size, decode_content=False)
        except urllib3.exceptions.HTTPError as gone:
            raise NoNetwork(type(gone).__name__) from gone
        finally:
            # What was not read to its end must not be taken for the answer to the next request.
            answer.close()

    def uploads(self) -> int:
        """How many files may be on their way at the same time, by what the line has shown so far."""
        return UPLOADS if self._piece > PIECE else SLOW_UPLOADS

    def send_blob(self, digest: str, file: Path, leave: Callable[[str, int], SignedRequest]) -> None:
        """Bring one sealed file to the platform, going on where the last try stopped.

        ``leave`` signs the request for the upload, by digest and size. Raises NoNetwork, NotAuthorised, Altered,
        or Rejected where the file does not have its digest any more.
        """
        if len(self._begun) > MANY:
            self._begun.clear()
        try:
            self._send_pieces(digest, file, leave)
        except NoNetwork:
            self._piece = PIECE
            raise

    def _send_pieces(self, digest: str, file: Path, leave: Callable[[str, int], SignedRequest]) -> None:
        total = file.stat().st_size
        # Of a file that was not begun the platform has nothing, or it says so: no need to ask for that.
        offset, complete = self._offset(digest, total) if digest in self._begun else (0, False)
        self._begun.add(digest)
        authorization = "" if complete else leave(digest, total).as_header()
        with file.open("rb", buffering=0) as source:
            while not complete:
                source.seek(offset)
                data, begun = self._read(source), time.monotonic()
                answer = self._request(
                    "PATCH",
                    f"/v1/blobs/{digest}",
                    data,
                    Upload_Offset=str(offset),
                    Upload_Length=str(total),
                    Authorization=authorization,
                )
                if answer.status == 403:
                    raise self._refused(answer.data)
                if answer.status == 409:
                    now, complete = self._offset(digest, total)
                    thrown_away = now == 0 and len(data) > 0 and offset + len(data) >= total
                    if not complete and (now == offset or thrown_away):
                        raise _not_taken(digest, file)
                    offset = now
                    continue
                if answer.status != 204:
                    raise Rejected(f"HTTP {answer.status}")
                offset += len(data)
                self._fit_piece(time.monotonic() - begun)
                complete = answer.headers.get("Upload-Complete") == "?1"
                if offset >= total and not complete:
                    # It would go on for ever. Perhaps a proxy has dropped the header: nothing is wrong with the file.
                    raise NoNetwork("the answer is not of this protocol", fault="platform_portal")

    def _read(self, source: FileIO) -> memoryview:
        """The next piece, in memory that each thread keeps: megabytes got anew each time are cleared each time."""
        kept = getattr(self._buffers, "piece", b"")
        if len(kept) < self._piece:
            kept = self._buffers.piece = bytearray(self._piece)
        piece = memoryview(kept)[: self._piece]
        return piece[: source.readinto(piece)]

    def _fit_piece(self, took: float) -> None:
        """Pieces grow while they take little time, so that a line that is cut wastes a second or so, however fast."""
        if took < QUICK / 2:
            self._piece = min(self._piece * 2, LARGEST_PIECE)
        elif took > QUICK:
            self._piece = max(self._piece // 2, PIECE)

    def _offset(self, digest: str, total: int) -> tuple[int, bool]:
        answer = self._request("HEAD", f"/v1/blobs/{digest}")
        headers: Any = answer.headers
        offset = headers.get("Upload-Offset", "")
        if answer.status != 200 or not OFFSET.fullmatch(offset) or int(offset) > total:
            raise NoNetwork("the answer is not of this protocol", fault="platform_portal")
        return int(offset), headers.get("Upload-Complete") == "?1"
