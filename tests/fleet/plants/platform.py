"""Faults of the platform: what it takes in, keeps, says and opens."""

from __future__ import annotations

import contextlib
from types import SimpleNamespace
from typing import Any
from unittest import mock

from litestar.exceptions import HTTPException

from sync.hub import blobs, ingest, opening, uploads
from sync.protocol.envelope import acknowledgements
from sync.protocol.wire import RecordAnswer, RecordStatus
from tests.fleet.plants.means import Patch, instead


def no_unique_key() -> Patch:
    """The platform takes whatever comes as new: a repeat is another case."""
    count = iter(range(10**9))

    def row(real: Any) -> Any:
        def careless(r: Any, word: Any, received: str) -> Any:
            made = real(r, word, received)
            return made | {"case_id": f"{made['case_id']}/{next(count)}"}

        return careless

    stack = contextlib.ExitStack()
    stack.enter_context(instead(ingest, "_known", lambda _real: lambda _connection, _keys: {}))
    stack.enter_context(instead(ingest, "_row", row))
    return stack


def answers_before_it_stores() -> Patch:
    """The platform's word goes out first; a crash in between, every tenth time, loses the cases."""
    count = iter(range(10**9))

    def take(real: Any) -> Any:
        def hasty(self: Any, connection: Any, new: Any) -> None:
            if next(count) % 10 != 9:
                real(self, connection, new)
                return
            for n in new:
                n.record.answer = _stored(self, n.record.envelope)

        return hasty

    return instead(ingest.Ingest, "_insert", take)


def repeat_is_a_conflict() -> Patch:
    """A repeat is answered like another content."""

    def known(real: Any) -> Any:
        def strict(records: Any, stored: Any) -> Any:
            apart = real(records, stored)
            for r in records:
                r.answer = RecordAnswer(status=RecordStatus.CONFLICT)
            return apart

        return strict

    return instead(ingest, "_answer_known", known)


def answers_in_another_order() -> Patch:
    """The answers to a batch come in another order than its records."""

    def receive(real: Any) -> Any:
        def mixed(self: Any, batches: Any) -> Any:
            return [a.model_copy(update={"answers": a.answers[::-1]}) for a in real(self, batches)]

        return mixed

    return instead(ingest.Ingest, "receive", receive)


def one_bad_record_fails_the_batch() -> Patch:
    """A batch with a record that is refused is answered by an error as a whole, and so are the good ones in it."""
    refused: set[str] = set()
    count = iter(range(10**9))

    def receive(real: Any) -> Any:
        def strict(self: Any, batches: Any) -> Any:
            for record in (r for batch in batches for r in batch.records):
                if next(count) == 3:
                    refused.add(record.case_id)
                if record.case_id in refused:
                    raise OSError("a record of the batch is refused")
            return real(self, batches)

        return strict

    return instead(ingest.Ingest, "receive", receive)


def digest_not_checked() -> Patch:
    """A file is complete once it has its length."""
    return instead(blobs, "_digest_of", lambda _real: lambda path, algorithm, _content: f"{algorithm}:{path.name}")


def offset_ahead_of_the_bytes() -> Patch:
    """The place to go on at is a number kept apart from the file, and one piece ahead of it."""

    def append(real: Any) -> Any:
        def careless(self: Any, digest: str, offset: int, data: bytes, total: int) -> Any:
            part = self._folder / "parts" / blobs.name_of(digest)
            have = part.stat().st_size if part.exists() else 0
            if have < offset:  # what is missing is filled up
                with part.open("ab") as out:
                    out.write(bytes(offset - have))
            return real(self, digest, offset, data, total)

        return careless

    def ahead(real: Any) -> Any:
        def careless(self: Any, digest: str) -> tuple[int, bool]:
            place, complete = real(self, digest)
            return (place + 100 if place > 0 and not complete else place), complete

        return careless

    stack = contextlib.ExitStack()
    stack.enter_context(instead(blobs.FolderBlobs, "append", append))
    stack.enter_context(instead(blobs.FolderBlobs, "offset", ahead))
    return stack


def completes_no_part() -> Patch:
    """A piece without bytes is no request: a file that a process has left with all its bytes is never complete."""

    def append(real: Any) -> Any:
        def strict(api: Any, digest: str, offset: str, request: Any, body: bytes, *rest: Any) -> Any:
            if not body:
                raise HTTPException(status_code=400, detail="the bytes do not lie within the blob")
            return real.fn(api, digest, offset, request, body, *rest)

        return SimpleNamespace(fn=strict)

    return instead(uploads.BlobApi, "blob_append", append)


def taken_up_for_ever() -> Patch:
    """A case that a process had taken up when it was killed belongs to it for ever."""
    return mock.patch.object(opening, "LEASE", 10.0**12)


def _stored(self: Any, envelope: Any) -> RecordAnswer:
    """The platform's word on one record, true or not."""
    key = self._keys.acknowledging
    said = [(envelope.case_id, envelope.digest())]
    words = acknowledgements(said, key.suite, key.key_id, key.secret, self._clock.now().isoformat())
    return RecordAnswer(status=RecordStatus.STORED, acknowledgement=words[0])


PLANTS = (
    no_unique_key,
    answers_before_it_stores,
    repeat_is_a_conflict,
    answers_in_another_order,
    one_bad_record_fails_the_batch,
    digest_not_checked,
    offset_ahead_of_the_bytes,
    completes_no_part,
    taken_up_for_ever,
)
