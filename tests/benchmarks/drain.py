"""The backlog of days goes out: the agent's own code against a plain upload of the same bytes, over TLS, in one run.

    python -m tests.benchmarks.drain [--cases 500] [--bytes 3000000]

Ours: every sealed file by its digest, with its leave, resumable, then the envelopes in batches, acknowledged; at the
terminal the rows and files go. The peer: the same bytes by PUT on one kept connection to a server that hashes, writes
and syncs each file and knows nothing else. In turns, a part of the cases at a time, and both servers are processes of
their own. Prints megabytes a second and the ratio; asserts nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import urllib3
from granian.constants import Interfaces
from granian.server.embed import Server

from kiosk.cases import documents as papers
from kiosk.cases.draft import Draft, Signature
from kiosk.cases.submit import Intake, TerminalIdentity
from kiosk.catalogue.loader import parse_package
from kiosk.config import ASSETS
from kiosk.durable import sync_folder
from kiosk.model.clock import SystemClock
from kiosk.model.identity import DocumentKind, IdentityDocument
from kiosk.model.ids import new_id
from kiosk.model.page import Page
from kiosk.security.credentials import load_credentials
from kiosk.security.trust import PlatformTrust, load_trust, sealing_key
from kiosk.store.cases import CaseRepository
from kiosk.store.database import Store
from kiosk.store.pages import SealedFiles
from kiosk.store.receipt_counter import ReceiptCounter
from sync.client import PlatformClient, pinned
from sync.enrolment import enrol
from sync.hub.services import open_platform
from sync.outbox import Outbox, Sent
from sync.protocol.private_ca import make_server_files
from sync.protocol.wire import SignedRequest
from tests.sync.server import free_port

ANSWERS = {"cause": "broken", "bank": "example_city", "delivery": "branch", "branch": "station", "phone": "13900000002"}
TURNS = 5
CODE = "T01"


class Backlog:
    """An enrolled terminal that has cases to send."""

    def __init__(self, folder: Path, url: str, ca: Path, code: str) -> None:
        client = PlatformClient(url, ca)
        enrol(client, code, CODE, folder / "credentials", folder / "platform.json", url, "intl")
        told, secrets = load_trust(folder / "platform.json"), load_credentials(folder / "credentials")
        assert told is not None
        trust = PlatformTrust(folder / "platform.json", told)
        self.files, clock = SealedFiles(folder / "sealed"), SystemClock()
        store = Store(folder / "terminal.db", secrets.store_key, checkpoint=True)
        self.cases = CaseRepository(store, self.files)
        identity = TerminalIdentity(CODE, secrets.signing_key, secrets.tag_key, sealing_key(told))
        counter = ReceiptCounter(store, CODE, folder / "mark", "boot")
        self._intake = Intake(store, self.files, counter, identity, clock, clock)
        self._package = parse_package((ASSETS / "catalogue" / "social-security-card.yaml").read_bytes())

        def sign(purpose: Any, body: Any) -> SignedRequest:
            return SignedRequest.make("intl", CODE, secrets.signing_key, purpose, client.platform_now(), body)

        self._outbox = Outbox(store, self.files, client, trust.believes, sign, clock, random.Random(1), client.uploads)

    def fill(self, cases: int, size: int) -> list[Path]:
        """Hand in ``cases`` with a paper of ``size`` bytes each; returns their sealed files."""
        # A real PDF of 3 MB takes longer to make than to send, and is not what is measured.
        with mock.patch.object(papers, "documents_of", lambda d, _p: {p.material: p.image for p in d.pages}):
            for _ in range(cases):
                self._intake.submit(_draft(size), self._package, "zh")
        return self.files.kept()

    def drain(self) -> float:
        """Seconds until nothing waits any more."""
        began = time.perf_counter()
        while self.cases.backlog():
            assert self._outbox.send_next() == Sent.SENT
        return time.perf_counter() - began


def _draft(size: int) -> Draft:
    draft = Draft(
        case_id=new_id(),
        service="social-security-card",
        identity=IdentityDocument(kind=DocumentKind.RESIDENT, name="测试甲", number="990000199003070013"),
        answers=ANSWERS,
        pages=[Page(page_id=new_id(), material="photo", width=1, height=1, image=os.urandom(size))],
    )
    draft.signature = Signature(strokes=[[(0.1, 0.1), (0.5, 0.2)]], aspect=2.0, signed=draft.content_digest())
    return draft


# the peer


async def plain(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Write what comes to a file, hash it on the way, sync it; answer its digest. No framework, nothing else."""
    assert scope["type"] == "http"
    folder = Path(os.environ["PLAIN_FOLDER"])
    target, hashing = folder / scope["path"].lstrip("/"), hashlib.sha256()
    with target.open("wb") as out:
        more = True
        while more:
            message = await receive()
            more = message.get("more_body", False)
            hashing.update(message["body"])
            out.write(message["body"])
        out.flush()
        await asyncio.to_thread(os.fsync, out.fileno())
    await asyncio.to_thread(sync_folder, folder)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"64")]})
    await send({"type": "http.response.body", "body": hashing.hexdigest().encode()})


def serve_plain(folder: Path, port: int, tls: Path) -> None:
    os.environ["PLAIN_FOLDER"] = str(folder)
    files = {"ssl_cert": tls / "server.pem", "ssl_key": tls / "server.key"}
    server = Server(
        plain,
        address="127.0.0.1",
        port=port,
        interface=Interfaces.ASGINL,
        log_enabled=False,
        **files,  # type: ignore[arg-type]
    )
    asyncio.run(server.serve())


def upload(url: str, ca: Path, files: list[Path]) -> float:
    """Seconds for ``files`` by PUT, one after another on one connection."""
    pool = urllib3.PoolManager(num_pools=1, ssl_context=pinned(ca))
    began = time.perf_counter()
    for path in files:
        with path.open("rb") as source:
            headers = {"Content-Length": str(path.stat().st_size)}
            answer = pool.request("PUT", f"{url}/{path.name}", body=source, headers=headers)
        assert answer.status == 200
        assert len(answer.data) == 64
    return time.perf_counter() - began


@contextlib.contextmanager
def module(*arguments: str) -> Iterator[None]:
    """A module of this program as a process of its own."""
    process = subprocess.Popen([sys.executable, "-m", *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(20)


def await_port(port: int) -> None:
    """Wait until something listens there. Raises AssertionError."""
    for _ in range(400):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise AssertionError("the server does not answer")


def measure(folder: Path, cases: int, size: int) -> str:
    now, tls, ports = datetime.now(UTC), folder / "tls", (free_port(), free_port())
    make_server_files(tls, ["127.0.0.1"], now, now + timedelta(days=2))
    ca, urls = tls / "ca.pem", [f"https://127.0.0.1:{port}" for port in ports]
    platform = open_platform(folder / "hub", ASSETS / "catalogue", SystemClock())
    code = platform.desk.new_code()
    platform.engine.dispose()
    (folder / "plain").mkdir()
    (folder / "terminal").mkdir()
    hub = ["kiosk.cli", "hub", "--folder", str(folder / "hub"), "--port", str(ports[0]), "--tls", str(tls)]
    peer = ["tests.benchmarks.drain", "--serve", str(folder / "plain"), str(ports[1]), str(tls)]
    with module(*hub), module(*peer):
        for port in ports:
            await_port(port)
        backlog = Backlog(folder / "terminal", urls[0], ca, code)
        ours = theirs = 0.0
        total = 0
        for turn in range(TURNS):
            files = backlog.fill(cases // TURNS, size)
            total += sum(f.stat().st_size for f in files)
            # Who comes second finds the disk busier or emptier: each is second in turn.
            if turn % 2:
                theirs += upload(urls[1], ca, files)
                ours += backlog.drain()
            else:
                # The files are gone after it: the peer sends copies that are in memory likewise.
                copies = [_copy(f, folder / "copies") for f in files]
                ours += backlog.drain()
                theirs += upload(urls[1], ca, copies)
                for path in copies:
                    path.unlink()
            for path in (folder / "plain").iterdir():
                path.unlink()
    rates = total / ours / 1e6, total / theirs / 1e6
    size_of_all = f"{cases // TURNS * TURNS} cases, {total / 1e9:.2f} GB"
    return f"{size_of_all}: {rates[0]:.0f} MB/s, plain upload {rates[1]:.0f} MB/s, ratio {rates[0] / rates[1]:.2f}"


def _copy(path: Path, folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    target = folder / path.name
    target.write_bytes(path.read_bytes())
    return target


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=500)
    parser.add_argument("--bytes", type=int, default=3_000_000)
    parser.add_argument("--serve", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve_plain(Path(options.serve[0]), int(options.serve[1]), Path(options.serve[2]))
        return
    with tempfile.TemporaryDirectory(prefix="bm-drain-", dir=os.environ.get("BENCH_DIR")) as folder:
        print(measure(Path(folder), options.cases, options.bytes))


if __name__ == "__main__":
    main()
