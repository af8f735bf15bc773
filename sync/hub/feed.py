"""Feeds of changes without gaps, whatever the order in which transactions commit.

A number is drawn from the feed's own row inside the transaction that writes the change. The row stays locked until
that transaction has ended, so the next number is drawn only when all lower ones can be read: who has read up to a
number has missed none. No sequence is involved; each feed lives on one server of a spread database.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, insert, select

from sync.hub.database import insert_new
from sync.hub.schema import changes, feeds

FAR = 1_000_000_000
"""More changes than one feed ever has."""


@dataclass(frozen=True)
class Change:
    """``subject`` (a case) is now ``kind``."""

    number: int
    kind: str
    subject: str
    at: str


@dataclass(frozen=True)
class Slice:
    """Changes after a cursor, and the cursor behind them. ``reset``: the cursor asked for is not of this feed."""

    changes: list[Change]
    cursor: int
    more: bool = False
    reset: bool = False


def of_terminal(terminal: str) -> str:
    """The feed that a terminal follows."""
    return f"terminal:{terminal}"


def append(connection: Connection, feed: str, entries: Sequence[tuple[str, str]], at: str) -> None:
    """Add ``(kind, subject)`` entries; inside the transaction of what they tell."""
    if not entries:
        return
    draw = (
        insert_new(connection, feeds)
        .values(feed=feed, last=len(entries))
        .on_conflict_do_update(index_elements=[feeds.c.feed], set_={"last": feeds.c.last + len(entries)})
        .returning(feeds.c.last)
    )
    last = int(connection.execute(draw).scalar_one())
    first = last - len(entries) + 1
    rows = [
        {"feed": feed, "number": number, "kind": kind, "subject": subject, "at": at}
        for number, (kind, subject) in enumerate(entries, start=first)
    ]
    connection.execute(insert(changes), rows)


def since(connection: Connection, feed: str, cursor: int, most: int) -> Slice:
    """Up to ``most`` changes after ``cursor``. A cursor ahead of the feed, or behind what is kept, is reset."""
    last = int(connection.scalar(select(feeds.c.last).where(feeds.c.feed == feed)) or 0)
    if cursor == last:
        return Slice([], last)
    first = connection.scalar(select(func.min(changes.c.number)).where(changes.c.feed == feed))
    if cursor > last or first is None or cursor < first - 1:
        return Slice([], last, reset=True)
    query = (
        select(changes.c.number, changes.c.kind, changes.c.subject, changes.c.at)
        .where(changes.c.feed == feed, changes.c.number > cursor)
        .order_by(changes.c.number)
        .limit(most)
    )
    found = [Change(*row) for row in connection.execute(query)]
    end = found[-1].number if found else last
    return Slice(found, end, more=end < last)


def begin_anew(connection: Connection, names: Sequence[str]) -> None:
    """Without their changes, and further on than any cursor that a reader may have: each reader is reset."""
    connection.execute(changes.delete())
    for name in names:
        draw = insert_new(connection, feeds).values(feed=name, last=FAR)
        connection.execute(draw.on_conflict_do_update(index_elements=[feeds.c.feed], set_={"last": feeds.c.last + FAR}))


def forget(connection: Connection, before: str) -> int:
    """Drop changes made before ``before`` (ISO 8601); a reader that far behind is reset. Returns how many."""
    # The newest of each feed stays, so that its horizon is known.
    kept = select(feeds.c.last).where(feeds.c.feed == changes.c.feed).scalar_subquery()
    return connection.execute(changes.delete().where(changes.c.at < before, changes.c.number < kept)).rowcount
