"""Opens the encrypted database, and asserts at every open what durability rests on."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlcipher3
from sqlite_utils import Database

from kiosk.store.migrations import STEPS, VERSION

FIXED_SQLITE = (3, 51, 3)
"""Versions 3.7.0 to 3.51.2 can corrupt a database when two connections checkpoint at once (the WAL-reset bug)."""
BUSY_MS = 5000
CALL = "help_call"
"""In the ``meta`` table: since when somebody at this terminal waits for help; empty: nobody."""
CALL_TOLD = "help_call_told"
"""The same, as far as the platform has heard of it."""


class StoreError(Exception):
    """The database cannot be used. It is left as it is; nothing is ever recreated in its place."""


class StoreTooNew(StoreError):
    """The database was written by a newer program."""


class Store:
    """The terminal's database. One connection, used by one thread; each process opens its own."""

    def __init__(self, path: Path, key: bytes, *, checkpoint: bool = False) -> None:
        """Open or create. ``checkpoint`` is true only in the agent: one process checkpoints, the others never.

        Raises StoreError for a wrong key, a damaged file or an unfit SQLite, StoreTooNew for a newer schema.
        """
        _refuse_newer(path, key)
        self.path = path
        connection = _connect(f"file:{path}", key)
        self.db = Database(connection)
        try:
            self._settle(connection, checkpoint)
            self._migrate()
        except sqlcipher3.DatabaseError as bad:
            connection.close()
            raise StoreError(f"{path.name} cannot be used: {bad}") from None
        path.chmod(0o600)

    def _settle(self, connection: Any, checkpoint: bool) -> None:
        connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
        wanted = {
            "journal_mode": ("wal", "wal"),
            "synchronous": ("FULL", 2),
            "secure_delete": ("ON", 1),
            "foreign_keys": ("ON", 1),
            "temp_store": ("MEMORY", 2),
            "wal_autocheckpoint": ("1000", 1000) if checkpoint else ("0", 0),
        }
        for pragma, (value, expected) in wanted.items():
            connection.execute(f"PRAGMA {pragma} = {value}")
            actual = connection.execute(f"PRAGMA {pragma}").fetchone()[0]
            if actual != expected:
                raise StoreError(f"PRAGMA {pragma} is {actual!r} and cannot be set to {value}")

    def _migrate(self) -> None:
        with self.transaction():
            version = self.db.execute("PRAGMA user_version").fetchone()[0]
            for number, script in enumerate(STEPS[version:], start=version + 1):
                for statement in filter(str.strip, script.split(";\n")):
                    self.db.execute(statement)
                self.db.execute(f"PRAGMA user_version = {number}")

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Database]:
        """One durable transaction. It takes the write lock at once: a deferred one fails when two processes write."""
        connection = self.db.conn
        connection.execute("BEGIN IMMEDIATE")
        try:
            with self.db.atomic():
                yield self.db
            connection.execute("COMMIT")
        except BaseException:
            # A full disk has ended the transaction already; "no transaction" would hide what went wrong.
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    def rows(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        return list(self.db.conn.execute(sql, parameters).fetchall())

    def get(self, key: str, default: str = "") -> str:
        """A value of the ``meta`` table."""
        found = self.rows("SELECT value FROM meta WHERE key = ?", key)
        return str(found[0][0]) if found else default

    def put(self, key: str, value: str) -> None:
        """Set a value of the ``meta`` table; inside a transaction or on its own."""
        self.db.conn.execute(
            "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", (key, value)
        )

    def data_version(self) -> int:
        """Changes whenever another process has committed."""
        return int(self.rows("PRAGMA data_version")[0][0])

    def close(self) -> None:
        self.db.conn.close()


def copy_store(path: Path, key: bytes, target: Path) -> None:
    """Write what is in the database at ``path`` now to the new file ``target``, under the same key. Others may go on
    writing meanwhile. Raises StoreError."""
    if not path.exists():
        raise StoreError(f"{path.name} is not there")
    try:
        source = _connect(f"file:{path}?mode=ro", key)
        copy = _connect(f"file:{target}", key)
        source.backup(copy)
        copy.close()
        source.close()
    except sqlcipher3.DatabaseError as bad:
        raise StoreError(f"{path.name} cannot be copied: {bad}") from None


def _connect(uri: str, key: bytes) -> Any:
    if tuple(map(int, sqlcipher3.sqlite_version.split("."))) < FIXED_SQLITE:
        raise StoreError(f"SQLite {sqlcipher3.sqlite_version} can corrupt the database; {FIXED_SQLITE} is the least")
    connection = sqlcipher3.connect(uri, uri=True, isolation_level=None)
    connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
    return connection


def _refuse_newer(path: Path, key: bytes) -> None:
    """Look at an existing file without the right to write, so that a newer one is not touched."""
    if not path.exists() or path.stat().st_size == 0:
        if not os.access(path.parent, os.W_OK):
            raise StoreError(f"{path.parent} cannot be written to")
        return
    try:
        connection = _connect(f"file:{path}?mode=ro", key)
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        connection.close()
    except sqlcipher3.DatabaseError as bad:
        raise StoreError(f"{path.name} cannot be opened: {bad}") from None
    if version > VERSION:
        raise StoreTooNew(f"{path.name} has schema {version}, this program knows {VERSION}")
