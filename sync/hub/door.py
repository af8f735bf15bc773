"""Requests of terminals, many at a time: who sends, what it says, what becomes of it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from cachetools import TTLCache
from pydantic import BaseModel, ValidationError

from sync.hub.ingest import Incoming, Ingest
from sync.hub.senders import Senders
from sync.hub.terminals import Beat, TerminalDesk
from sync.protocol.canonical import canonical
from sync.protocol.envelope import Envelope
from sync.protocol.wire import (
    MAX_RECORDS,
    BatchAnswer,
    BlobGrant,
    Heartbeat,
    HeartbeatAnswer,
    Purpose,
    RatingBatch,
    RecordBatch,
    Refusal,
    SignedRequest,
)

LEAVE_SECONDS = 60.0
"""A leave to upload is looked at again after so long: its terminal may have been revoked meanwhile."""

T = TypeVar("T")
B = TypeVar("B", bound=BaseModel)


@dataclass(frozen=True)
class Malformed:
    """The body of a request is not what its purpose asks for."""

    detail: str


class Door:
    """Where requests of terminals come in; each method answers them in their order."""

    def __init__(self, senders: Senders, ingest: Ingest, desk: TerminalDesk) -> None:
        self._senders, self._ingest, self._desk = senders, ingest, desk
        # Pieces are looked at by many threads, and the cache is none of theirs to share.
        self._lock = threading.Lock()
        self._leaves: TTLCache[str, tuple[str, int]] = TTLCache(maxsize=10_000, ttl=LEAVE_SECONDS)

    def records(self, requests: Sequence[SignedRequest]) -> list[BatchAnswer | Refusal | Malformed]:
        """Batches of envelopes."""
        return self._answered(requests, Purpose.RECORDS, _incoming, self._ingest.receive)

    def carried(self, requests: Sequence[SignedRequest]) -> list[BatchAnswer | Refusal | Malformed]:
        """Batches that came on a disk, however old they are."""
        return self._answered(requests, Purpose.CARRIED, _incoming, self._ingest.receive)

    def heartbeats(self, requests: Sequence[SignedRequest]) -> list[HeartbeatAnswer | Refusal | Malformed]:
        """Signs of life."""
        return self._answered(requests, Purpose.HEARTBEAT, _beat, self._desk.heartbeats)

    def ratings(self, requests: Sequence[SignedRequest]) -> list[Refusal | Malformed | None]:
        """Batches of ratings."""

        def rate(batches: Sequence[RatingBatch]) -> list[Refusal | None]:
            for batch in batches:
                self._desk.rate(batch)
            return [None for _ in batches]

        return self._answered(requests, Purpose.RATINGS, lambda r: _parsed(RatingBatch, r.body), rate)

    def upload(self, authorization: str, digest: str, size: int) -> Refusal | None:
        """Why ``authorization`` does not let its sender upload this blob, or None.

        One leave serves for all pieces of a blob: it is checked once and remembered as long as it is fresh.
        """
        with self._lock:
            if self._leaves.get(authorization) == (digest, size):
                return None
        grant = grant_in(authorization)
        if grant is None:
            return Refusal.BAD_SIGNATURE
        request = SignedRequest.from_header(authorization)
        refusal = self._senders.verdicts([request], Purpose.BLOB)[0]
        if refusal is None and (grant.digest, grant.size) != (digest, size):
            refusal = Refusal.WRONG_PURPOSE
        if refusal is None:
            with self._lock:
                self._leaves[authorization] = (digest, size)
        return refusal

    def _answered(
        self,
        requests: Sequence[SignedRequest],
        purpose: Purpose,
        read: Callable[[SignedRequest], T | Malformed],
        act: Callable[[list[T]], Sequence[Any]],
    ) -> list[Any]:
        """Check all, read the genuine ones, act on those that can be read, together."""
        found: list[Any] = list(self._senders.verdicts(requests, purpose))
        places, readable = [], []
        for place, (request, refusal) in enumerate(zip(requests, found, strict=True)):
            if refusal is not None:
                continue
            body = read(request)
            if isinstance(body, Malformed):
                found[place] = body
            else:
                places.append(place)
                readable.append(body)
        for place, answer in zip(places, act(readable) if readable else [], strict=True):
            found[place] = answer
        return found


def grant_in(authorization: str) -> BlobGrant | None:
    """What a leave says, whether it holds or not; None where it is none."""
    try:
        return BlobGrant.model_validate_json(SignedRequest.from_header(authorization).body)
    except ValueError:
        return None


def _parsed(model: type[B], text: str) -> B | Malformed:
    try:
        return model.model_validate_json(text)
    except ValidationError as bad:
        return Malformed(f"{bad.error_count()} faults in the body")


def _beat(request: SignedRequest) -> Beat | Malformed:
    beat = _parsed(Heartbeat, request.body)
    return beat if isinstance(beat, Malformed) else Beat(request.terminal, request.at, beat)


def _incoming(request: SignedRequest) -> Incoming | Malformed:
    batch = _parsed(RecordBatch, request.body)
    if not isinstance(batch, Malformed):
        return Incoming(request.terminal, [r if _exact(r) else _unreadable(r.model_dump()) for r in batch.records])
    # One bad record does not fail the others: each is read by itself.
    try:
        records = json.loads(request.body)["records"]
        assert isinstance(records, list)
        assert 0 < len(records) <= MAX_RECORDS
        return Incoming(request.terminal, [_envelope(r) for r in records])
    except (ValueError, KeyError, TypeError, AssertionError, RecursionError):
        return batch


def _envelope(record: Any) -> Envelope | str:
    try:
        envelope = Envelope.model_validate(record)
    except ValidationError:
        return _unreadable(record)
    return envelope if _exact(envelope) else _unreadable(record)


def _exact(envelope: Envelope) -> bool:
    """Whether it has a canonical form. A field of a later version may have none (a number that is not exact, half a
    character): then nobody could tell a repeat from another content."""
    if not envelope.extended():
        return True
    try:
        canonical(envelope.model_dump())
    except (ValueError, RecursionError):
        return False
    return True


def _unreadable(record: Any) -> str:
    return json.dumps({"unreadable": record}, sort_keys=True, separators=(",", ":"))
