"""The terminal that a run plays: keys, cases of an invented person, signed requests."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel

from kiosk.model.clock import Clock
from kiosk.model.ids import new_id, receipt_number
from sync.conformance.report import NotHeld
from sync.conformance.wire import Answer, Wire
from sync.protocol.canonical import b64, canonical, digest, unb64
from sync.protocol.case_file import CaseBody, PageInfo, PlatformKey, SealedCase, seal_case
from sync.protocol.envelope import Acknowledgement, Envelope, Stamp
from sync.protocol.suites import SealError, suite
from sync.protocol.wire import (
    BatchAnswer,
    ChainHead,
    EnrolAnswer,
    Heartbeat,
    Ping,
    Purpose,
    RecordAnswer,
    RecordBatch,
    RecordStatus,
    SignedRequest,
)

PERSON = {"kind": "resident", "name": "测试甲", "number": "990000199003070013", "birth": "1990-03-07"}
"""Nobody: there is no area 990000."""
PAPER = b"%PDF-1.7\n% an invented paper\n"


@dataclass(frozen=True)
class Case:
    """A sealed case: its envelope, and its files by digest."""

    envelope: Envelope
    files: dict[str, bytes]


class Terminal:
    """An enrolled terminal. ``epoch`` is that of its receipt numbers."""

    def __init__(self, wire: Wire, name: str, suite_name: str, trust: EnrolAnswer, private: bytes, clock: Clock):
        self.wire, self.name, self.suite = wire, name, suite_name
        self.trust, self._private, self._clock = trust, private, clock
        self.epoch = "C0DE"
        self.service, self.form_version = "residence-permit", "1"
        self._sequence = itertools.count(1)
        self.last: Envelope | None = None
        self.stored = 0
        self._asked_at = 0.0
        self._platform_time = clock.now()

    # time and requests

    def learn_time(self) -> None:
        """Ask the platform for its time. Raises NotHeld where it does not tell it."""
        said = self.wire.ask("GET", "/v1/ping").read(Ping).time
        try:
            self._platform_time = datetime.fromisoformat(said)
        except ValueError:
            raise NotHeld(f"/v1/ping tells no time: {said!r}") from None
        self._asked_at = self._clock.monotonic()

    def at(self, off: float = 0.0) -> str:
        """The platform's time now, ``off`` seconds beside it."""
        gone = self._clock.monotonic() - self._asked_at
        return (self._platform_time + timedelta(seconds=gone + off)).isoformat()

    def sign(self, purpose: Purpose, body: BaseModel, at: str = "") -> SignedRequest:
        return SignedRequest.make(self.suite, self.name, self._private, purpose, at or self.at(), body)

    def sign_text(self, purpose: Purpose, body: str) -> SignedRequest:
        """Over any text; a body that no model would make."""
        head = {"terminal": self.name, "purpose": purpose.value, "at": self.at()}
        signature = suite(self.suite).sign(self._private, canonical(head) + b"\n" + body.encode())
        return SignedRequest(terminal=self.name, purpose=purpose, at=head["at"], body=body, signature=b64(signature))

    # blobs

    def leave(self, name: str, size: int) -> str:
        """What lets this terminal upload a blob."""
        # Not by the model: also what it would not let through.
        body = canonical({"digest": name, "size": size}).decode()
        return self.sign_text(Purpose.BLOB, body).as_header()

    def piece(self, name: str, offset: int | str, data: bytes, total: int | str, leave: str | None = None) -> Answer:
        """Bytes of a blob."""
        if leave is None:
            leave = self.leave(name, int(total) if str(total).isdigit() else 1)
        headers = {"Upload_Offset": str(offset), "Upload_Length": str(total), "Authorization": leave}
        return self.wire.ask("PATCH", f"/v1/blobs/{name}", data, **headers)

    # cases

    def seal(
        self, case_id: str = "", terminal: str = "", previous: str | None = None, sequence: int = 0, **extra: Any
    ) -> Case:
        """A case that nobody has sent; ``extra`` are fields of a later version."""
        case_id, terminal = case_id or new_id(), terminal or self.name
        crypto = suite(self.trust.sealing.suite)
        body = CaseBody(
            case_id=case_id,
            receipt="",
            service=self.service,
            form_version=self.form_version,
            language="zh",
            captured=self.at(),
            identity=PERSON,
            answers={"note": "conformance"},
            pages=[PageInfo(id="p1", material="paper", width=1, height=1, digest=digest(PAPER, crypto.digest_name))],
        )
        sequence = sequence or next(self._sequence)
        receipt = receipt_number(self.name, self.epoch, sequence)
        key = self.trust.sealing
        target = PlatformKey(key.key_id, key.suite, unb64(key.public))
        try:
            made: SealedCase = seal_case(
                body.model_copy(update={"receipt": receipt}), {"paper": PAPER}, terminal, target
            )
        except (SealError, ValueError) as bad:
            raise NotHeld(f"nothing can be sealed to the platform's key: {bad}") from None
        before = self.last.digest() if self.last else ""
        envelope = Envelope(
            suite=key.suite,
            key_id=key.key_id,
            terminal=terminal,
            case_id=case_id,
            receipt=receipt,
            service=body.service,
            form_version=body.form_version,
            stamp=Stamp(raw=self.at(), trusted=self.at(), epoch=self.epoch, sequence=sequence),
            previous=before if previous is None else previous,
            wrapped_key=b64(made.wrapped_key),
            blobs=made.blobs,
        )
        envelope = self.signed(Envelope.model_validate(envelope.model_dump() | extra))
        if terminal == self.name:
            self.last = envelope
        return Case(envelope, {blob.digest: made.files[blob.id] for blob in made.blobs})

    def signed(self, envelope: Envelope) -> Envelope:
        return envelope.signed(self._private)

    def bring(self, case: Case) -> None:
        """Bring the files of a case. Raises NotHeld where the platform does not take them."""
        for name, data in case.files.items():
            if not self.wire.progress(name)[1]:
                _offset, complete = self.piece(name, 0, data, len(data)).must_be(204).offset
                if not complete:
                    raise NotHeld("a blob is not complete although all its bytes are there")

    def hand_in(self, *envelopes: Envelope) -> list[RecordAnswer]:
        """What the platform answers to a batch. Raises NotHeld where it is not one answer for each record."""
        answers = self.send(*envelopes).read(BatchAnswer).answers
        if len(answers) != len(envelopes):
            raise NotHeld(f"{len(envelopes)} records, {len(answers)} answers")
        self.stored += sum(a.status == RecordStatus.STORED for a in answers)
        return answers

    def send(self, *envelopes: Envelope) -> Answer:
        return self.wire.ask("POST", "/v1/records", self.sign(Purpose.RECORDS, RecordBatch(records=list(envelopes))))

    def deliver(self, case: Case) -> Acknowledgement:
        """Bring a case whole. Raises NotHeld unless it is stored with a word that holds."""
        self.bring(case)
        [answer] = self.hand_in(case.envelope)
        if answer.status != RecordStatus.STORED:
            raise NotHeld(f"a whole case is {answer.status.value} ({answer.reason}), not stored")
        return self.word(answer, case.envelope)

    def word(self, answer: RecordAnswer, envelope: Envelope) -> Acknowledgement:
        """The acknowledgement in ``answer``. Raises NotHeld where it is missing, for something else, or not signed."""
        word = answer.acknowledgement
        if word is None:
            raise NotHeld(f"{answer.status.value} without an acknowledgement")
        if (word.case_id, word.envelope) != (envelope.case_id, envelope.digest()):
            raise NotHeld("the acknowledgement is for another case or another content")
        if not self.believes(word):
            raise NotHeld("the acknowledgement does not verify with the key told at enrolment")
        return word

    def believes(self, word: Acknowledgement) -> bool:
        return self.trust.believes(word)

    # signs of life

    def head(self) -> ChainHead:
        """The end of the chain, as a terminal tells it that has sent everything."""
        if self.last is None:
            return ChainHead(epoch=self.epoch, sequence=0, envelope="")
        return ChainHead(epoch=self.epoch, sequence=self.last.stamp.sequence, envelope=self.last.digest())

    def beat(self, **told: Any) -> Answer:
        beat = Heartbeat(version="conformance", key_id=self.trust.sealing.key_id, **told)
        return self.wire.ask("POST", "/v1/heartbeat", self.sign(Purpose.HEARTBEAT, beat))
