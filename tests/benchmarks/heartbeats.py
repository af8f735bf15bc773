"""Signs of life of 100,000 terminals a minute at one process of the platform, over HTTP.

    python -m tests.benchmarks.heartbeats [--seconds 20] [--postgresql]

A real ``kiosk hub`` on loopback with 100,000 enrolled terminals; signed requests are made before, and sent at even
times whether or not earlier ones have been answered. Prints how many were answered, the delay from when each was due to
its answer, and the process's share of a core; asserts nothing.
"""

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
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import psutil
from sqlalchemy import insert

from kiosk.config import ASSETS
from kiosk.model.clock import SystemClock
from sync.hub.database import transaction
from sync.hub.schema import terminals
from sync.hub.services import Storage, open_platform
from sync.protocol.canonical import b64
from sync.protocol.suites import suite
from sync.protocol.wire import ChainHead, Heartbeat, Purpose, SignedRequest
from tests.sync.server import free_port

TERMINALS = 100_000
RATE = TERMINALS / 60
CONNECTIONS = 100
LENGTH = re.compile(rb"[Cc]ontent-[Ll]ength: (\d+)")


def enrolled(folder: Path, storage: Storage) -> bytes:
    """A platform with all terminals, which share one key here; the private half."""
    platform = open_platform(folder, ASSETS / "catalogue", SystemClock(), storage=storage)
    private, public = suite("intl").new_signing_key()
    rows = [
        {"terminal": _name(n), "suite": "intl", "public_key": b64(public), "enrolled": "2026-01-01"}
        for n in range(TERMINALS)
    ]
    for first in range(0, TERMINALS, 5000):
        part = rows[first : first + 5000]
        transaction(platform.engine, lambda connection, part=part: connection.execute(insert(terminals), part))  # type: ignore[misc]
    platform.engine.dispose()
    return private


def _name(number: int) -> str:
    return f"{number:06d}"


def bodies(private: bytes, count: int) -> list[bytes]:
    """``count`` signs of life of different terminals, made now: they are fresh for ten minutes."""
    beat = Heartbeat(
        version="0.1.0", backlog=2, free_bytes=10**10, chain=ChainHead(epoch="AB12", sequence=2, envelope="")
    )
    at = datetime.now(UTC)
    made = []
    for number in range(count):
        when = (at + timedelta(microseconds=number)).isoformat(timespec="microseconds")
        request = SignedRequest.make("intl", _name(number % TERMINALS), private, Purpose.HEARTBEAT, when, beat)
        made.append(request.model_dump_json().encode())
    return made


async def sent(address: str, requests: list[bytes], rate: float) -> tuple[list[float], int]:
    """Delays in seconds of those that were answered, and how many were not.

    By bare sockets: a client library on the same two cores takes more of them than the platform does.
    """
    delays: list[float] = []
    failed = 0
    host, port, path = _parts(address)
    following, began = iter(range(len(requests))), time.monotonic() + 0.2

    async def one() -> None:
        nonlocal failed
        reader, writer = await asyncio.open_connection(host, port)
        for number in following:
            due = began + number / rate
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            body = requests[number]
            head = f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
            writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            answer = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(LENGTH.search(answer)[1]))  # type: ignore[index]
            if answer.startswith(b"HTTP/1.1 200"):
                delays.append(time.monotonic() - due)
            else:
                failed += 1
        writer.close()

    await asyncio.gather(*(one() for _ in range(CONNECTIONS)))
    return delays, failed


def _parts(address: str) -> tuple[str, int, str]:
    parts = urlsplit(address)
    assert parts.hostname
    assert parts.port
    return parts.hostname, parts.port, parts.path


@contextlib.contextmanager
def hub(folder: Path, storage: Storage) -> Iterator[tuple[str, psutil.Process]]:
    port = free_port()
    command = [sys.executable, "-m", "kiosk.cli", "hub", "--folder", str(folder), "--port", str(port)]
    environment = {**os.environ, "BIANMIN_HUB_DATABASE": storage.database}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
    try:
        yield f"http://127.0.0.1:{port}", psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(20)


async def answering(url: str) -> None:
    async with aiohttp.ClientSession() as session:
        for _ in range(200):
            with contextlib.suppress(aiohttp.ClientError):
                await (await session.get(f"{url}/v1/ping")).read()
                return
            await asyncio.sleep(0.1)
    raise AssertionError("the platform does not answer")


def measure(folder: Path, storage: Storage, seconds: float) -> None:
    private = enrolled(folder, storage)
    with hub(folder, storage) as (url, process):
        asyncio.run(answering(url))
        requests = bodies(private, round(RATE * seconds))
        before, began = sum(process.cpu_times()[:2]), time.monotonic()
        delays, failed = asyncio.run(sent(f"{url}/v1/heartbeat", requests, RATE))
        took = time.monotonic() - began
        share = 100 * (sum(process.cpu_times()[:2]) - before) / took
    ordered = sorted(delays)
    p99 = ordered[int(0.99 * len(ordered))] * 1000
    name = "postgresql" if storage.database else "sqlite"
    print(
        f"{name}: {len(delays)} of {len(requests)} answered, {failed} not,"
        f" {len(delays) / took:,.0f}/s (due {RATE:,.0f}/s);"
        f" median {statistics.median(ordered) * 1000:.0f} ms, p99 {p99:.0f} ms; {share:.0f} % of a core"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--postgresql", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bm-beats-") as folder:
        if options.postgresql:
            from tests.sync.postgres import postgres

            with postgres() as server:
                measure(Path(folder), Storage(server.url("beats")), options.seconds)
        else:
            measure(Path(folder), Storage(), options.seconds)


if __name__ == "__main__":
    main()
