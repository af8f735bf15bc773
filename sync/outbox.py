"""Sends cases: files first, then the envelope; wipes only on the platform's signed word."""

from __future__ import annotations

import contextlib
import random
from collections import Counter, deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import datetime
from enum import StrEnum

import structlog
from pydantic import BaseModel

from kiosk.model.clock import Clock
from kiosk.store.cases import LONGEST_WAIT, CaseRepository, Outgoing
from kiosk.store.database import Store
from kiosk.store.pages import SealedFiles
from sync.client import UPLOADS, Altered, NoNetwork, NotAuthorised, PlatformClient, Rejected
from sync.protocol.envelope import Acknowledgement
from sync.protocol.wire import BatchAnswer, BlobGrant, Purpose, RecordAnswer, RecordBatch, RecordStatus, SignedRequest

log = structlog.get_logger()

BASE, CAP = 2.0, 900.0
BATCH = 20
"""Envelopes sent together at most."""
UNREADABLE = 10
"""Tries in a row, counted from the agent's start, after which a file that cannot be read, or does not arrive as it was
sent, is a matter for people. Tries that the network failed are none of them: after days without it there are many."""
BATCH_CHARACTERS = 200_000
"""Of wrapped keys, the largest part of an envelope: a batch stays below 256 kB or so."""


_Trouble = NoNetwork | NotAuthorised | Rejected | OSError | Altered


class Sent(StrEnum):
    """What became of one turn of the outbox."""

    NOTHING_DUE = "nothing_due"
    SENT = "sent"
    HELD = "held"
    LATER = "later"
    REFUSED = "refused"
    NO_NETWORK = "no_network"


Sign = Callable[[Purpose, BaseModel], SignedRequest]
"""Makes a request of this terminal. Raises NoNetwork where the platform's time cannot be learnt."""


def backoff(attempts: int, chance: random.Random, retry_after: float | None = None) -> float:
    """Seconds until the next try: full jitter, after what the platform asked for (within a day), never together."""
    spread = chance.uniform(0, min(CAP, BASE * 2 ** min(attempts, 20)))
    return min((retry_after or 0.0) + spread, LONGEST_WAIT)


class Outbox:
    """The only sender of cases. Never gives up on one and never drops one."""

    def __init__(
        self,
        store: Store,
        files: SealedFiles,
        client: PlatformClient,
        believes: Callable[[Acknowledgement], bool],
        sign: Sign,
        clock: Clock,
        chance: random.Random,
        abreast: Callable[[], int] | None = None,
    ) -> None:
        """``believes`` tells whether a word is the platform's; ``abreast``: how many cases' files may go at once."""
        self._store, self._files, self._client = store, files, client
        self._believes, self._sign = believes, sign
        self._clock, self._chance = clock, chance
        self.cases = CaseRepository(store, files)
        # Files that the platform has said to hold, of cases that are not settled: a next try need not ask for them.
        self._there: set[str] = set()
        self._file_failed: Counter[str] = Counter()
        self._abreast = abreast
        self._pool = ThreadPoolExecutor(UPLOADS, thread_name_prefix="upload")

    def send_next(self) -> Sent:
        """Send what is due, up to a batch: the files first, then the envelopes together.

        Where the network fails at a file, the cases whose files are there already are handed over all the same: on a
        bad line a whole batch of files in one go may never succeed.
        """
        now = self._clock.now().timestamp()
        ready: list[Outgoing] = []
        with contextlib.closing(self._uploads(self.cases.due(now, BATCH))) as uploads:
            for outgoing, bad in uploads:
                match bad:
                    case None:
                        self._file_failed.pop(outgoing.envelope.case_id, None)
                        ready.append(outgoing)
                        if sum(len(o.envelope.wrapped_key) for o in ready) > BATCH_CHARACTERS:
                            break
                    case NoNetwork():
                        self._put_off([outgoing], now, bad.retry_after)
                        if not ready or bad.retry_after:
                            return Sent.NO_NETWORK
                        break
                    case NotAuthorised():
                        log.error("file_not_taken", reason=bad.reason)
                        self._put_off([outgoing], now)
                        return Sent.REFUSED
                    case Altered() | OSError() if self._may_do_better(outgoing.envelope.case_id, bad):
                        self._put_off([outgoing], now)
                    case _:
                        # A file that is gone, or one that the platform does not take: people must look.
                        self._hold(outgoing, str(bad))
        if not ready:
            return Sent.NOTHING_DUE
        try:
            answers = self._deliver(ready)
        except NoNetwork as gone:
            self._put_off(ready, now, gone.retry_after)
            return Sent.NO_NETWORK
        except (NotAuthorised, Rejected) as bad:
            # Nothing is wrong with the cases: they wait until this terminal is heard again.
            log.error("batch_not_taken", reason=str(bad))
            self._put_off(ready, now)
            return Sent.REFUSED
        return self._settle(ready, answers, now)

    def _uploads(self, due: Sequence[Outgoing]) -> Generator[tuple[Outgoing, _Trouble | None]]:
        """Bring the files of each case to the platform; what went wrong, in their order.

        Who has seen enough closes the generator: what is on its way by then is waited for.
        """
        if self._abreast is None:
            yield from ((outgoing, self._send_files(outgoing)) for outgoing in due)
            return
        running: deque[tuple[Outgoing, Future[_Trouble | None]]] = deque()
        try:
            for outgoing in due:
                running.append((outgoing, self._pool.submit(self._send_files, outgoing)))
                while len(running) >= self._abreast():
                    first, came_to = running.popleft()
                    yield first, came_to.result()
            while running:
                first, came_to = running.popleft()
                yield first, came_to.result()
        finally:
            wait([came_to for _outgoing, came_to in running])

    def _send_files(self, outgoing: Outgoing) -> _Trouble | None:
        try:
            for blob in outgoing.envelope.blobs:
                if blob.digest not in self._there:
                    self._client.send_blob(blob.digest, self._files.path(outgoing.files[blob.id]), self._leave)
                    self._there.add(blob.digest)
        except (NoNetwork, NotAuthorised, Rejected, Altered, OSError) as bad:
            return bad
        return None

    def _leave(self, digest: str, size: int) -> SignedRequest:
        return self._sign(Purpose.BLOB, BlobGrant(digest=digest, size=size))

    def _deliver(self, ready: list[Outgoing]) -> list[RecordAnswer]:
        batch = RecordBatch(records=[o.envelope for o in ready])
        answer = self._client.post("/v1/records", self._sign(Purpose.RECORDS, batch), BatchAnswer)
        if len(answer.answers) != len(ready):
            raise NoNetwork("the answer is not of this protocol", fault="platform_portal")
        return answer.answers

    def _put_off(self, which: Sequence[Outgoing], now: float, retry_after: float | None = None) -> None:
        self.cases.put_off({o.envelope.case_id: now + backoff(o.attempts, self._chance, retry_after) for o in which})

    def _may_do_better(self, case_id: str, bad: Altered | OSError) -> bool:
        """Whether a case whose file failed is tried again: the line or the disk may do better, but not for ever."""
        self._file_failed[case_id] += 1
        return self._file_failed[case_id] <= UNREADABLE and not isinstance(bad, FileNotFoundError)

    def _hold(self, outgoing: Outgoing, reason: str) -> None:
        log.error("case_not_sent", case=outgoing.envelope.case_id, error=reason)
        self._file_failed.pop(outgoing.envelope.case_id, None)
        self.cases.hold(outgoing.envelope.case_id, reason, self._clock.now().isoformat())

    def _settle(self, ready: Sequence[Outgoing], answers: Sequence[RecordAnswer], now: float) -> Sent:
        """Act on the answers to a batch; what is done and what must wait in one transaction each."""
        words: list[Acknowledgement] = []
        later: list[Outgoing] = []
        held = False
        # Where the platform misses a file after all, it is asked for again.
        self._there.difference_update(b.digest for o in ready for b in o.envelope.blobs)
        for outgoing, answer in zip(ready, answers, strict=True):
            match answer.status:
                case RecordStatus.STORED | RecordStatus.DUPLICATE if word := self._genuine(outgoing, answer):
                    words.append(word)
                case RecordStatus.CONFLICT | RecordStatus.REFUSED:
                    self._hold(outgoing, answer.reason.value if answer.reason else answer.status.value)
                    held = True
                case _:
                    # "later", or an acknowledgement that the platform's key did not sign: not done.
                    later.append(outgoing)
        if words:
            self.cases.acknowledged(words, self._clock.now().isoformat(), self._latest(words))
        if later:
            self._put_off(later, now)
        return Sent.LATER if later else Sent.HELD if held else Sent.SENT

    def _genuine(self, outgoing: Outgoing, answer: RecordAnswer) -> Acknowledgement | None:
        """The platform's word on this very content, or None where it is not the platform's."""
        word, envelope = answer.acknowledgement, outgoing.envelope
        if word is None or (word.case_id, word.envelope) != (envelope.case_id, envelope.digest()):
            return None
        return word if self._believes(word) else None

    def _latest(self, words: Sequence[Acknowledgement]) -> str:
        """The latest of what is known and of the times in ``words``: a repeat brings the word of long ago, and trusted
        time never goes back."""
        known = self._store.get("signed_time")
        return max([*filter(None, [known]), *(w.received for w in words)], key=datetime.fromisoformat)
