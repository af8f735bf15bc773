"""Bodies of requests and answers between terminal and platform (protocol version 1)."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sync.protocol.canonical import b64, canonical, unb64
from sync.protocol.envelope import MAX_BLOB, MAX_SEQUENCE, Acknowledgement, BlobDigest, Envelope, Name, Printable
from sync.protocol.suites import SUITES, SealError, suite

SCHEME = "Bianmin"
"""Of the header ``Authorization``."""
MAX_BODY = 4_000_000
"""Bytes of a request."""
MAX_RECORDS = 100
"""Envelopes in one batch."""
MAX_ROOT = 128_000
"""Bytes of the metadata root of published files."""


class RecordStatus(StrEnum):
    """What the platform did with a record. ``stored`` and ``duplicate`` mean durable, and come with an
    acknowledgement; ``later`` is not done, ``conflict`` and ``refused`` need people."""

    STORED = "stored"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    REFUSED = "refused"
    LATER = "later"


class Refusal(StrEnum):
    """Why a record or a request is refused or put off. A later version may add reasons; they are read as ``other``."""

    BAD_ENVELOPE = "bad_envelope"
    ANOTHER_TERMINAL = "another_terminal"
    MISSING_BLOBS = "missing_blobs"
    BUSY = "busy"
    UNKNOWN_TERMINAL = "unknown_terminal"
    REVOKED = "revoked"
    BAD_SIGNATURE = "bad_signature"
    WRONG_PURPOSE = "wrong_purpose"
    EXPIRED = "expired"
    REPLAYED = "replayed"
    UNKNOWN_CODE = "unknown_code"
    TAKEN_NAME = "taken_name"
    WRONG_SUITE = "wrong_suite"
    OTHER = "other"

    @classmethod
    def _missing_(cls, value: object) -> Refusal | None:
        return cls.OTHER if isinstance(value, str) else None


class BlobGrant(BaseModel):
    """Asks for leave to upload one sealed file. It is the body of a signed request, which stands as base64url of its
    JSON in the header ``Authorization: Bianmin …`` of every piece."""

    digest: BlobDigest
    size: int = Field(ge=1, le=MAX_BLOB)


class RecordBatch(BaseModel):
    """Envelopes of one terminal. What is wrong with one of them does not touch the others."""

    records: list[Envelope] = Field(min_length=1, max_length=MAX_RECORDS)


class RecordAnswer(BaseModel):
    """The platform's answer to one envelope. ``missing`` lists digests of blobs that have not arrived."""

    model_config = ConfigDict(frozen=True)

    status: RecordStatus
    reason: Refusal | None = None
    missing: tuple[str, ...] = ()
    acknowledgement: Acknowledgement | None = None


class BatchAnswer(BaseModel):
    """One answer for each record of a batch, in its order."""

    answers: list[RecordAnswer]


class RatingRecord(BaseModel):
    """A rating. It has its own random id, a coarse time, and nothing that leads to a case."""

    model_config = ConfigDict(frozen=True)

    id: Name = Field(min_length=1)
    service: Name
    level: int = Field(ge=1, le=5)
    reasons: list[Name] = Field(default=[], max_length=20)
    half_day: str = Field(pattern=r"^\d{4}-\d\d-\d\d-(am|pm)$")


class RatingBatch(BaseModel):
    """Ratings travel in batches, shuffled, apart from the cases."""

    ratings: list[RatingRecord] = Field(max_length=500)


class EnrolRequest(BaseModel):
    """A terminal shows its one-time code and its public signing key."""

    code: Name
    terminal: str = Field(pattern=r"^[0-9A-Z]{2,6}$")
    suite: Literal["intl", "gm"]
    public_key: Printable = Field(max_length=4096)

    @model_validator(mode="after")
    def _key_is_one(self) -> EnrolRequest:
        if len(unb64(self.public_key)) != SUITES[self.suite].signing_key_size:
            raise ValueError("public_key is no key of this suite")
        return self


class PublicKey(BaseModel):
    key_id: str
    suite: str
    public: str


class EnrolAnswer(BaseModel):
    """What a terminal must know of the platform: where to seal to, whose word to believe, whose services to run.

    ``earlier``: keys that signed acknowledgements before; what they have signed still counts.
    """

    platform: str
    sealing: PublicKey
    acknowledging: PublicKey
    root: str = Field(max_length=MAX_ROOT, description="metadata root of published files, as it is served")
    platform_time: str
    earlier: list[PublicKey] = []

    def believes(self, word: Acknowledgement) -> bool:
        """Whether ``word`` is signed by the key that it names, and that key is the platform's or was."""
        keys = [k for k in (self.acknowledging, *self.earlier) if k.key_id == word.key_id]
        return any(k.suite == word.suite and word.verified(unb64(k.public)) for k in keys)


class KeySuccession(BaseModel):
    """The platform's word that another key signs acknowledgements and notices from now on; signed by the key before
    it, ``by``. ``withdrawn``: ids of older keys that were stolen; nothing that they have signed counts any more."""

    by: PublicKey
    acknowledging: PublicKey
    withdrawn: list[str] = []
    signature: str = ""

    def _signed(self) -> bytes:
        return canonical({"protocol": "bianmin/1 succession", **self.model_dump(mode="json", exclude={"signature"})})

    def signed(self, private: bytes) -> KeySuccession:
        """With the signature of the key ``by``, whose private part is ``private``."""
        return self.model_copy(update={"signature": b64(suite(self.by.suite).sign(private, self._signed()))})

    def verified(self, believed: PublicKey) -> bool:
        """Whether ``believed`` is the key that has signed it."""
        try:
            genuine = suite(believed.suite).verify(unb64(believed.public), unb64(self.signature), self._signed())
        except (SealError, ValueError):
            return False
        return genuine and self.by == believed


class KeyNotice(BaseModel):
    """The platform's word that terminals seal to another key from now on; signed with the key that signs
    acknowledgements, which a terminal knows from its enrolment or from a ``KeySuccession``."""

    sealing: PublicKey
    signature: str = ""

    def _signed(self) -> bytes:
        return canonical({"protocol": "bianmin/1 key", **self.sealing.model_dump(mode="json")})

    def signed(self, suite_name: str, private: bytes) -> KeyNotice:
        return self.model_copy(update={"signature": b64(suite(suite_name).sign(private, self._signed()))})

    def verified(self, suite_name: str, public: bytes) -> bool:
        try:
            return suite(suite_name).verify(public, unb64(self.signature), self._signed())
        except (SealError, ValueError):
            return False


class CaseState(BaseModel):
    case_id: str
    state: str


class ChainHead(BaseModel):
    """The end of a terminal's chain of envelopes: how many it has ever sealed, and the digest of the last."""

    epoch: Printable = Field(max_length=16)
    sequence: int = Field(ge=0, le=MAX_SEQUENCE)
    envelope: str = Field(max_length=80)


class ChainState(StrEnum):
    """What the platform finds when it compares a terminal's chain with what it holds.

    ``behind``: the platform holds records that the terminal does not know (a disk was put back). ``gap``: the
    terminal counts records as delivered that the platform does not hold. ``forked``: two records name the same
    one before them (a disk was copied).
    """

    WHOLE = "whole"
    BEHIND = "behind"
    GAP = "gap"
    FORKED = "forked"


class Heartbeat(BaseModel):
    """A sign of life; carries numbers and fault codes, never a person's data.

    ``key_id``: what it seals to; ``acknowledging``: the id of the key whose word it believes. ``cursor``: where it
    stands in its feed of changes; ``open_cases`` is sent when the feed was reset. ``calls``: people who wait for help
    at it.
    """

    version: Printable = Field(default="", max_length=32)
    key_id: Name = ""
    acknowledging: Name = ""
    backlog: int = Field(default=0, ge=0, le=MAX_SEQUENCE)
    held: int = Field(default=0, ge=0, le=MAX_SEQUENCE)
    oldest: Printable = Field(default="", max_length=40)
    free_bytes: int = Field(default=0, ge=0, le=2**62)
    faults: list[Name] = Field(default=[], max_length=100)
    calls: int = Field(default=0, ge=0, le=MAX_SEQUENCE)
    chain: ChainHead | None = None
    cursor: int = Field(default=0, ge=0, le=2**62)
    open_cases: list[Name] = Field(default=[], max_length=500)


class Pace(BaseModel):
    """How fast a terminal may go until the next heartbeat: seconds to it at least (a terminal that is set to a longer
    time keeps it), and seconds between two batches."""

    heartbeat_seconds: float = Field(default=1, ge=1, le=3600)
    batch_seconds: float = Field(default=0, ge=0, le=3600)


class HeartbeatAnswer(BaseModel):
    """``states`` are changes since the cursor; ``reset``: the cursor is unknown, ask for the open cases. ``key``: the
    platform's newer key, where the terminal does not seal to it yet; ``successions``: what leads from the acknowledging
    key that it believes to the present one, which has signed ``key``."""

    platform_time: str
    states: list[CaseState] = []
    cursor: int = Field(default=0, ge=0, le=2**62)
    more: bool = False
    reset: bool = False
    chain: ChainState = ChainState.WHOLE
    pace: Pace = Pace()
    successions: list[KeySuccession] = []
    key: KeyNotice | None = None


class Ping(BaseModel):
    """Tells a platform from a captive portal, and a terminal the time that its requests must carry."""

    protocol: Literal["bianmin/1"] = "bianmin/1"
    time: str


class Problem(BaseModel):
    """The body of an error: ``reason`` for programs, where there is one, ``detail`` for people."""

    detail: str
    reason: Refusal | None = None


class Purpose(StrEnum):
    """What a signed request is for: one that was signed for something else is refused."""

    BLOB = "blob"
    RECORDS = "records"
    CARRIED = "carried"
    HEARTBEAT = "heartbeat"
    RATINGS = "ratings"


class SignedRequest(BaseModel):
    """Any request of a terminal: the body as text, what it is for, when it was made (by the platform's clock, as the
    terminal knows it from the last ping, ISO 8601), and the terminal's signature over all of it."""

    terminal: Name
    purpose: Purpose
    at: Printable = Field(max_length=40)
    body: str
    signature: Printable = Field(max_length=8192)

    @classmethod
    def make(
        cls, suite_name: str, terminal: str, private: bytes, purpose: Purpose, at: str, body: BaseModel
    ) -> SignedRequest:
        text = canonical(body).decode()
        made = cls(terminal=terminal, purpose=purpose, at=at, body=text, signature="")
        signature = suite(suite_name).sign(private, made._signed())
        return made.model_copy(update={"signature": b64(signature)})

    def _signed(self) -> bytes:
        head = {"terminal": self.terminal, "purpose": self.purpose.value, "at": self.at}
        return canonical(head) + b"\n" + self.body.encode()

    def verified(self, suite_name: str, public: bytes) -> bool:
        try:
            return suite(suite_name).verify(public, unb64(self.signature), self._signed())
        except (SealError, ValueError):
            return False

    def as_header(self) -> str:
        """The request as the value of ``Authorization``, where the body of the HTTP request is something else."""
        return f"{SCHEME} {b64(self.model_dump_json().encode())}"

    @classmethod
    def from_header(cls, value: str) -> SignedRequest:
        """The request in ``Authorization``. Raises ValueError for anything else."""
        scheme, _space, token = value.partition(" ")
        if scheme != SCHEME:
            raise ValueError("another scheme")
        return cls.model_validate_json(unb64(token))
