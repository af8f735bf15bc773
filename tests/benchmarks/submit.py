"""Submit to receipt number, against the bare transaction and fsyncs of the same bytes, in the same run.

The papers have been made, sealed and written before, as they are while the citizen reads the review; what that took is
printed beside it. Run with ``make bench``. Prints medians and their ratio; asserts nothing.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import sqlcipher3

from kiosk.cases.draft import Draft, Signature
from kiosk.cases.submit import Intake, TerminalIdentity
from kiosk.catalogue.loader import parse_package
from kiosk.config import ASSETS
from kiosk.model.clock import ManualClock
from kiosk.model.identity import DocumentKind, IdentityDocument
from kiosk.model.ids import new_id
from kiosk.model.page import Page
from kiosk.store.database import Store
from kiosk.store.pages import SealedFiles
from kiosk.store.receipt_counter import ReceiptCounter
from sync.protocol.case_file import PlatformKey
from sync.protocol.suites import suite

ROUNDS = 40
IMAGE = cv2.imencode(".jpg", np.random.default_rng(1).integers(0, 256, (700, 600, 3), np.uint8))[1].tobytes()


def draft() -> Draft:
    """A whole matter with one scanned page of 400 kB."""
    answers = {"cause": "broken", "bank": "example_city", "delivery": "branch", "branch": "station"}
    made = Draft(
        case_id=new_id(),
        service="social-security-card",
        identity=IdentityDocument(kind=DocumentKind.RESIDENT, name="测试甲", number="990000199003070013"),
        answers={**answers, "phone": "13900000002"},
        pages=[Page(page_id=new_id(), material="photo", width=1, height=1, image=IMAGE)],
    )
    made.signature = Signature(strokes=[[(0.1, 0.1), (0.5, 0.2)]], aspect=2.0, signed=made.content_digest())
    return made


def bare(folder: Path, connection: sqlcipher3.Connection, number: int) -> float:
    """The same bytes with nothing around them: two files, fsync each and their folder, one transaction."""
    started = time.perf_counter()
    for name, data in (("body", IMAGE[:2000]), ("page", IMAGE)):
        path = folder / f"{number}.{name}"
        with path.with_suffix(".part").open("wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        path.with_suffix(".part").rename(path)
    descriptor = os.open(folder, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("INSERT INTO t VALUES (?, ?)", (number, IMAGE[:4000]))
    connection.execute("COMMIT")
    return time.perf_counter() - started


def main() -> None:
    """Measure in turn, so that a machine that drifts drifts for both."""
    shared = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with (
        tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR")) as name,
        tempfile.TemporaryDirectory(dir=shared) as in_memory,
    ):
        folder, memory = Path(name), Path(in_memory)
        signing, _public = suite("intl").new_signing_key()
        _private, sealing = suite("intl").new_sealing_key()
        store = Store(folder / "t.db", bytes(32))
        clock = ManualClock(datetime.now(UTC))
        identity = TerminalIdentity("T01", signing, bytes(32), PlatformKey("k", "intl", sealing))
        counter = ReceiptCounter(store, "T01", memory / "mark", "boot")
        intake = Intake(store, SealedFiles(folder / "sealed"), counter, identity, clock, clock)
        package = parse_package((ASSETS / "catalogue" / "social-security-card.yaml").read_bytes())
        (folder / "bare").mkdir()
        plain = sqlcipher3.connect(str(folder / "bare.db"), isolation_level=None)
        plain.execute(f"PRAGMA key = \"x'{bytes(32).hex()}'\"")
        plain.execute("PRAGMA journal_mode = WAL")
        plain.execute("PRAGMA synchronous = FULL")
        plain.execute("CREATE TABLE t (n INTEGER PRIMARY KEY, data BLOB)")
        before: list[float] = []
        ours: list[float] = []
        theirs: list[float] = []
        for number in range(ROUNDS):
            made = draft()
            # As the screens do: the papers are made while the citizen reads what is going to be handed in.
            started = time.perf_counter()
            intake.prepare(made, package).result()
            before.append(time.perf_counter() - started)
            started = time.perf_counter()
            intake.submit(made, package, "zh")
            ours.append(time.perf_counter() - started)
            theirs.append(bare(folder / "bare", plain, number))
    prepared, a, b = (statistics.median(times) for times in (before, ours, theirs))
    print(f"submit → number: {a * 1000:.1f} ms   bare bytes: {b * 1000:.1f} ms   ratio {a / b:.2f}   ({ROUNDS} rounds)")
    print(f"before it, while the review is read: {prepared * 1000:.0f} ms")


if __name__ == "__main__":
    main()
