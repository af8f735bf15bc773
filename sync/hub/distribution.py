"""The tables spread over many PostgreSQL servers by Citus.

What belongs to one terminal lies on one server: its row, its cases with their events and openings, and its
quarantine. Feeds and their changes lie together by the feed's name. Small tables that everything needs are copied to
every server.
"""

from __future__ import annotations

from sqlalchemy import Table, UniqueConstraint

from sync.hub.schema import metadata

COLOCATED = dict.fromkeys(
    ("case_record", "case_count", "case_event", "handover", "named_blob", "opening", "quarantine"), "terminal"
)
"""Beside the table ``terminal``, by its column of the same name."""
COPIED = {
    "schema_version",
    "package",
    "published_metadata",
    "published_file",
    "console_user",
    "console_session",
    "enrolment_code",
}


def key_of(table: Table) -> str:
    """The distribution key: the first column of the primary key."""
    return str(next(iter(table.primary_key)).name)


def statements() -> list[str]:
    """What to run on the coordinator once the tables are made, in this order."""
    tables = {t.name: t for t in metadata.sorted_tables}
    made = [f"SELECT create_reference_table('{name}')" for name in sorted(COPIED)]
    made.append("SELECT create_distributed_table('terminal', 'terminal')")
    made += [_spread(name, column, "terminal") for name, column in sorted(COLOCATED.items())]
    made.append("SELECT create_distributed_table('feed', 'feed', colocate_with => 'none')")
    made.append(_spread("change", "feed", "feed"))
    for name in sorted(tables.keys() - COPIED - COLOCATED.keys() - {"terminal", "feed", "change"}):
        made.append(_spread(name, key_of(tables[name]), "none"))
    return made


def _spread(table: str, column: str, beside: str) -> str:
    return f"SELECT create_distributed_table('{table}', '{column}', colocate_with => '{beside}')"


def faults() -> list[str]:
    """What in the tables a spread database could not keep; empty: nothing."""
    found = []
    for table in metadata.sorted_tables:
        if not list(table.primary_key):
            found.append(f"{table.name} has no primary key")
            continue
        key = key_of(table)
        if table.name in COPIED:
            continue
        for column in table.columns:
            if column.autoincrement is True or (column.default is not None and column.default.is_sequence):
                found.append(f"{table.name}.{column.name} is drawn from a sequence")
            if column.unique:
                found.append(f"{table.name}.{column.name} is unique across servers")
            if column.foreign_keys:
                found.append(f"{table.name}.{column.name} points to another table")
        unique = [i for i in table.indexes if i.unique] + [
            c for c in table.constraints if isinstance(c, UniqueConstraint)
        ]
        found += [
            f"{table.name}: {u.name or 'a constraint'} is unique across servers"
            for u in unique
            if key not in {c.name for c in u.columns}
        ]
        if COLOCATED.get(table.name, key) != key:
            found.append(f"{table.name} is spread by {COLOCATED[table.name]}, its key begins with {key}")
    return found
