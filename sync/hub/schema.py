"""Tables of the platform (SQLAlchemy Core). What is a person's stays inside sealed blobs."""

from __future__ import annotations

from sqlalchemy import Column, Float, ForeignKey, Integer, MetaData, String, Table, Text

metadata = MetaData()

terminals = Table(
    "terminal",
    metadata,
    Column("terminal", String(64), primary_key=True),
    Column("suite", String(16), nullable=False),
    Column("public_key", Text, nullable=False),
    Column("enrolled", String(40), nullable=False),
    Column("last_contact", String(40), nullable=False, default=""),
    Column("backlog", Integer, nullable=False, default=0),
    Column("faults", Text, nullable=False, default="[]"),
)

enrolment_codes = Table("enrolment_code", metadata, Column("code_digest", String(80), primary_key=True))

cases = Table(
    "case_record",
    metadata,
    # The key that makes a repeat harmless for ever, in the same transaction as its effect.
    Column("terminal", String(64), ForeignKey("terminal.terminal"), primary_key=True),
    Column("case_id", String(64), primary_key=True),
    Column("envelope_digest", String(80), nullable=False),
    Column("envelope", Text, nullable=False),
    Column("receipt", String(64), nullable=False, index=True),
    Column("service", String(64), nullable=False),
    Column("received", String(40), nullable=False, index=True),
    Column("state", String(16), nullable=False),
    Column("findings", Text, nullable=False, default="[]"),
    Column("acknowledgement", Text, nullable=False),
)

conflicts = Table(
    "conflict",
    metadata,
    Column("terminal", String(64), primary_key=True),
    Column("case_id", String(64), primary_key=True),
    Column("envelope_digest", String(80), primary_key=True),
    Column("envelope", Text, nullable=False),
    Column("received", String(40), nullable=False),
)

ratings = Table(
    "rating",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("service", String(64), nullable=False),
    Column("level", Integer, nullable=False),
    Column("reasons", Text, nullable=False),
    Column("half_day", String(16), nullable=False),
)

users = Table(
    "console_user",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("password", Text, nullable=False),
)

sessions = Table(
    "console_session",
    metadata,
    Column("token_digest", String(80), primary_key=True),
    Column("user", String(64), nullable=False),
    Column("expires", Float, nullable=False),
)

openings = Table(
    "opening",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", String(40), nullable=False),
    Column("user", String(64), nullable=False),
    Column("case_id", String(64), nullable=False),
    Column("reason", Text, nullable=False),
)
