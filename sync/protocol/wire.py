"""Bodies of requests and answers between terminal and platform (protocol version 1)."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from sync.protocol.canonical import b64, canonical, unb64
from sync.protocol.envelope import Acknowledgement
from sync.protocol.suites import suite


class RecordStatus(StrEnum):
    """What the platform did with a record. Only ``stored`` and ``duplicate`` come with an acknowledgement."""

    STORED = "stored"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    REFUSED = "refused"
    LATER = "later"


class Refusal(StrEnum):
    """Why a record is refused or put off."""

    BAD_ENVELOPE = "bad_envelope"
    UNKNOWN_TERMINAL = "unknown_terminal"
    BAD_SIGNATURE = "bad_signature"
    UNKNOWN_KEY = "unknown_key"
    MISSING_BLOBS = "missing_blobs"
    UNKNOWN_FORM = "unknown_form"
    DOES_NOT_OPEN = "does_not_open"
    BUSY = "busy"


class RecordAnswer(BaseModel):
    """The platform's answer to one envelope. ``missing`` lists digests of blobs that have not arrived."""

    model_config = ConfigDict(frozen=True)

    status: RecordStatus
    reason: Refusal | None = None
    missing: list[str] = []
    acknowledgement: Acknowledgement | None = None


class RatingRecord(BaseModel):
    """A rating. It has its own random id, a coarse time, and nothing that leads to a case."""

    model_config = ConfigDict(frozen=True)

    id: str = Field(max_length=64)
    service: str = Field(max_length=64)
    level: int = Field(ge=1, le=5)
    reasons: list[str] = Field(default=[], max_length=20)
    half_day: str = Field(pattern=r"^\d{4}-\d\d-\d\d-(am|pm)$")


class RatingBatch(BaseModel):
    """Ratings travel in batches, shuffled, apart from the cases."""

    terminal: str
    ratings: list[RatingRecord] = Field(max_length=500)


class EnrolRequest(BaseModel):
    """A terminal shows its one-time code and its public signing key."""

    code: str = Field(max_length=64)
    terminal: str = Field(pattern=r"^[0-9A-Z]{2,6}$")
    suite: str
    public_key: str = Field(max_length=4096)


class PublicKey(BaseModel):
    key_id: str
    suite: str
    public: str


class EnrolAnswer(BaseModel):
    """What a terminal must know of the platform: where to seal to, whose word to believe, whose services to run."""

    platform: str
    sealing: PublicKey
    acknowledging: PublicKey
    publishing: PublicKey
    platform_time: str


class CaseState(BaseModel):
    case_id: str
    state: str


class Heartbeat(BaseModel):
    """A sign of life; carries numbers and fault codes, never a person's data."""

    terminal: str
    sent: str
    version: str = ""
    backlog: int = 0
    faults: list[str] = []
    open_cases: list[str] = Field(default=[], max_length=500)


class HeartbeatAnswer(BaseModel):
    platform_time: str
    states: list[CaseState] = []


class SignedRequest(BaseModel):
    """Any request of a terminal that is no envelope: the body as text, and the terminal's signature over it."""

    terminal: str
    body: str
    signature: str

    @classmethod
    def make(cls, suite_name: str, terminal: str, private: bytes, body: BaseModel) -> SignedRequest:
        text = canonical(body).decode()
        return cls(terminal=terminal, body=text, signature=b64(suite(suite_name).sign(private, text.encode())))

    def verified(self, suite_name: str, public: bytes) -> bool:
        try:
            return suite(suite_name).verify(public, unb64(self.signature), self.body.encode())
        except ValueError:
            return False
