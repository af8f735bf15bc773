"""What the platform adds to its database: from request to durable acknowledgement, against raw batched inserts.

    python -m tests.benchmarks.platform [--records 10000] [--postgresql]

The same rows go into the same database in the same run, in turns: once by ``executemany`` in batches, with one commit
each; once as signed requests of 20 envelopes, verified, acknowledged under one signature a group and committed, by one
process with as many threads as serve HTTP and by two processes. Opening and rules are measured apart. Prints records a
second and ratios; asserts nothing.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from multiprocessing.connection import Connection as PipeConnection
from pathlib import Path

from sqlalchemy import Connection, MetaData, insert, select

from kiosk.catalogue.loader import parse_package
from kiosk.config import ASSETS
from kiosk.model.clock import ManualClock
from kiosk.model.ids import new_id
from sync.hub.api import THREADS
from sync.hub.database import transaction
from sync.hub.group import GroupCommit
from sync.hub.schema import cases
from sync.hub.services import Platform, Storage, open_platform
from sync.protocol.canonical import b64, digest, unb64
from sync.protocol.case_file import CaseBody, PageInfo, PlatformKey, SealedCase, seal_case
from sync.protocol.envelope import Envelope, Stamp
from sync.protocol.suites import suite
from sync.protocol.wire import BatchAnswer, EnrolRequest, Purpose, RecordBatch, SignedRequest

BATCH = 20
GROUP = 5
"""Requests that one group commit takes in: 100 records."""
ROUNDS = 5
PROCESSES = 2
ANSWERS = {"cause": "broken", "bank": "example_city", "delivery": "branch", "branch": "station", "phone": "13900000002"}


class Fleet:
    """Sealed cases of one enrolled terminal; their files are at the platform already."""

    def __init__(self, platform: Platform, suite_name: str = "intl") -> None:
        self._platform, self._suite = platform, suite_name
        self._signing, public = suite(suite_name).new_signing_key()
        code = platform.desk.new_code()
        platform.desk.enrol(EnrolRequest(code=code, terminal="T01", suite=suite_name, public_key=b64(public)))
        sealing = platform.keys.sealing[0].published()
        self._key = PlatformKey(sealing.key_id, sealing.suite, unb64(sealing.public))
        self._version = parse_package((ASSETS / "catalogue" / "social-security-card.yaml").read_bytes()).version
        self._count = 0

    def envelope(self) -> Envelope:
        self._count += 1
        case_id, page = new_id(), digest(b"page")
        body = CaseBody(
            case_id=case_id,
            receipt=f"T01-0000-{self._count % 1_000_000:06d}-0",
            service="social-security-card",
            form_version=self._version,
            language="zh",
            captured=self._platform.clock.now().isoformat(),
            identity={"name": "测试甲", "number": "990000199003070013"},
            answers=ANSWERS,
            pages=[PageInfo(id="p1", material="photo", width=10, height=10, digest=page)],
        )
        sealed = seal_case(body, {"photo": b"a small paper"}, "T01", self._key)
        for blob in sealed.blobs:
            data = sealed.files[blob.id]
            self._platform.blobs.append(blob.digest, 0, data, len(data))
        return self._signed(body, sealed)

    def _signed(self, body: CaseBody, sealed: SealedCase) -> Envelope:
        now = self._platform.clock.now().isoformat()
        return Envelope(
            suite=self._suite,
            key_id=self._key.key_id,
            terminal="T01",
            case_id=body.case_id,
            receipt=body.receipt,
            service=body.service,
            form_version=body.form_version,
            stamp=Stamp(raw=now, trusted=now, epoch="0000", sequence=self._count),
            wrapped_key=b64(sealed.wrapped_key),
            blobs=sealed.blobs,
        ).signed(self._signing)

    def request(self, envelopes: list[Envelope]) -> SignedRequest:
        at = self._platform.clock.now().isoformat()
        return SignedRequest.make(
            self._suite, "T01", self._signing, Purpose.RECORDS, at, RecordBatch(records=envelopes)
        )


def raw(platform: Platform, rows: list[dict[str, object]]) -> float:
    """Seconds for the same rows by ``executemany``, a commit for each hundred, into a table of the same shape."""
    copy = cases.to_metadata(MetaData(), name="raw_copy")
    for index in copy.indexes:
        index.name = f"raw_{index.name}"
    copy.create(platform.engine, checkfirst=True)
    began = time.perf_counter()
    for first in range(0, len(rows), BATCH * GROUP):
        part = rows[first : first + BATCH * GROUP]
        transaction(platform.engine, partial(Connection.execute, statement=insert(copy), parameters=part))
    return time.perf_counter() - began


def ours(platform: Platform, requests: list[SignedRequest], threads: int = THREADS) -> float:
    """Seconds from signed requests to acknowledgements, by the threads that the platform has for them."""
    group = GroupCommit("records", platform.door.records, lambda *_told: None, most=GROUP, threads=threads)
    began = time.perf_counter()
    answers = [group.submit(request) for request in requests]
    for future in answers:
        answer = future.result(timeout=60)
        assert isinstance(answer, BatchAnswer)
        assert all(a.acknowledgement for a in answer.answers)
    seconds = time.perf_counter() - began
    group.close()
    return seconds


class Processes:
    """Processes of one platform, as ``kiosk hub --processes`` starts them, with a thread each that takes in records."""

    def __init__(self, folder: Path, storage: Storage, clock: ManualClock, count: int) -> None:
        spawn = multiprocessing.get_context("spawn")
        self._ends = []
        for _ in range(count):
            mine, theirs = spawn.Pipe()
            spawn.Process(target=_takes_in, args=(theirs, folder, storage, clock.now()), daemon=True).start()
            self._ends.append(mine)

    def seconds(self, requests: list[SignedRequest]) -> float:
        """From signed requests, shared out, to the last acknowledgement."""
        for place, end in enumerate(self._ends):
            end.send([r.model_dump_json() for r in requests[place :: len(self._ends)]])
        for end in self._ends:
            assert end.recv() == "ready"
        began = time.perf_counter()
        for end in self._ends:
            end.send("go")
        for end in self._ends:
            assert end.recv() == "done"
        return time.perf_counter() - began

    def close(self) -> None:
        for end in self._ends:
            end.send(None)


def _takes_in(pipe: PipeConnection, folder: Path, storage: Storage, at: datetime) -> None:
    platform = open_platform(folder, ASSETS / "catalogue", ManualClock(at), storage=storage)
    while (texts := pipe.recv()) is not None:
        requests = [SignedRequest.model_validate_json(text) for text in texts]
        gc.freeze()
        pipe.send("ready")
        pipe.recv()
        ours(platform, requests, threads=1)
        pipe.send("done")
    platform.engine.dispose()


def measure(folder: Path, storage: Storage, records: int) -> None:
    clock = ManualClock(datetime.now(UTC))
    platform = open_platform(folder, ASSETS / "catalogue", clock, storage=storage)
    fleet, several = Fleet(platform), Processes(folder, storage, clock, PROCESSES)
    fast, together, bare, opening = [], [], [], []
    share = records // ROUNDS
    for _ in range(ROUNDS):
        for seconds, rates in ((partial(ours, platform), fast), (several.seconds, together)):
            envelopes = [fleet.envelope() for _ in range(share)]
            requests = [fleet.request(envelopes[i : i + BATCH]) for i in range(0, share, BATCH)]
            gc.freeze()  # as the platform does at its start: what has been prepared is not looked at again and again
            rates.append(share / seconds(requests))
        named = {e.case_id for e in envelopes}
        with platform.engine.connect() as connection:
            rows = [dict(r) for r in connection.execute(select(cases)).mappings() if r["case_id"] in named]
        bare.append(share / raw(platform, rows))
        began = time.perf_counter()
        assert platform.worker.work_off() == 2 * share
        opening.append(2 * share / (time.perf_counter() - began))
    several.close()
    name = platform.engine.dialect.name
    platform.engine.dispose()
    one, two, b, c = (statistics.median(x) for x in (fast, together, bare, opening))
    print(f"{name}: raw inserts {b:,.0f} records/s; request → acknowledgement:")
    print(f"{name}: one process, {THREADS} threads: {one:,.0f} records/s, ratio {one / b:.2f}")
    print(f"{name}: {PROCESSES} processes: {two:,.0f} records/s, ratio {two / b:.2f}")
    print(f"{name}: opening and rules {c:,.0f} cases/s on one thread")


@contextlib.contextmanager
def _storage(postgresql: bool) -> Iterator[Storage]:
    if not postgresql:
        yield Storage()
        return
    from tests.sync.postgres import postgres

    with postgres() as server:
        yield Storage(server.url("bench"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=10000)
    parser.add_argument("--postgresql", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bm-platform-") as folder, _storage(options.postgresql) as storage:
        measure(Path(folder), storage, options.records)


if __name__ == "__main__":
    main()
