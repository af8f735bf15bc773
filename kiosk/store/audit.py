"""The audit chain: each entry names the digest of the one before, so that a change or a gap shows."""

from __future__ import annotations

import json

from kiosk.store.database import Store
from sync.protocol.canonical import canonical, digest


def append(store: Store, at: str, kind: str, detail: dict[str, str]) -> None:
    """Add an entry; inside the transaction of what it tells about. ``detail`` never holds a person's data."""
    rows = store.rows("SELECT sequence, digest FROM audit ORDER BY sequence DESC LIMIT 1")
    sequence, previous = (rows[0][0] + 1, rows[0][1]) if rows else (1, "")
    store.db.conn.execute(
        "INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?)",
        (sequence, at, kind, json.dumps(detail), previous, _digest(sequence, at, kind, detail, previous)),
    )


def first_break(store: Store) -> int | None:
    """The sequence number of the first entry that does not fit the chain, or None where it is whole."""
    previous, expected = "", 1
    for sequence, at, kind, detail, before, stored in store.rows("SELECT * FROM audit ORDER BY sequence"):
        whole = _digest(sequence, at, kind, json.loads(detail), before)
        if sequence != expected or before != previous or stored != whole:
            return int(sequence)
        previous, expected = stored, expected + 1
    return None


def _digest(sequence: int, at: str, kind: str, detail: dict[str, str], previous: str) -> str:
    return digest(canonical({"sequence": sequence, "at": at, "kind": kind, "detail": detail, "previous": previous}))
