"""What a terminal was told at enrolment: the platform's keys. Kept in one file, public but not to be changed."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from kiosk.durable import whole_or_not
from kiosk.store.database import Store
from sync.protocol.canonical import unb64
from sync.protocol.case_file import PlatformKey
from sync.protocol.wire import EnrolAnswer, KeyNotice

BUILT = datetime.fromisoformat("2026-11-01T00:00:00+00:00")
"""No clock of this program is earlier than its own making."""


def load_trust(path: Path) -> EnrolAnswer | None:
    """The platform's keys, or None where this terminal is not enrolled."""
    return EnrolAnswer.model_validate_json(path.read_bytes()) if path.exists() else None


def sealing_key(trust: EnrolAnswer) -> PlatformKey:
    return PlatformKey(trust.sealing.key_id, trust.sealing.suite, unb64(trust.sealing.public))


def take_over(path: Path, notice: KeyNotice) -> bool:
    """Seal to the platform's newer key from now on.

    False, and nothing changed, where the platform did not sign it, or where it is of another suite than before.
    What was sealed before stays as it is: the platform keeps the older key.
    """
    trust = load_trust(path)
    if trust is None or notice.sealing.suite != trust.sealing.suite:
        return False
    if not notice.verified(trust.acknowledging.suite, unb64(trust.acknowledging.public)):
        return False
    save_trust(path, trust.model_copy(update={"sealing": notice.sealing}))
    return True


def save_trust(path: Path, trust: EnrolAnswer) -> None:
    """Write it whole and durable, or not at all."""
    with whole_or_not(path) as part:
        part.write_text(trust.model_dump_json())


def time_floor(store: Store, trust: EnrolAnswer) -> datetime:
    """The latest time that is certain: the program's making, the enrolment, the last signed acknowledgement."""
    signed = store.get("signed_time")
    times = [BUILT, datetime.fromisoformat(trust.platform_time)]
    return max([*times, datetime.fromisoformat(signed)] if signed else times)
