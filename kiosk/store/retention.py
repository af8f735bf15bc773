"""How long what is kept: each kind of record has its time, and goes when it is over."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from kiosk.store.audit import FORGOTTEN, append, before
from kiosk.store.database import Store


@dataclass(frozen=True)
class Keep:
    """Days. Cases that are not closed, and everything that waits to be sent, stay whatever their age."""

    closed_lines: int = 365
    print_jobs: int = 30
    audit: int = 1095
    low: int = 7

    @property
    def when_low(self) -> Keep:
        """The same where the disk has little room: nothing of it stays longer than ``low`` days."""
        return replace(self, closed_lines=min(self.closed_lines, self.low), print_jobs=min(self.print_jobs, self.low))


def forget(store: Store, now: datetime, keep: Keep) -> int:
    """Remove what is past its time; returns how many rows went. What went is counted in the audit chain, which says of
    its own entries up to which they went."""
    with store.transaction() as db:
        lines = db.conn.execute(
            "DELETE FROM case_line WHERE state = 'closed' AND created < ?"
            " AND case_id NOT IN (SELECT case_id FROM outbox)"
            " AND case_id NOT IN (SELECT case_id FROM sealed_file)",
            (_before(now, keep.closed_lines),),
        ).rowcount
        jobs = db.conn.execute("DELETE FROM print_job WHERE updated < ?", (_before(now, keep.print_jobs),)).rowcount
        old = before(store, _before(now, keep.audit))
        if lines or jobs or old:
            gone = {"case_lines": str(lines), "print_jobs": str(jobs)}
            end = {"audit_to": str(old[0]), "audit_digest": old[1]} if old else {}
            append(store, now.isoformat(), FORGOTTEN, gone | end)
        entries = db.conn.execute("DELETE FROM audit WHERE sequence <= ?", (old[0],)).rowcount if old else 0
    return int(lines + jobs + entries)


def _before(now: datetime, days: int) -> str:
    return (now - timedelta(days=days)).isoformat()
