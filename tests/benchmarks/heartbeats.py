"""Signs of life of 100,000 terminals a minute at one process of the platform, over HTTP.

    python -m tests.benchmarks.heartbeats [--seconds 20] [--postgresql] [--processes N]

A real ``kiosk hub`` on loopback with 100,000 enrolled terminals; signed requests are made before. Prints how many were
answered, the delay from when each was due to its answer, and the process's share of a core; asserts nothing.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, insert

from kiosk.config import ASSETS
from kiosk.model.clock import SystemClock
from sync.hub.database import transaction
from sync.hub.schema import terminals
from sync.hub.services import Storage, open_platform
from sync.protocol.canonical import b64
from sync.protocol.suites import suite
from sync.protocol.wire import ChainHead, Heartbeat, Purpose, SignedRequest
from tests.benchmarks.load import Plan, run, under_load

TERMINALS = 100_000
RATE = TERMINALS / 60


def enrolled(folder: Path, storage: Storage) -> bytes:
    """A platform with all terminals, which share one key here; the private half."""
    platform = open_platform(folder, ASSETS / "catalogue", SystemClock(), storage=storage)
    private, public = suite("intl").new_signing_key()
    fixed = {"suite": "intl", "public_key": b64(public), "enrolled": "2026-01-01"}
    rows = [{"terminal": _name(n), **fixed} for n in range(TERMINALS)]

    def write(connection: Connection) -> None:
        connection.execute(insert(terminals), rows)

    transaction(platform.engine, write)
    platform.engine.dispose()
    return private


def _name(number: int) -> str:
    return f"{number:06d}"


def bodies(private: bytes, count: int) -> list[bytes]:
    """``count`` signs of life of different terminals, made now: they are fresh for ten minutes."""
    chain = ChainHead(epoch="AB12", sequence=2, envelope="")
    beat = Heartbeat(version="0.1.0", backlog=2, free_bytes=10**10, chain=chain)
    at = datetime.now(UTC)
    made = []
    for number in range(count):
        when = (at + timedelta(microseconds=number)).isoformat(timespec="microseconds")
        request = SignedRequest.make("intl", _name(number % TERMINALS), private, Purpose.HEARTBEAT, when, beat)
        made.append(request.model_dump_json().encode())
    return made


def measure(folder: Path, storage: Storage, plan: Plan) -> str:
    private = enrolled(folder, storage)
    requests = partial(bodies, private, round(RATE * plan.seconds))
    load = under_load(folder, storage, "/v1/heartbeat", requests, RATE, plan)
    return f"{RATE:,.0f} signs of life a second due: {load}"


if __name__ == "__main__":
    run(measure, __doc__, seconds=20)
