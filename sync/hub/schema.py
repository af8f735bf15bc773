"""Tables of the platform (SQLAlchemy Core). What is a person's stays inside sealed blobs.

Every table has a distribution key, the first column of its primary key, so that the database can be spread over
many servers (``sync.hub.distribution``): nothing is unique across them, and no number of a sequence is a cursor.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, LargeBinary, MetaData, String, Table, Text

metadata = MetaData()

VERSION = 4
"""Of these tables."""

versions = Table("schema_version", metadata, Column("version", Integer, primary_key=True))

terminals = Table(
    "terminal",
    metadata,
    Column("terminal", String(64), primary_key=True),
    Column("suite", String(16), nullable=False),
    Column("public_key", Text, nullable=False),
    # Keys that this name had before: what was signed with them is still evidence.
    Column("old_keys", Text, nullable=False, default="[]"),
    Column("enrolled", String(40), nullable=False),
    Column("revoked", String(40), nullable=False, default=""),
    Column("version", String(32), nullable=False, default=""),
    Column("last_contact", String(40), nullable=False, default="", index=True),
    # The time that the last sign of life carried: one that is not later is a repeat.
    Column("last_at", String(40), nullable=False, default=""),
    Column("backlog", Integer, nullable=False, default=0),
    Column("held", Integer, nullable=False, default=0),
    Column("oldest", String(40), nullable=False, default=""),
    Column("free_bytes", BigInteger, nullable=False, default=0),
    Column("faults", Text, nullable=False, default="[]"),
    Column("calls", Integer, nullable=False, default=0),
    # Since when somebody waits for help at it; empty: nobody does.
    Column("called", String(40), nullable=False, default=""),
    Column("chain", String(16), nullable=False, default="whole"),
    # Counted with each record, in the same transaction: what a terminal's own count is compared with.
    Column("records", Integer, nullable=False, default=0),
    Column("last_sequence", Integer, nullable=False, default=0),
)

enrolment_codes = Table(
    "enrolment_code",
    metadata,
    Column("code_digest", String(80), primary_key=True),
    Column("expires", Float, nullable=False),
    # The terminal whose place the new one takes; empty: a new name.
    Column("replaces", String(64), nullable=False, default=""),
)

packages = Table(
    "package",
    metadata,
    Column("service", String(64), primary_key=True),
    Column("version", String(32), primary_key=True),
    Column("content", Text, nullable=False),
)

published_metadata = Table(
    "published_metadata",
    metadata,
    Column("role", String(16), primary_key=True),
    Column("version", BigInteger, primary_key=True),
    Column("content", LargeBinary, nullable=False),
)

published_files = Table(
    "published_file",
    metadata,
    # Its path, with its digest before its own name.
    Column("name", String(200), primary_key=True),
    Column("content", LargeBinary, nullable=False),
)

cases = Table(
    "case_record",
    metadata,
    # The key that makes a repeat harmless for ever, in the same transaction as its effect.
    Column("terminal", String(64), primary_key=True),
    Column("case_id", String(64), primary_key=True),
    Column("envelope_digest", String(80), nullable=False),
    Column("envelope", Text, nullable=False),
    Column("receipt", String(64), nullable=False, index=True),
    Column("service", String(64), nullable=False),
    Column("received", String(40), nullable=False),
    Column("epoch", String(16), nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("previous", String(80), nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", String(32), nullable=False, default=""),
    Column("findings", Text, nullable=False, default="[]"),
    Column("acknowledgement", Text, nullable=False),
    # The case's data key under the platform's own key, once the case has been opened.
    Column("kept_key_id", String(32), nullable=False, default=""),
    Column("kept_key", LargeBinary),
    Column("attempts", Integer, nullable=False, default=0),
    Column("lease", Float, nullable=False, default=0.0),
    # Without "terminal" first these two serve one server's share each.
    # The worker takes up the oldest of a state; the console lists the newest.
    Index("case_record_open", "state", "received", "case_id"),
    Index("case_record_previous", "terminal", "previous"),
    # The console's list: newest first, from wherever the last page ended; and the same of one terminal.
    Index("case_record_received", "received", "case_id"),
    Index("case_record_of_terminal", "terminal", "received"),
)

events = Table(
    "case_event",
    metadata,
    Column("terminal", String(64), primary_key=True),
    Column("case_id", String(64), primary_key=True),
    Column("id", String(40), primary_key=True),
    Column("at", String(40), nullable=False),
    Column("state", String(16), nullable=False),
    Column("by", String(64), nullable=False),
    Column("note", String(200), nullable=False, default=""),
)

case_counts = Table(
    "case_count",
    metadata,
    # Changed with each case that moves (``sync.hub.counts``); those in the state "stored" are not among them.
    Column("terminal", String(64), primary_key=True),
    Column("state", String(16), primary_key=True),
    Column("count", Integer, nullable=False),
)

named_blobs = Table(
    "named_blob",
    metadata,
    # Written when a case leaves the state "stored": which sealed files are not left over.
    Column("terminal", String(64), primary_key=True),
    Column("digest", String(80), primary_key=True, index=True),
)

handovers = Table(
    "handover",
    metadata,
    Column("terminal", String(64), primary_key=True),
    Column("case_id", String(64), primary_key=True),
    Column("service", String(64), nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("next_at", Float, nullable=False),
    # What the department has decided, and its own number; empty: it has not.
    Column("done", String(16), nullable=False, default=""),
    Column("number", String(64), nullable=False, default=""),
    Column("note", String(200), nullable=False, default=""),
    Index("handover_due", "service", "done", "next_at"),
)

quarantine = Table(
    "quarantine",
    metadata,
    # What could not become a case: another content under a known id, or no envelope at all.
    Column("terminal", String(64), primary_key=True),
    Column("content_digest", String(80), primary_key=True),
    Column("case_id", String(64), nullable=False, default=""),
    Column("reason", String(32), nullable=False),
    Column("content", Text, nullable=False),
    Column("received", String(40), nullable=False),
    Column("settled", String(40), nullable=False, default=""),
    Column("note", String(200), nullable=False, default=""),
)

feeds = Table(
    "feed",
    metadata,
    Column("feed", String(80), primary_key=True),
    Column("last", BigInteger, nullable=False),
)

changes = Table(
    "change",
    metadata,
    Column("feed", String(80), primary_key=True),
    Column("number", BigInteger, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("subject", String(64), nullable=False),
    Column("at", String(40), nullable=False),
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
    Column("role", String(16), nullable=False, default="clerk"),
    Column("locked", Boolean, nullable=False, default=False),
    # The password was given by somebody else: its owner chooses another before anything else.
    Column("must_change", Boolean, nullable=False, default=False),
)

login_failures = Table(
    "login_failure",
    metadata,
    # Whatever was typed as a name, known or not, so that nobody learns from it which names there are.
    Column("name", String(64), primary_key=True),
    # Where it was typed, or ``*`` for everywhere.
    Column("address", String(64), primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("until", Float, nullable=False),
    # When the right password was given there the last time; 0: never.
    Column("known", Float, nullable=False, default=0.0),
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
    Column("terminal", String(64), primary_key=True),
    Column("case_id", String(64), primary_key=True),
    Column("id", String(40), primary_key=True),
    Column("at", String(40), nullable=False, index=True),
    Column("user", String(64), nullable=False),
    Column("reason", Text, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    # Of whom it tells: a terminal's name, or a user's.
    Column("subject", String(64), primary_key=True),
    Column("id", String(40), primary_key=True),
    Column("at", String(40), nullable=False, index=True),
    Column("kind", String(32), nullable=False),
    Column("detail", Text, nullable=False),
)
