"""Backup and restore of the platform: one portable file of all rows, and the sealed files beside it.

Rows are JSON lines, so that a backup of SQLite can be restored into PostgreSQL and the other way round. The keys are
no part of it: who has the backup opens no case with it. Keep a copy of ``keys.json`` elsewhere.

What holds for a moment is no part of it either. A one-time code or a session that has been used or ended since would be
valid again. And numbers of feeds that were given out since would be given out a second time: terminals that have read
the first ones would miss changes. So all feeds begin anew, far behind every number that any terminal can have read.
"""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from sqlalchemy import Connection, Engine, Table, func, insert, select

from kiosk.durable import whole_or_not
from sync.hub import feed
from sync.hub.blobs import BlobError, Blobs
from sync.hub.database import transaction
from sync.hub.leftovers import kept_apart
from sync.hub.schema import (
    VERSION,
    cases,
    changes,
    enrolment_codes,
    metadata,
    packages,
    published_files,
    published_metadata,
    sessions,
    terminals,
    versions,
)
from sync.protocol.canonical import b64, unb64
from sync.protocol.envelope import Envelope

ROWS = "rows.zip"
AT_ONCE = 500
LEFT_OUT = (versions, changes, enrolment_codes, sessions)
MADE_AT_START = (packages, published_metadata, published_files)
"""What a new platform publishes at its first start gives way to what is restored."""


class BackupError(Exception):
    """The backup cannot be made or used; says why. A restore that failed has left the database empty."""


@dataclass(frozen=True)
class Counted:
    """Rows and sealed files of a backup."""

    rows: int
    blobs: int


def back_up(engine: Engine, blobs: Blobs, target: Path) -> Counted:
    """Write all rows and those sealed files that are not there yet to the folder ``target``. The platform may run on.

    Rows come from one snapshot, and first: a row is never older than the files that it names.
    """
    target.mkdir(parents=True, exist_ok=True, mode=0o700)
    (target / "blobs").mkdir(exist_ok=True, mode=0o700)
    rows = 0
    # SQLite's transactions see one snapshot anyway.
    snapshot = {"isolation_level": "REPEATABLE READ"} if engine.dialect.name == "postgresql" else {}
    with whole_or_not(target / ROWS, mode=0o600) as part:
        with engine.execution_options(**snapshot).connect() as connection:
            with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr("version", str(VERSION))
                for table in _tables():
                    with archive.open(f"{table.name}.jsonl", "w") as out:
                        rows += _dump(connection, table, out)
            named = _named(connection)
            named |= blobs.sizes(kept_apart(connection)).keys()
        # The rows are a backup only once all files that they name are there.
        for name in sorted(named):
            _copy(blobs, name, target / "blobs")
    return Counted(rows, len(named))


def restore(source: Path, engine: Engine, blobs: Blobs) -> Counted:
    """Fill an empty platform from a backup. Raises BackupError."""
    try:
        with zipfile.ZipFile(source / ROWS) as archive:
            if archive.read("version").decode() != str(VERSION):
                raise BackupError("the backup was made by another version of this program")
            return transaction(engine, lambda connection: _restored(connection, archive, blobs, source / "blobs"))
    except (OSError, zipfile.BadZipFile, zlib.error, KeyError, ValueError) as bad:
        raise BackupError(f"{source}: {bad}") from None


def _restored(connection: Connection, archive: zipfile.ZipFile, blobs: Blobs, folder: Path) -> Counted:
    """The rows are there once all files that they name are."""
    rows = _load(connection, archive)
    feed.begin_anew(connection, [feed.of_terminal(name) for name in connection.scalars(select(terminals.c.terminal))])
    named = _named(connection)
    named |= {name for name in kept_apart(connection) if _place(name, folder).exists()}
    for name in sorted(named):
        _bring_back(blobs, name, folder)
    return Counted(rows, len(named))


def _tables() -> list[Table]:
    return [t for t in metadata.sorted_tables if t not in LEFT_OUT]


def _dump(connection: Connection, table: Table, out: IO[bytes]) -> int:
    count = 0
    for row in connection.execute(select(table)).yield_per(AT_ONCE).mappings():
        out.write(json.dumps({k: _plain(v) for k, v in row.items()}, ensure_ascii=False).encode() + b"\n")
        count += 1
    return count


def _plain(value: Any) -> Any:
    return {"b64": b64(bytes(value))} if isinstance(value, bytes | memoryview) else value


def _value(value: Any) -> Any:
    return unb64(value["b64"]) if isinstance(value, dict) else value


def _load(connection: Connection, archive: zipfile.ZipFile) -> int:
    count = 0
    for table in _tables():
        if connection.scalar(select(func.count()).select_from(table)) and table not in MADE_AT_START:
            raise BackupError(f"the database is not empty: {table.name}")
        connection.execute(table.delete())
        with archive.open(f"{table.name}.jsonl") as lines:
            for rows in _in_groups(lines):
                connection.execute(insert(table), rows)
                count += len(rows)
    return count


def _in_groups(lines: IO[bytes]) -> Iterator[list[dict[str, Any]]]:
    group: list[dict[str, Any]] = []
    for line in lines:
        group.append({k: _value(v) for k, v in json.loads(line).items()})
        if len(group) == AT_ONCE:
            yield group
            group = []
    if group:
        yield group


def _named(connection: Connection) -> set[str]:
    """Digests of all sealed files that cases name."""
    texts = connection.scalars(select(cases.c.envelope)).yield_per(AT_ONCE)
    return {blob.digest for text in texts for blob in Envelope.model_validate_json(text).blobs}


def _place(name: str, folder: Path) -> Path:
    return folder / name.replace(":", "-")


def _copy(blobs: Blobs, name: str, folder: Path) -> None:
    target = _place(name, folder)
    if target.exists():
        return
    try:
        data = blobs.read(name)
    except FileNotFoundError:
        raise BackupError(f"a sealed file is missing at the platform: {name}") from None
    with whole_or_not(target, mode=0o600) as part:
        part.write_bytes(data)


def _bring_back(blobs: Blobs, name: str, folder: Path) -> None:
    try:
        data = _place(name, folder).read_bytes()
        place, complete = blobs.offset(name)
        if not complete:
            blobs.append(name, place, data[place:], len(data))
    except (OSError, BlobError) as bad:
        raise BackupError(f"a sealed file of the backup is missing or damaged: {name}: {bad}") from None
