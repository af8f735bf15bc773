"""How many cases are in each state, without counting them all.

Each terminal has a row for each state, changed in the transaction that moves a case. The rows of one terminal lie with
its cases, and no two terminals wait for each other. Cases that are still to be opened are few, and counted: ingest
writes nothing here.
"""

from __future__ import annotations

from collections import Counter

from sqlalchemy import Connection, func, select

from sync.hub.database import insert_new
from sync.hub.schema import case_counts, cases

UNCOUNTED = "stored"

Moves = Counter[tuple[str, str]]
"""By terminal and state: how many cases came to it, less those that left it."""


def moved(connection: Connection, moves: Moves) -> None:
    """Count ``moves``; inside the transaction that makes them."""
    c = case_counts.c
    # In the order of names, so that two processes never wait for each other crosswise.
    for (terminal, state), change in sorted(moves.items()):
        if state != UNCOUNTED and change:
            row = insert_new(connection, case_counts).values(terminal=terminal, state=state, count=change)
            more = {"count": c["count"] + change}
            connection.execute(row.on_conflict_do_update(index_elements=[c.terminal, c.state], set_=more))


def by_state(connection: Connection) -> dict[str, int]:
    """The number of cases in each state that any has been in."""
    c = case_counts.c
    counted = connection.execute(select(c.state, func.sum(c["count"])).group_by(c.state))
    found = {state: int(count) for state, count in counted}
    fresh = select(func.count()).select_from(cases).where(cases.c.state == UNCOUNTED)
    return found | {UNCOUNTED: int(connection.scalar(fresh) or 0)}
