"""A thousand cases a second for half a minute at one process of the platform, over HTTP.

    python -m tests.benchmarks.many_cases [--seconds 30] [--postgresql]

Twenty times the rate of ODK Central's own soak test (50 submissions a second for 30 s, all of them successful), in
batches of 20 as agents send them. The sealed files are at the platform already; opening goes on beside it. Prints how
many were acknowledged and verified, the delay of batches, and what was opened meanwhile; asserts nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from pathlib import Path

from sqlalchemy import func, select

from kiosk.config import ASSETS
from kiosk.model.clock import SystemClock
from sync.hub.schema import cases
from sync.hub.services import Storage, open_platform
from tests.benchmarks.heartbeats import answering, hub, sent
from tests.benchmarks.platform import BATCH, Fleet

RATE = 1000


def measure(folder: Path, storage: Storage, seconds: float) -> None:
    platform = open_platform(folder, ASSETS / "catalogue", SystemClock(), storage=storage)
    fleet, count = Fleet(platform), round(RATE * seconds)
    envelopes = [fleet.envelope() for _ in range(count)]
    requests = [
        fleet.request(envelopes[i : i + BATCH]).model_dump_json().encode() for i in range(0, len(envelopes), BATCH)
    ]
    with hub(folder, storage) as (url, process):
        asyncio.run(answering(url))
        before, began = sum(process.cpu_times()[:2]), time.monotonic()
        delays, failed = asyncio.run(sent(f"{url}/v1/records", requests, RATE / BATCH))
        took = time.monotonic() - began
        share = 100 * (sum(process.cpu_times()[:2]) - before) / took
        with platform.engine.connect() as connection:
            stored = connection.scalar(select(func.count()).select_from(cases)) or 0
            opened = connection.scalar(select(func.count()).select_from(cases).where(cases.c.state != "stored")) or 0
    platform.engine.dispose()
    ordered = sorted(delays)
    p99 = ordered[int(0.99 * len(ordered))] * 1000
    name = "postgresql" if storage.database else "sqlite"
    print(
        f"{name}: {stored:,} of {count:,} cases acknowledged, {failed} batches not,"
        f" {stored / took:,.0f}/s (due {RATE:,}/s); batch median {statistics.median(ordered) * 1000:.0f} ms,"
        f" p99 {p99:.0f} ms; {opened:,} opened meanwhile; {share:.0f} % of a core"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--postgresql", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bm-many-") as folder:
        if options.postgresql:
            from tests.sync.postgres import postgres

            with postgres() as server:
                measure(Path(folder), Storage(server.url("many")), options.seconds)
        else:
            measure(Path(folder), Storage(), options.seconds)


if __name__ == "__main__":
    main()
