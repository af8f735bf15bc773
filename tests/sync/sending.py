"""Cases of a terminal at the platform's door, and what the platform has written down of them."""

from __future__ import annotations

import json

from sqlalchemy import select

from sync.hub.schema import audit
from sync.hub.services import Platform
from sync.hub.vault import Reader
from sync.protocol.envelope import Envelope
from sync.protocol.wire import BatchAnswer, Purpose, RecordBatch
from tests.sync.conftest import Terminal

CHECK = Reader("tester", "check")


def sealed(terminal: Terminal) -> Envelope:
    """A case of the terminal whose files are at the platform, and that is not sent yet."""
    case_id = terminal.submit()
    [outgoing] = [o for o in terminal.cases.due(terminal.clock.now().timestamp(), 100) if o.envelope.case_id == case_id]
    terminal.outbox._send_files(outgoing)
    return outgoing.envelope


def sent(terminal: Terminal, platform: Platform, *envelopes: Envelope) -> BatchAnswer:
    request = terminal.sign(Purpose.RECORDS, RecordBatch(records=list(envelopes)))
    [answer] = platform.door.records([request])
    assert isinstance(answer, BatchAnswer)
    return answer


def rows(platform: Platform, query: object) -> list[dict[str, object]]:
    with platform.engine.connect() as connection:
        return [dict(r) for r in connection.execute(query).mappings()]  # type: ignore[call-overload]


def refusals(platform: Platform) -> list[str]:
    return [json.loads(str(r["detail"]))["why"] for r in rows(platform, select(audit)) if "refused" in str(r["kind"])]
