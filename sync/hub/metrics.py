"""Numbers for Prometheus: never a name, a number or a text of a person.

Where several processes serve one port, ``PROMETHEUS_MULTIPROC_DIR`` names a folder in which each keeps its numbers, and
whichever is asked answers for all (``prometheus_client`` in its multiprocess mode).
"""

from __future__ import annotations

import hmac
import os
from collections import Counter as Tally
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.exceptions import HTTPException
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy import Connection, func, select

from sync.hub import counts
from sync.hub.schema import quarantine, terminals
from sync.hub.services import Platform

SILENT = timedelta(minutes=5)
"""A terminal that has not been heard of for so long is silent, or for longer where all are told to go slowly."""
SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)
SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500)


class Metrics:
    """What the database knows, and what the processes have done: group commits report to ``told_group``, removers of
    what is left over to ``told_leftovers``."""

    def __init__(self, platform: Platform) -> None:
        self.collected = CollectorRegistry()
        self.collected.register(_Stored(platform))
        several = "PROMETHEUS_MULTIPROC_DIR" in os.environ
        if several:
            MultiProcessCollector(self.collected)  # type: ignore[no-untyped-call]  # the library has no types there
        into: dict[str, Any] = {"registry": None if several else self.collected}
        kind = ["kind"]
        self._seconds = Histogram("bianmin_group_seconds", "Seconds of a group commit", kind, buckets=SECONDS, **into)
        self._sizes = Histogram("bianmin_group_requests", "Requests in a group commit", kind, buckets=SIZES, **into)
        self._waiting = Gauge(
            "bianmin_waiting_requests", "Requests that wait", kind, multiprocess_mode="livesum", **into
        )
        self._leftovers = Counter("bianmin_leftovers", "Sealed files and parts that nothing names", ["what"], **into)
        for what in ("hidden", "shown", "removed", "parts"):
            self._leftovers.labels(what)

    def told_group(self, kind: str, size: int, seconds: float, waiting: int) -> None:
        """A group of ``size`` requests took ``seconds``; ``waiting`` are next."""
        self._seconds.labels(kind).observe(seconds)
        self._sizes.labels(kind).observe(size)
        self._waiting.labels(kind).set(waiting)

    def told_leftovers(self, done: Tally[str]) -> None:
        for what, count in done.items():
            self._leftovers.labels(what).inc(count)


class _Stored(Collector):
    """What the database knows, counted when somebody asks."""

    def __init__(self, platform: Platform) -> None:
        self._engine, self._clock = platform.engine, platform.clock
        self._desk, self._repository = platform.desk, platform.repository

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        with self._engine.connect() as connection:
            yield from _of_cases(connection)
            pace = self._desk.pacer.pace()
            yield GaugeMetricFamily("bianmin_pace_seconds", "Seconds between signs of life", pace.heartbeat_seconds)
            silent = max(SILENT, timedelta(seconds=3 * self._desk.usual_seconds))
            yield from _of_terminals(connection, (self._clock.now() - silent).isoformat())
        ends = self._repository.packages_end()
        if ends is not None:
            left = (ends - self._clock.now()).total_seconds()
            yield GaugeMetricFamily("bianmin_packages_seconds", "Seconds until published packages end", left)


def _of_cases(connection: Connection) -> Iterator[Metric]:
    by_state = GaugeMetricFamily("bianmin_cases", "Cases by state", labels=["state"])
    for state, count in counts.by_state(connection).items():
        by_state.add_metric([state], count)
    yield by_state
    open_ones = select(func.count()).select_from(quarantine).where(quarantine.c.settled == "")
    yield GaugeMetricFamily(
        "bianmin_quarantine_open", "Records set apart that nobody has settled", connection.scalar(open_ones) or 0
    )


def _of_terminals(connection: Connection, since: str) -> Iterator[Metric]:
    t = terminals.c
    query = select(
        func.count(),
        func.count().filter(t.revoked == "", t.last_contact >= since),
        func.count().filter(t.revoked != ""),
        func.count().filter(t.chain != "whole"),
        func.coalesce(func.sum(t.backlog), 0),
        func.coalesce(func.sum(t.held), 0),
    )
    total, heard, revoked, broken, backlog, held = connection.execute(query).one()
    by_health = GaugeMetricFamily("bianmin_terminals", "Terminals by health", labels=["health"])
    for health, count in (("heard", heard), ("silent", total - heard - revoked), ("revoked", revoked)):
        by_health.add_metric([health], count)
    yield by_health
    yield GaugeMetricFamily("bianmin_chains_broken", "Terminals whose chain does not fit", broken)
    yield GaugeMetricFamily("bianmin_backlog_cases", "Cases that wait at terminals", backlog)
    yield GaugeMetricFamily("bianmin_held_cases", "Cases set aside at terminals", held)


@get("/metrics", sync_to_thread=True, include_in_schema=False)
def metrics(
    request: Request[Any, Any, Any], numbers: NamedDependency[Metrics], metrics_token: NamedDependency[str]
) -> Response[bytes]:
    """Only for who knows the token (``BIANMIN_HUB_METRICS_TOKEN``); without a token there is no such page."""
    if not metrics_token:
        raise HTTPException(status_code=404, detail="not here")
    given = request.headers.get("Authorization", "")
    if not hmac.compare_digest(given.encode(), f"Bearer {metrics_token}".encode()):
        raise HTTPException(status_code=403, detail="not for you")
    return Response(generate_latest(numbers.collected), media_type="text/plain; version=0.0.4; charset=utf-8")
