"""A real ``kiosk hub`` under load made by bare sockets; what the benchmarks of requests over HTTP share."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from sync.client import NoNetwork, PlatformClient
from sync.hub.services import Storage
from tests.sync.postgres import postgres
from tests.sync.server import free_port
from tests.waiting import until

CONNECTIONS = 100
LENGTH = re.compile(rb"[Cc]ontent-[Ll]ength: (\d+)")


@dataclass(frozen=True)
class Load:
    """``delays`` in seconds from when each request was due to its answer; ``share`` of a core that the hub took."""

    delays: list[float]
    failed: int
    seconds: float
    share: float

    def __str__(self) -> str:
        ordered = sorted(self.delays)
        p99 = ordered[int(0.99 * len(ordered))] * 1000
        median = statistics.median(ordered) * 1000
        rate = len(ordered) / self.seconds
        delay = f"median {median:.0f} ms, p99 {p99:.0f} ms"
        return f"{rate:,.0f}/s answered, {self.failed} not; {delay}; {100 * self.share:.0f} % of a core"


@dataclass(frozen=True)
class Plan:
    """How many seconds, and by how many processes of the platform."""

    seconds: float
    processes: int


def _used(processes: list[psutil.Process]) -> float:
    """Seconds of a processor that they have taken."""
    return sum(sum(process.cpu_times()[:2]) for process in processes)


def under_load(
    folder: Path, storage: Storage, path: str, requests: Callable[[], list[bytes]], rate: float, plan: Plan
) -> Load:
    """Serve the platform in ``folder`` and post ``requests`` (made once it answers) at even times, ``rate`` a second,
    whether or not earlier ones have been answered."""
    with _hub(folder, storage, plan.processes) as (url, processes):
        bodies = requests()
        before, began = _used(processes), time.monotonic()
        delays, failed = asyncio.run(_sent(f"{url}{path}", bodies, rate))
        seconds = time.monotonic() - began
        return Load(delays, failed, seconds, (_used(processes) - before) / seconds)


def run(measure: Callable[[Path, Storage, Plan], str], what: str | None, seconds: float) -> None:
    """Measure on the storage that the command line names, and print."""
    parser = argparse.ArgumentParser(description=what)
    parser.add_argument("--seconds", type=float, default=seconds)
    parser.add_argument("--postgresql", action="store_true")
    parser.add_argument("--processes", type=int, default=1, help="of the platform")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bm-load-") as folder, contextlib.ExitStack() as stack:
        storage = Storage(stack.enter_context(postgres()).url("bench")) if options.postgresql else Storage()
        name = "postgresql" if options.postgresql else "sqlite"
        print(f"{name}: {measure(Path(folder), storage, Plan(options.seconds, options.processes))}")


async def _sent(address: str, requests: list[bytes], rate: float) -> tuple[list[float], int]:
    """By bare sockets: a client library on the same two cores takes more of them than the platform does."""
    delays: list[float] = []
    failed = 0
    parts = urlsplit(address)
    following, began = iter(range(len(requests))), time.monotonic() + 0.2

    async def one() -> None:
        nonlocal failed
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        for number in following:
            due = began + number / rate
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            body = requests[number]
            head = f"POST {parts.path} HTTP/1.1\r\nHost: {parts.hostname}\r\nContent-Type: application/json\r\n"
            writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            answer = await reader.readuntil(b"\r\n\r\n")
            length = LENGTH.search(answer)
            assert length
            await reader.readexactly(int(length[1]))
            if answer.startswith(b"HTTP/1.1 200"):
                delays.append(time.monotonic() - due)
            else:
                failed += 1
        writer.close()

    await asyncio.gather(*(one() for _ in range(CONNECTIONS)))
    return delays, failed


@contextlib.contextmanager
def _hub(folder: Path, storage: Storage, processes: int) -> Iterator[tuple[str, list[psutil.Process]]]:
    """The platform as processes of its own, once it answers."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "kiosk.cli", "hub", "--folder", str(folder), "--port", str(port)]
    command += ["--processes", str(processes)]
    environment = {**os.environ, "BIANMIN_HUB_DATABASE": storage.database}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
    try:
        _await(url)
        started = psutil.Process(process.pid)
        until(lambda: processes == 1 or len(started.children()) == processes, "the processes")
        yield url, [started, *started.children()]
    finally:
        process.terminate()
        process.wait(20)


def _await(url: str) -> None:
    for _ in range(200):
        try:
            PlatformClient(url).ping()
        except NoNetwork:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the platform does not answer")
