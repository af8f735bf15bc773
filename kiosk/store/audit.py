"""The audit chain: each entry names the digest of the one before, so that a change or a gap shows."""

from __future__ import annotations

import json

from kiosk.store.database import Store
from sync.protocol.canonical import canonical, digest

FORGOTTEN = "forgotten"


def append(store: Store, at: str, kind: str, detail: dict[str, str]) -> None:
    """Add an entry; inside the transaction of what it tells about. ``detail`` never holds a person's data."""
    rows = store.rows("SELECT sequence, digest FROM audit ORDER BY sequence DESC LIMIT 1")
    sequence, previous = (rows[0][0] + 1, rows[0][1]) if rows else (1, "")
    store.db.conn.execute(
        "INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?)",
        (sequence, at, kind, json.dumps(detail), previous, _digest(sequence, at, kind, detail, previous)),
    )


def before(store: Store, cutoff: str) -> tuple[int, str] | None:
    """Number and digest of the last entry before all those from ``cutoff`` on; None where there is none."""
    rows = store.rows(
        "SELECT sequence, digest FROM audit WHERE sequence <"
        " (SELECT coalesce(min(sequence), (SELECT max(sequence) + 1 FROM audit)) FROM audit WHERE at >= ?)"
        " ORDER BY sequence DESC LIMIT 1",
        cutoff,
    )
    return (int(rows[0][0]), str(rows[0][1])) if rows else None


def first_break(store: Store) -> int | None:
    """The sequence number of the first entry that does not fit the chain, or None where it is whole.

    Where it begins later than with 1, an entry of its own must say up to where it was forgotten.
    """
    previous, expected = _beginning(store)
    for sequence, at, kind, detail, before, stored in store.rows("SELECT * FROM audit ORDER BY sequence"):
        whole = _digest(sequence, at, kind, json.loads(detail), before)
        if sequence != expected or before != previous or stored != whole:
            return int(sequence)
        previous, expected = stored, expected + 1
    return None


def _beginning(store: Store) -> tuple[str, int]:
    said = [json.loads(d) for (d,) in store.rows("SELECT detail FROM audit WHERE kind = ?", FORGOTTEN)]
    ends = [(d["audit_digest"], int(d["audit_to"])) for d in said if "audit_to" in d]
    digest_of_last, last = max(ends, key=lambda end: end[1], default=("", 0))
    return digest_of_last, last + 1


def _digest(sequence: int, at: str, kind: str, detail: dict[str, str], previous: str) -> str:
    return digest(canonical({"sequence": sequence, "at": at, "kind": kind, "detail": detail, "previous": previous}))
