"""Cases and their way out: case lines, sealed files and the outbox."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kiosk.store.audit import append
from kiosk.store.database import Store
from kiosk.store.pages import SealedFiles
from sync.protocol.envelope import Acknowledgement, Envelope

LONGEST_WAIT = 86_400.0
"""Seconds that a try is put off for at most, whatever the platform asks for."""


@dataclass(frozen=True)
class CaseLine:
    """What stays of a case at the terminal."""

    case_id: str
    receipt: str
    service: str
    created: str
    state: str


@dataclass(frozen=True)
class Outgoing:
    """One envelope that is to be sent, and where its files lie."""

    envelope: Envelope
    files: dict[str, str]
    attempts: int


class CaseRepository:
    """Rows of ``case_line``, ``sealed_file`` and ``outbox``."""

    def __init__(self, store: Store, files: SealedFiles) -> None:
        self._store = store
        self._files = files

    def insert(self, envelope: Envelope, names: dict[str, str], person_tag: bytes) -> CaseLine:
        """Record a sealed case as the last of the chain; must run inside ``store.transaction()``."""
        connection = self._store.db.conn
        text, digest = envelope.with_digest()
        connection.execute(
            "INSERT INTO case_line VALUES (?, ?, ?, ?, 'queued', ?, ?, NULL)",
            (
                envelope.case_id,
                envelope.receipt,
                envelope.service,
                envelope.stamp.trusted,
                person_tag,
                digest,
            ),
        )
        for blob in envelope.blobs:
            connection.execute(
                "INSERT INTO sealed_file VALUES (?, ?, ?, ?, ?)",
                (envelope.case_id, blob.id, blob.digest, blob.size, names[blob.id]),
            )
        connection.execute(
            "INSERT INTO outbox (case_id, sequence, envelope) VALUES (?, ?, ?)",
            (envelope.case_id, envelope.stamp.sequence, text),
        )
        self._store.put("last_envelope", digest)
        return CaseLine(envelope.case_id, envelope.receipt, envelope.service, envelope.stamp.trusted, "queued")

    def line(self, case_id: str) -> CaseLine | None:
        rows = self._store.rows(
            "SELECT case_id, receipt, service, created, state FROM case_line WHERE case_id = ?", case_id
        )
        return CaseLine(*rows[0]) if rows else None

    def by_receipt(self, receipt: str) -> CaseLine | None:
        rows = self._store.rows(
            "SELECT case_id, receipt, service, created, state FROM case_line WHERE receipt = ?", receipt
        )
        return CaseLine(*rows[0]) if rows else None

    def open_for(self, service: str, person_tag: bytes) -> CaseLine | None:
        """A case of the same person for the same service that is unsent or still open."""
        rows = self._store.rows(
            "SELECT case_id, receipt, service, created, state FROM case_line"
            " WHERE service = ? AND person_tag = ? AND state IN ('queued', 'stored') LIMIT 1",
            service,
            person_tag,
        )
        return CaseLine(*rows[0]) if rows else None

    def open_ids(self) -> list[str]:
        """Cases that the platform holds and has not closed."""
        return [r[0] for r in self._store.rows("SELECT case_id FROM case_line WHERE state = 'stored'")]

    def backlog(self) -> int:
        return int(self._store.rows("SELECT count(*) FROM outbox")[0][0])

    def oldest(self) -> str:
        """When the case that has waited longest to be sent was handed in; empty where none waits."""
        rows = self._store.rows("SELECT min(l.created) FROM outbox o JOIN case_line l ON l.case_id = o.case_id")
        return str(rows[0][0] or "")

    def held(self) -> int:
        """Records that the platform refused and that people must look at."""
        return int(self._store.rows("SELECT count(*) FROM outbox WHERE held IS NOT NULL")[0][0])

    def due(self, now: float, most: int = 1) -> list[Outgoing]:
        """The next envelopes to send; a refused one and one that waits for its next try block nothing.

        A try that was put off for longer than ever happens was put off by a clock that was wrong: it is due.
        """
        rows = self._store.rows(
            "SELECT envelope, attempts FROM outbox WHERE held IS NULL AND (next_at <= ? OR next_at > ?)"
            " ORDER BY sequence LIMIT ?",
            now,
            now + LONGEST_WAIT,
            most,
        )
        return [self._outgoing(*row) for row in rows]

    def waiting(self) -> list[Outgoing]:
        """All envelopes that have not been acknowledged, refused ones too, in their order."""
        rows = self._store.rows("SELECT envelope, attempts FROM outbox ORDER BY sequence")
        return [self._outgoing(*row) for row in rows]

    def _outgoing(self, text: str, attempts: int) -> Outgoing:
        envelope = Envelope.model_validate_json(text)
        files = dict(self._store.rows("SELECT blob_id, name FROM sealed_file WHERE case_id = ?", envelope.case_id))
        return Outgoing(envelope, files, attempts)

    def put_off(self, next_at: Mapping[str, float]) -> None:
        """Count an attempt of each of these cases and try again at its time (seconds of the wall clock)."""
        with self._store.transaction():
            self._store.db.conn.executemany(
                "UPDATE outbox SET attempts = attempts + 1, next_at = ? WHERE case_id = ?",
                [(at, case_id) for case_id, at in next_at.items()],
            )

    def try_now(self) -> None:
        """The network is back: nothing waits any longer."""
        self._store.db.conn.execute("UPDATE outbox SET next_at = 0 WHERE next_at > 0")

    def hold(self, case_id: str, reason: str, at: str) -> None:
        """Set a refused record aside. Its data stay sealed where they are until people decide.

        One that was acknowledged meanwhile, by receipts that came by hand, is settled and stays so.
        """
        with self._store.transaction():
            found = self._store.db.conn.execute("UPDATE outbox SET held = ? WHERE case_id = ?", (reason, case_id))
            if not found.rowcount:
                return
            self._store.db.conn.execute("UPDATE case_line SET state = 'refused' WHERE case_id = ?", (case_id,))
            append(self._store, at, "case_refused", {"case": case_id, "reason": reason})

    def acknowledged(self, words: Sequence[Acknowledgement], at: str, signed_time: str = "") -> None:
        """The platform holds these cases: destroy the wrapped keys (with the rows), then the files.

        ``signed_time``: the latest time that the platform has signed, where it is to be remembered.
        """
        names: list[str] = []
        with self._store.transaction():
            for word in words:
                names += self._wiped(word, at)
            if signed_time:
                self._store.put("signed_time", signed_time)
        for name in names:
            self._files.remove(name)

    def _wiped(self, word: Acknowledgement, at: str) -> list[str]:
        """Destroy the rows of a case, and return the names of its files; of one that is settled there are none."""
        connection, case_id = self._store.db.conn, word.case_id
        names = [r[0] for r in self._store.rows("SELECT name FROM sealed_file WHERE case_id = ?", case_id)]
        if not connection.execute("DELETE FROM outbox WHERE case_id = ?", (case_id,)).rowcount:
            return []  # another process was told so before, and the case may even be closed
        connection.execute("DELETE FROM sealed_file WHERE case_id = ?", (case_id,))
        connection.execute(
            "UPDATE case_line SET state = 'stored', acknowledgement = ? WHERE case_id = ?",
            (word.model_dump_json(), case_id),
        )
        append(self._store, at, "case_sent", {"case": case_id, "envelope": word.envelope})
        return names

    def released(self, case_id: str) -> None:
        """People have settled what was set aside: it is sent again."""
        with self._store.transaction():
            self._store.db.conn.execute(
                "UPDATE outbox SET held = NULL, next_at = 0 WHERE case_id = ? AND held IS NOT NULL", (case_id,)
            )
            self._store.db.conn.execute(
                "UPDATE case_line SET state = 'queued' WHERE case_id = ? AND state = 'refused'", (case_id,)
            )

    def chain_head(self) -> tuple[str, int, str]:
        """Epoch, number and digest of the last envelope that was sealed here."""
        return self._store.get("epoch"), int(self._store.get("receipt_counter", "0")), self._store.get("last_envelope")

    def closed(self, case_id: str) -> None:
        """The department is done: the line forgets even the keyed tag of the person."""
        self._store.db.conn.execute(
            "UPDATE case_line SET state = 'closed', person_tag = NULL WHERE case_id = ? AND state = 'stored'",
            (case_id,),
        )

    def known_files(self) -> set[str]:
        return {r[0] for r in self._store.rows("SELECT name FROM sealed_file")}

    def sweep(self) -> int:
        """Remove files that no row names: a crash between file and row leaves them. Returns how many.

        Under the lock under which a case is handed in: that one has its files already, and no row yet.
        """
        with self._store.transaction():
            return self._files.sweep(self.known_files())
