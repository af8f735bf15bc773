"""What a terminal was told at enrolment: the platform's keys. Kept in one file, public but not to be changed."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from kiosk.store.database import Store
from sync.protocol.canonical import unb64
from sync.protocol.case_file import PlatformKey
from sync.protocol.wire import EnrolAnswer

BUILT = datetime.fromisoformat("2026-11-01T00:00:00+00:00")
"""No clock of this program is earlier than its own making."""


def load_trust(path: Path) -> EnrolAnswer | None:
    """The platform's keys, or None where this terminal is not enrolled."""
    return EnrolAnswer.model_validate_json(path.read_bytes()) if path.exists() else None


def sealing_key(trust: EnrolAnswer) -> PlatformKey:
    return PlatformKey(trust.sealing.key_id, trust.sealing.suite, unb64(trust.sealing.public))


def time_floor(store: Store, trust: EnrolAnswer) -> datetime:
    """The latest time that is certain: the program's making, the enrolment, the last signed acknowledgement."""
    signed = store.get("signed_time")
    times = [BUILT, datetime.fromisoformat(trust.platform_time)]
    return max([*times, datetime.fromisoformat(signed)] if signed else times)
