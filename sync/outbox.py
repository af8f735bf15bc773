"""Sends cases: files first, then the envelope; wipes only on the platform's signed word."""

from __future__ import annotations

import random
from enum import StrEnum

import structlog

from kiosk.model.clock import Clock
from kiosk.store.cases import LONGEST_WAIT, CaseRepository, Outgoing
from kiosk.store.database import Store
from kiosk.store.pages import SealedFiles
from sync.client import NoNetwork, PlatformClient, Rejected
from sync.protocol.envelope import Acknowledgement
from sync.protocol.wire import RecordAnswer, RecordStatus

log = structlog.get_logger()

BASE, CAP = 2.0, 900.0


class Sent(StrEnum):
    """What became of one turn of the outbox."""

    NOTHING_DUE = "nothing_due"
    SENT = "sent"
    HELD = "held"
    LATER = "later"
    NO_NETWORK = "no_network"


def backoff(attempts: int, chance: random.Random, retry_after: float | None = None) -> float:
    """Seconds until the next try: full jitter, and never sooner than the platform asked for, within a day."""
    return max(min(retry_after or 0.0, LONGEST_WAIT), chance.uniform(0, min(CAP, BASE * 2 ** min(attempts, 20))))


class Outbox:
    """The only sender of cases. Never gives up on one and never drops one."""

    def __init__(
        self,
        store: Store,
        files: SealedFiles,
        client: PlatformClient,
        acknowledging_key: bytes,
        clock: Clock,
        chance: random.Random,
    ) -> None:
        self._store, self._files, self._client = store, files, client
        self._key = acknowledging_key
        self._clock, self._chance = clock, chance
        self.cases = CaseRepository(store, files)

    def send_next(self) -> Sent:
        """Send one case that is due."""
        now = self._clock.now().timestamp()
        outgoing = self.cases.due(now)
        if outgoing is None:
            return Sent.NOTHING_DUE
        case_id = outgoing.envelope.case_id
        try:
            answer = self._deliver(outgoing)
        except NoNetwork as gone:
            self.cases.put_off(case_id, now + backoff(outgoing.attempts, self._chance, gone.retry_after))
            return Sent.NO_NETWORK
        except (Rejected, OSError) as bad:
            # A file that cannot be read, or a request that is no request to this platform: people must look.
            log.error("case_not_sent", case=case_id, error=str(bad))
            self.cases.hold(case_id, str(bad), self._clock.now().isoformat())
            return Sent.HELD
        return self._settle(outgoing, answer, now)

    def _deliver(self, outgoing: Outgoing) -> RecordAnswer:
        for blob in outgoing.envelope.blobs:
            self._client.send_blob(blob.digest, self._files.path(outgoing.files[blob.id]))
        return self._client.post("/v1/cases", outgoing.envelope, RecordAnswer)

    def _settle(self, outgoing: Outgoing, answer: RecordAnswer, now: float) -> Sent:
        case_id = outgoing.envelope.case_id
        match answer.status:
            case RecordStatus.STORED | RecordStatus.DUPLICATE if self._genuine(outgoing, answer.acknowledgement):
                assert answer.acknowledgement is not None
                self._store.put("signed_time", answer.acknowledgement.received)
                self.cases.acknowledged(answer.acknowledgement, self._clock.now().isoformat())
                return Sent.SENT
            case RecordStatus.CONFLICT | RecordStatus.REFUSED:
                reason = answer.reason.value if answer.reason else answer.status.value
                self.cases.hold(case_id, reason, self._clock.now().isoformat())
                return Sent.HELD
            case _:
                # "later", or an acknowledgement that the platform's key did not sign: not done.
                self.cases.put_off(case_id, now + backoff(outgoing.attempts, self._chance))
                return Sent.LATER

    def _genuine(self, outgoing: Outgoing, acknowledgement: Acknowledgement | None) -> bool:
        return (
            acknowledgement is not None
            and acknowledgement.verified(self._key)
            and acknowledgement.case_id == outgoing.envelope.case_id
            and acknowledgement.envelope == outgoing.envelope.digest()
        )
