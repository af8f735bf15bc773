"""The platform's record of what was refused, and of what people did. Never holds a person's data."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from sqlalchemy import Connection, insert

from kiosk.model.ids import new_id
from sync.hub.schema import audit


@dataclass(frozen=True)
class Entry:
    """``subject``: the terminal or the user that it is about."""

    subject: str
    kind: str
    detail: dict[str, str] = field(default_factory=dict)


def record(connection: Connection, at: str, *entries: Entry) -> None:
    """Add entries; inside the transaction of what they tell, or on their own."""
    if entries:
        rows = [
            {"subject": e.subject[:64], "id": new_id(), "at": at, "kind": e.kind, "detail": json.dumps(e.detail)}
            for e in entries
        ]
        connection.execute(insert(audit), rows)
