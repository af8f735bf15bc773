"""The platform's keys, as a terminal was told at enrolment and has heard since. In one file, public but not to be
changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from kiosk.durable import whole_or_not
from kiosk.model.clock import Clock, since_start
from kiosk.store.database import Store
from kiosk.store.receipt_counter import boot_id
from sync.protocol.canonical import unb64
from sync.protocol.case_file import PlatformKey
from sync.protocol.envelope import Acknowledgement
from sync.protocol.wire import EnrolAnswer, KeyNotice, KeySuccession

BUILT = datetime.fromisoformat("2026-11-01T00:00:00+00:00")
"""No clock of this program is earlier than its own making."""


def load_trust(path: Path) -> EnrolAnswer | None:
    """The platform's keys, or None where this terminal is not enrolled."""
    return EnrolAnswer.model_validate_json(path.read_bytes()) if path.exists() else None


def sealing_key(trust: EnrolAnswer) -> PlatformKey:
    return PlatformKey(trust.sealing.key_id, trust.sealing.suite, unb64(trust.sealing.public))


class PlatformTrust:
    """Whom the agent believes. It alone writes the file, and only what a key has signed that it believes already."""

    def __init__(self, path: Path, known: EnrolAnswer) -> None:
        """``known``: what is in the file at ``path``."""
        self._path, self.known = path, known

    def believes(self, word: Acknowledgement) -> bool:
        """Whether ``word`` is the platform's."""
        return self.known.believes(word)

    def hear(self, successions: Sequence[KeySuccession], notice: KeyNotice | None) -> None:
        """Take over the newer keys that a sign of life was answered with, as far as they are the platform's.

        What was sealed before stays as it is, and what was acknowledged before still counts: the platform keeps the
        older sealing keys, and the terminal the public halves of acknowledging keys that were not stolen.
        """
        known = self.known
        for succession in successions:
            known = _succeeded(known, succession)
        if notice is not None and _is_of(known, notice):
            known = known.model_copy(update={"sealing": notice.sealing})
        if known != self.known:
            save_trust(self._path, known)
            self.known = known


def _is_of(known: EnrolAnswer, notice: KeyNotice) -> bool:
    signer = known.acknowledging
    return notice.sealing.suite == known.sealing.suite and notice.verified(signer.suite, unb64(signer.public))


def _succeeded(known: EnrolAnswer, succession: KeySuccession) -> EnrolAnswer:
    """Only the present key names the next one: who has stolen an older one leads nobody away."""
    old, new = known.acknowledging, succession.acknowledging
    if new.suite != old.suite or not succession.verified(old):
        return known
    earlier = [key for key in (old, *known.earlier) if key.key_id not in succession.withdrawn]
    return known.model_copy(update={"acknowledging": new, "earlier": earlier})


def save_trust(path: Path, trust: EnrolAnswer) -> None:
    """Write it whole and durable, or not at all."""
    with whole_or_not(path) as part:
        part.write_text(trust.model_dump_json())


def remember_start(store: Store, started: datetime) -> None:
    """Keep when this machine was started, by the platform's clock."""
    boot, at = _start(store)
    if boot != boot_id() or at is None or abs(at - started) > timedelta(seconds=1):
        store.put("platform_start", f"{boot_id()} {started.isoformat()}")


def _start(store: Store) -> tuple[str, datetime | None]:
    boot, _space, at = store.get("platform_start").partition(" ")
    return boot, datetime.fromisoformat(at) if at else None


def expiry_time(store: Store, trust: EnrolAnswer, clock: Clock) -> datetime:
    """The time that decides whether published files have ended.

    It is the platform's, where the platform was heard since this machine was started: a clock that was set to 2038
    takes no service away. Else it is that of ``clock``, which is trusted time.
    """
    boot, at = _start(store)
    if boot != boot_id() or at is None:
        return clock.now()
    return max(at + since_start(), time_floor(store, trust))


def time_floor(store: Store, trust: EnrolAnswer) -> datetime:
    """The latest time that is certain: the program's making, the enrolment, the last signed acknowledgement."""
    signed = store.get("signed_time")
    times = [BUILT, datetime.fromisoformat(trust.platform_time)]
    return max([*times, datetime.fromisoformat(signed)] if signed else times)
