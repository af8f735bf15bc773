"""What must hold once everything has arrived: each case is there once, whole, with its own content and number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select

from sync.hub.schema import cases, quarantine
from sync.hub.services import Platform
from sync.protocol.case_file import CaseOpener
from sync.protocol.envelope import Envelope
from sync.protocol.suites import SealError
from tests.fleet.terminal import Kiosk


def at_platform(platform: Platform) -> set[str]:
    """The cases that are there."""
    with platform.engine.connect() as connection:
        return {r.case_id for r in connection.execute(select(cases.c.case_id))}


def problems(platform: Platform, kiosks: Sequence[Kiosk], gone_with_disk: set[str]) -> list[str]:
    """What is wrong; empty: nothing."""
    found: list[str] = []
    platform.worker.work_off()
    with platform.engine.connect() as connection:
        rows = connection.execute(select(cases)).mappings().all()
        apart = connection.scalar(select(func.count()).select_from(quarantine)) or 0
    arrived = Counter(r["case_id"] for r in rows)
    known: dict[str, bytes] = {}
    for kiosk in kiosks:
        known |= kiosk.handed_in
        held = kiosk.cases.held()
        if held:
            found.append(f"{kiosk.name}: {held} set aside, and nothing is wrong with them")
    found += [f"lost: {c}" for c in known if c not in arrived and c not in gone_with_disk]
    found += [f"doubled: {c}" for c, count in arrived.items() if count > 1]
    found += [f"from nowhere: {c}" for c in arrived if c not in known]
    numbers = Counter(r["receipt"] for r in rows)
    found += [f"one number for {count} cases: {n}" for n, count in numbers.items() if count > 1]
    if apart:
        found.append(f"{apart} contents under an id that had another one")
    found += [f"{r['state']}: {r['case_id']} {r['findings']}" for r in rows if r["state"] != "accepted"]
    found += [wrong for r in rows if (wrong := _unreadable(platform, r, known))]
    return found


def _unreadable(platform: Platform, row: Any, known: dict[str, bytes]) -> str:
    envelope, keeping = Envelope.model_validate_json(row["envelope"]), platform.keys.keeping[0]
    try:
        opener = CaseOpener.keeping(envelope, row["kept_key"] or b"", keeping.suite, keeping.secret)
        body, *papers = [(b.id, platform.blobs.read(b.digest)) for b in envelope.blobs]
        opener.body(body[1])
        contents = [opener.document(name, sealed) for name, sealed in papers]
    except (SealError, OSError) as bad:
        return f"torn: {row['case_id']}: {bad}"
    case_id = row["case_id"]
    return "" if contents == [known.get(case_id, contents[0])] else f"another content: {case_id}"
