"""A thousand cases a second for half a minute at one process of the platform, over HTTP.

    python -m tests.benchmarks.many_cases [--seconds 30] [--postgresql] [--processes N]

Twenty times the rate of ODK Central's own soak test (50 submissions a second for 30 s, all of them successful), in
batches of 20 as agents send them. The sealed files are at the platform already; opening goes on beside it. Prints how
many were acknowledged and verified, the delay of batches, and what was opened meanwhile; asserts nothing.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import func, select

from kiosk.config import ASSETS
from kiosk.model.clock import SystemClock
from sync.hub.schema import cases
from sync.hub.services import Storage, open_platform
from tests.benchmarks.load import Plan, run, under_load
from tests.benchmarks.platform import BATCH, Fleet

RATE = 1000


def measure(folder: Path, storage: Storage, plan: Plan) -> str:
    platform = open_platform(folder, ASSETS / "catalogue", SystemClock(), storage=storage)
    fleet, count = Fleet(platform), round(RATE * plan.seconds)
    envelopes = [fleet.envelope() for _ in range(count)]
    batches = [envelopes[i : i + BATCH] for i in range(0, count, BATCH)]

    def requests() -> list[bytes]:
        return [fleet.request(batch).model_dump_json().encode() for batch in batches]

    load = under_load(folder, storage, "/v1/records", requests, RATE / BATCH, plan)
    with platform.engine.connect() as connection:
        stored = connection.scalar(select(func.count()).select_from(cases)) or 0
        opened = connection.scalar(select(func.count()).select_from(cases).where(cases.c.state != "stored")) or 0
    platform.engine.dispose()
    took = f"{stored:,} of {count:,} cases in {load.seconds:.1f} s ({plan.seconds:.0f} s due)"
    return f"{took}, {opened:,} opened meanwhile; batches: {load}"


if __name__ == "__main__":
    run(measure, __doc__, seconds=30)
