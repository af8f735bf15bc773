"""The same cases through other stores that hold and forward, one after another in one run, over TLS.

    python -m tests.benchmarks.peers [--cases 100] [--bytes 3000000] [--pouchdb FOLDER]

Ours: the outbox to a real platform, as ``tests.benchmarks.drain`` has it. NATS JetStream: a stream on disk that syncs
before it acknowledges (``sync_interval: always``), one message a file and one an envelope, each acknowledged before the
next. PouchDB: a server that speaks its protocol (``npm install express-pouchdb pouchdb-node express@4`` in FOLDER), one
document a case with the file as its attachment; its store does not sync before it answers, and nothing can make it.

What is compared is the time until each has said that it holds everything. What a server does not take is told, not
left out. Neither of the two seals, resumes within a file, verifies a digest, signs what it holds, or knows a case again
after its window. Prints; asserts nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import shutil
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import nats
import urllib3

from kiosk.config import ASSETS
from kiosk.model.clock import SystemClock
from kiosk.model.ids import new_id
from sync.client import pinned
from sync.hub.services import open_platform
from sync.protocol.private_ca import make_server_files
from tests.benchmarks.drain import Backlog, await_port, module
from tests.sync.server import free_port

ENVELOPE = 3000
"""Bytes of an envelope, about."""


def ours(folder: Path, tls: Path, cases: int, size: int) -> float:
    """Seconds until the platform has acknowledged everything."""
    platform = open_platform(folder / "hub", ASSETS / "catalogue", SystemClock())
    code = platform.desk.new_code()
    platform.engine.dispose()
    (folder / "terminal").mkdir()
    port = free_port()
    hub = ["kiosk.cli", "hub", "--folder", str(folder / "hub"), "--port", str(port), "--tls", str(tls)]
    with module(*hub):
        await_port(port)
        backlog = Backlog(folder / "terminal", f"https://127.0.0.1:{port}", tls / "ca.pem", code)
        backlog.fill(cases, size)
        return backlog.drain()


def jetstream(folder: Path, tls: Path, cases: int, size: int) -> float:
    """Seconds until JetStream has acknowledged everything."""
    port = free_port()
    settings = folder / "nats.conf"
    folder.mkdir()
    settings.write_text(
        f"host: 127.0.0.1\nport: {port}\nmax_payload: {2 * size + ENVELOPE}\nmax_pending: {8 * size}\n"
        f'jetstream {{ store_dir: "{folder}", sync_interval: always, max_file_store: 100GB }}\n'
        f'tls {{ cert_file: "{tls / "server.pem"}", key_file: "{tls / "server.key"}" }}\n'
    )
    with _process("nats-server", "-c", str(settings)):
        await_port(port)
        return asyncio.run(_published(port, pinned(tls / "ca.pem"), cases, size))


async def _published(port: int, context: ssl.SSLContext, cases: int, size: int) -> float:
    connection = await nats.connect(f"tls://127.0.0.1:{port}", tls=context, pending_size=8 * size, flush_timeout=60)
    stream = connection.jetstream(timeout=60)
    await stream.add_stream(name="cases", subjects=["cases.>"])
    file, envelope = os.urandom(size), os.urandom(ENVELOPE)
    began = time.perf_counter()
    for _ in range(cases):
        for kind, data in (("file", file), ("envelope", envelope)):
            await stream.publish(f"cases.{kind}", data, headers={"Nats-Msg-Id": new_id()})
    seconds = time.perf_counter() - began
    await connection.close()
    return seconds


POUCHDB = """
const fs = require('fs'), https = require('https'), express = require('express');
const {STORE, TLS, PORT} = process.env;
const PouchDB = require('pouchdb-node').defaults({prefix: STORE + '/'});
const options = {mode: 'minimumForPouchDB', inMemoryConfig: true, logPath: STORE + '/log.txt'};
const app = express();
app.use('/', require('express-pouchdb')(PouchDB, options));
const tls = {cert: fs.readFileSync(TLS + '/server.pem'), key: fs.readFileSync(TLS + '/server.key')};
https.createServer(tls, app).listen(PORT, '127.0.0.1');
"""


def pouchdb(folder: Path, tls: Path, cases: int, size: int, packages: Path) -> float:
    """Seconds until the server has answered for everything. Raises RuntimeError for what it does not take."""
    port = free_port()
    folder.mkdir()
    environment = {
        "STORE": str(folder),
        "TLS": str(tls),
        "PORT": str(port),
        "NODE_PATH": str(packages / "node_modules"),
    }
    with _process("node", "-e", POUCHDB, **environment):
        await_port(port)
        pool = urllib3.PoolManager(num_pools=1, ssl_context=pinned(tls / "ca.pem"))
        url, file = f"https://127.0.0.1:{port}/cases", os.urandom(size)
        _expect(pool.request("PUT", url), 201)
        began = time.perf_counter()
        for _ in range(cases):
            case = f"{url}/{new_id()}"
            made = _expect(pool.request("PUT", case, json={"envelope": "x" * ENVELOPE}), 201)
            kind = {"Content-Type": "application/octet-stream"}
            _expect(pool.request("PUT", f"{case}/photo?rev={made['rev']}", body=file, headers=kind), 201)
        return time.perf_counter() - began


def _expect(answer: urllib3.BaseHTTPResponse, status: int) -> dict[str, str]:
    if answer.status != status:
        raise RuntimeError(f"HTTP {answer.status}: {answer.data[:200].decode(errors='replace')}")
    found: dict[str, str] = answer.json()
    return found


@contextlib.contextmanager
def _process(*command: str, **environment: str) -> Iterator[None]:
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, env={**os.environ, **environment}, **quiet)  # type: ignore[call-overload]
    try:
        yield
    finally:
        process.terminate()
        process.wait(20)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=100)
    parser.add_argument("--bytes", type=int, default=3_000_000)
    parser.add_argument("--pouchdb", type=Path, help="folder with the packages of npm")
    options = parser.parse_args()
    cases, size = options.cases, options.bytes
    with tempfile.TemporaryDirectory(prefix="bm-peers-", dir=os.environ.get("BENCH_DIR")) as name:
        folder, now = Path(name), datetime.now(UTC)
        tls = folder / "tls"
        make_server_files(tls, ["127.0.0.1"], now, now + timedelta(days=2))
        print(f"{cases} cases with a file of {size / 1e6:.1f} MB each; seconds, megabytes a second, against ours")
        mine = ours(folder, tls, cases, size)
        _tell("ours", mine, mine, cases * size)
        if shutil.which("nats-server"):
            _tell("NATS JetStream, sync always", jetstream(folder / "nats", tls, cases, size), mine, cases * size)
        else:
            print("NATS JetStream: left out, there is no nats-server")
        if options.pouchdb is None:
            print("PouchDB server: left out, --pouchdb names no folder")
            return
        try:
            took = pouchdb(folder / "pouchdb", tls, cases, size, options.pouchdb)
        except (RuntimeError, urllib3.exceptions.HTTPError) as bad:
            print(f"PouchDB server: does not hold them: {bad}")
        else:
            _tell("PouchDB server, without sync", took, mine, cases * size)


def _tell(name: str, seconds: float, mine: float, size: int) -> None:
    print(f"{name}: {seconds:.1f} s, {size / seconds / 1e6:.0f} MB/s, {seconds / mine:.2f} × ours")


if __name__ == "__main__":
    main()
