"""What must hold after a loss of power, whatever its moment."""

from __future__ import annotations

import hashlib
from pathlib import Path

import sqlcipher3

from kiosk.store.database import Store, StoreError
from sync.protocol.envelope import Envelope
from tests.power_loss.workload import KEY


def problems(folder: Path, marks: list[str]) -> list[str]:
    """What is broken below ``folder`` against what was told outside before the power went; empty: nothing."""
    told = {kind: {m.split()[1] for m in marks if m.startswith(f"{kind} ")} for kind in ("receipt", "stored")}
    found: list[str] = []
    at_hub, bad = _hub(folder / "hub")
    found += bad
    found += [f"lost at the platform: {case}" for case in sorted(told["stored"] - at_hub)]
    safe, bad = _terminal(folder / "terminal")
    found += bad
    found += [f"lost: {case}" for case in sorted(told["receipt"] - safe - at_hub)]
    return found


def _hub(folder: Path) -> tuple[set[str], list[str]]:
    """Cases that the platform holds whole, and what is broken."""
    try:
        connection = sqlcipher3.connect(str(folder / "platform.db"))
        wrong = [r[0] for r in connection.execute("PRAGMA integrity_check") if r[0] != "ok"]
        rows = connection.execute("SELECT case_id, envelope FROM case_record").fetchall()
        connection.close()
    except sqlcipher3.DatabaseError as bad:
        return set(), [f"corrupt: the platform's database: {bad}"]
    found = [f"corrupt: the platform's database: {w}" for w in wrong]
    whole = set()
    for case, text in rows:
        blobs = Envelope.model_validate_json(text).blobs
        torn = [b.id for b in blobs if not _is(folder / "blobs" / b.digest.removeprefix("sha256:"), b.digest)]
        found += [f"torn: {blob} of {case} at the platform" for blob in torn]
        if not torn:
            whole.add(case)
    return whole, found


def _terminal(folder: Path) -> tuple[set[str], list[str]]:
    """Cases that the terminal can still send, and what is broken."""
    try:
        store = Store(folder / "terminal.db", KEY)
        wrong = [r[0] for r in store.rows("PRAGMA integrity_check") if r[0] != "ok"]
        rows = store.rows("SELECT o.envelope FROM outbox o JOIN case_line l ON l.case_id = o.case_id")
        names = {(r[0], r[1]): r[2] for r in store.rows("SELECT case_id, blob_id, name FROM sealed_file")}
        store.close()
    except (StoreError, sqlcipher3.DatabaseError) as bad:
        return set(), [f"corrupt: the terminal's database: {bad}"]
    found = [f"corrupt: the terminal's database: {w}" for w in wrong]
    safe = set()
    for (text,) in rows:
        envelope = Envelope.model_validate_json(text)
        case = envelope.case_id
        torn = [b.id for b in envelope.blobs if not _is(folder / "sealed" / names.get((case, b.id), "?"), b.digest)]
        found += [f"torn: {blob} of {case} at the terminal" for blob in torn]
        if not torn:
            safe.add(case)
    return safe, found


def _is(path: Path, digest: str) -> bool:
    return path.is_file() and "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest() == digest
