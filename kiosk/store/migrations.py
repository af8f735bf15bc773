"""The schema, one step after another. A step that has been released is never changed."""

from __future__ import annotations

STEPS: list[str] = [
    """
    CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;

    -- One line a case, kept after the case has gone: number, service, state. Nothing of a person.
    CREATE TABLE case_line (
        case_id     TEXT PRIMARY KEY,
        receipt     TEXT NOT NULL UNIQUE,
        service     TEXT NOT NULL,
        created     TEXT NOT NULL,
        state       TEXT NOT NULL CHECK (state IN ('queued', 'stored', 'closed', 'refused')),
        person_tag  BLOB,
        envelope_digest TEXT NOT NULL,
        acknowledgement TEXT
    ) STRICT;
    CREATE INDEX case_line_open ON case_line (service, person_tag) WHERE state IN ('queued', 'stored');

    CREATE TABLE sealed_file (
        case_id TEXT NOT NULL REFERENCES case_line,
        blob_id TEXT NOT NULL,
        digest  TEXT NOT NULL,
        size    INTEGER NOT NULL,
        name    TEXT NOT NULL,
        PRIMARY KEY (case_id, blob_id)
    ) STRICT, WITHOUT ROWID;

    -- The envelope holds the wrapped key; deleting the row (secure_delete is on) is the wipe.
    CREATE TABLE outbox (
        case_id   TEXT PRIMARY KEY REFERENCES case_line,
        sequence  INTEGER NOT NULL UNIQUE,
        envelope  TEXT NOT NULL,
        attempts  INTEGER NOT NULL DEFAULT 0,
        next_at   REAL NOT NULL DEFAULT 0,
        held      TEXT
    ) STRICT;

    -- No row number and no sequence: the order in which ratings were given is not kept.
    CREATE TABLE rating (id TEXT PRIMARY KEY, record TEXT NOT NULL) STRICT, WITHOUT ROWID;

    CREATE TABLE print_job (
        job     TEXT PRIMARY KEY,
        case_id TEXT NOT NULL,
        copy    INTEGER NOT NULL,
        state   TEXT NOT NULL,
        updated TEXT NOT NULL
    ) STRICT;

    CREATE TABLE audit (
        sequence INTEGER PRIMARY KEY,
        at       TEXT NOT NULL,
        kind     TEXT NOT NULL,
        detail   TEXT NOT NULL,
        previous TEXT NOT NULL,
        digest   TEXT NOT NULL
    ) STRICT;
    """,
]

VERSION = len(STEPS)
