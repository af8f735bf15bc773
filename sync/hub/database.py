"""The platform's database: SQLite in its folder, or PostgreSQL; either with full durability."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, TypeVar

import sqlcipher3.dbapi2
from sqlalchemy import Connection, Engine, Table, create_engine, event, insert, inspect, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError

from sync.hub.schema import VERSION, metadata, versions

T = TypeVar("T")

RETRIED = {"40001", "40P01"}
"""SQLSTATE of transactions that another one got in the way of (serialization failure, deadlock): done again."""
TRIES = 8
_WRITER = "bianmin_writer"
"""The execution option that holds the lock of SQLite's one writer."""


class Crossed(Exception):
    """What this transaction took for not there is there: all of it is done again."""


def open_database(folder: Path, url: str = "") -> Engine:
    """An engine on PostgreSQL at ``url`` (``postgresql://…``), or on SQLite in ``folder``; its tables are made.

    Raises ValueError for a database of another kind, or one that does not write durably.
    """
    if not url:
        engine = _sqlite(folder / "platform.db")
    elif url.startswith("postgresql://"):
        engine = _postgresql(url)
    else:
        raise ValueError("the database is SQLite, or postgresql://…")
    try:
        _make_tables(engine)
    except BaseException:
        engine.dispose()
        raise
    return engine


def _make_tables(engine: Engine) -> None:
    """Make what is not there. Raises ValueError where the tables are of another version of this program."""

    def make(connection: Connection) -> None:
        known = inspect(connection).has_table(versions.name)
        if not known and inspect(connection).has_table("case_record"):
            raise ValueError("the database is older than this program and cannot be used by it")
        metadata.create_all(connection)
        if not known:
            connection.execute(insert(versions).values(version=VERSION))
        found = connection.scalar(select(versions.c.version))
        if found != VERSION:
            raise ValueError(f"the database has tables of version {found}, this program knows {VERSION}")

    with engine.connect() as connection:
        if inspect(connection).has_table(versions.name) and connection.scalar(select(versions.c.version)) == VERSION:
            return
    transaction(engine, make)


def _sqlite(path: Path) -> Engine:
    """sqlcipher3 without a key is plain SQLite, of a version without the WAL-reset bug."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = create_engine(f"sqlite:///{path}", module=sqlcipher3.dbapi2, execution_options={_WRITER: threading.Lock()})

    @event.listens_for(engine, "connect")
    def _settle(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "busy_timeout = 10000", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")
        if connection.execute("PRAGMA synchronous").fetchone()[0] != 2:
            raise RuntimeError("the database does not write durably")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A deferred transaction that turns into a writing one fails when two write at once; one that only reads
        # need not wait for a writer.
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgresql(url: str) -> Engine:
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1), pool_pre_ping=True)
    with engine.connect() as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            value = connection.exec_driver_sql(f"SHOW {setting}").scalar()
            if value == "off":
                raise ValueError(f"the database does not write durably: {setting} is off")
    return engine


class Inserting:
    """Many rows of one table at a time, as fast as the driver takes them.

    The statement is compiled once, and rows go to the driver as they are: the table's columns must be of types that
    need no conversion (texts, numbers, bytes).
    """

    def __init__(self, engine: Engine, table: Table) -> None:
        statement = insert_new(engine, table).on_conflict_do_nothing()
        compiled = statement.compile(dialect=engine.dialect, column_keys=[c.name for c in table.c])
        self._sql = compiled.string
        self._order: list[str] | None = compiled.positiontup if compiled.positional else None
        self._defaults = {c.name: getattr(c.default, "arg", None) for c in table.c}

    def new(self, connection: Connection, rows: Sequence[dict[str, Any]]) -> int:
        """Insert those ``rows`` whose key is not there yet, with the defaults of what they leave out; returns how
        many those are."""
        whole = [self._defaults | row for row in rows]
        order = self._order
        given = whole if order is None else [tuple(row[name] for name in order) for row in whole]
        options = {"preserve_rowcount": True}
        return connection.exec_driver_sql(self._sql, given, execution_options=options).rowcount


def transaction(engine: Engine, work: Callable[[Connection], T]) -> T:
    """``work`` in one writing transaction, done again where another one got in its way; it may run several times."""
    for attempt in range(TRIES):
        try:
            with (
                _turn(engine),
                engine.connect().execution_options(writes=True) as connection,
                connection.begin(),
            ):
                return work(connection)
        except Crossed:
            if attempt == TRIES - 1:
                raise
        except DBAPIError as bad:
            if getattr(bad.orig, "sqlstate", None) not in RETRIED or attempt == TRIES - 1:
                raise
            time.sleep(0.005 * 2**attempt)
    raise AssertionError("unreachable")


def _turn(engine: Engine) -> AbstractContextManager[Any]:
    """SQLite has one writer: threads of this process wait for their turn, not for SQLite's sleeps to end."""
    turn: AbstractContextManager[Any] = engine.get_execution_options().get(_WRITER, nullcontext())
    return turn


def insert_new(connection: Connection | Engine, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT into ``table`` that either database can turn into an upsert (``on_conflict_…``)."""
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)


def locked(connection: Connection, query: Any) -> Any:
    """``query`` for update: what it finds stays so until the transaction ends."""
    return query if connection.dialect.name == "sqlite" else query.with_for_update()


def skip_locked(connection: Connection, query: Any) -> Any:
    """``query`` for update, without the rows that another process works on; SQLite has one writer anyway."""
    return query if connection.dialect.name == "sqlite" else query.with_for_update(skip_locked=True)
