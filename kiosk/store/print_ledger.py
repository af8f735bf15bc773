"""The print ledger: what was sent to the printer and how each job ended."""

from __future__ import annotations

from kiosk.ipc.device_messages import PrintState
from kiosk.store.database import Store

OPEN = (PrintState.QUEUED, PrintState.SENDING)


class PrintLedger:
    """Rows of ``print_job``. Holds job numbers and states, never what was printed."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def copies(self, case_id: str) -> int:
        """How many jobs of a case there were (0: the next is the original)."""
        return int(self._store.rows("SELECT count(*) FROM print_job WHERE case_id = ?", case_id)[0][0])

    def queued(self, job: str, case_id: str, at: str) -> None:
        """Record a new job before it is sent."""
        self._store.db.conn.execute(
            "INSERT INTO print_job VALUES (?, ?, ?, ?, ?)", (job, case_id, self.copies(case_id), PrintState.QUEUED, at)
        )

    def progress(self, job: str, state: PrintState, at: str) -> None:
        """A job that has ended never changes again."""
        self._store.db.conn.execute(
            "UPDATE print_job SET state = ?, updated = ? WHERE job = ? AND state IN (?, ?)", (state, at, job, *OPEN)
        )

    def state(self, job: str) -> PrintState | None:
        rows = self._store.rows("SELECT state FROM print_job WHERE job = ?", job)
        return PrintState(rows[0][0]) if rows else None

    def last_for(self, case_id: str) -> tuple[str, PrintState] | None:
        """The newest job of a case and its state."""
        rows = self._store.rows(
            "SELECT job, state FROM print_job WHERE case_id = ? ORDER BY copy DESC LIMIT 1", case_id
        )
        return (rows[0][0], PrintState(rows[0][1])) if rows else None

    def end_orphans(self, at: str) -> int:
        """At start: jobs that a crash cut off ended somewhere nobody saw. Returns how many."""
        cursor = self._store.db.conn.execute(
            "UPDATE print_job SET state = ?, updated = ? WHERE state IN (?, ?)", (PrintState.UNCERTAIN, at, *OPEN)
        )
        return int(cursor.rowcount)
