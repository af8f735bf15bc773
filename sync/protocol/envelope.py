"""The envelope: what travels in the clear around a sealed case, and what binds the two together."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from sync.protocol.canonical import b64, canonical, digest, unb64
from sync.protocol.suites import SUITES, SealError, suite

VERSION = 1
Digest = str


class Blob(BaseModel):
    """A sealed file that travels before its envelope, addressed by the digest of its ciphertext."""

    model_config = ConfigDict(frozen=True)

    id: str
    role: Literal["body", "document"]
    material: str = ""
    digest: Digest
    size: int = Field(ge=0, le=200_000_000)


class Stamp(BaseModel):
    """When and in which order. ``raw`` is the terminal's clock, ``trusted`` is what it believes (ISO 8601, UTC)."""

    model_config = ConfigDict(frozen=True)

    raw: str
    trusted: str
    epoch: str
    sequence: int = Field(ge=1)


class Envelope(BaseModel):
    """One case on its way. Everything but ``signature`` is signed with the terminal's key in canonical form.

    Fields that this version does not know are kept: a later version's envelope still verifies.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    version: int = VERSION
    suite: str
    key_id: str
    terminal: str = Field(max_length=64)
    case_id: str = Field(max_length=64)
    receipt: str = Field(max_length=64)
    service: str = Field(max_length=64)
    form_version: str = Field(max_length=32)
    stamp: Stamp
    previous: Digest = ""
    wrapped_key: str
    blobs: list[Blob]
    signature: str = ""

    def unsigned(self) -> dict[str, Any]:
        plain = self.model_dump(mode="json")
        plain.pop("signature")
        return plain

    def digest(self) -> Digest:
        """Digest of the signed part; it is what the acknowledgement names and the next record points to."""
        known = SUITES.get(self.suite)
        return digest(canonical(self.unsigned()), known.digest_name if known else "sha256")

    def signed(self, private: bytes) -> Envelope:
        signature = suite(self.suite).sign(private, canonical(self.unsigned()))
        return self.model_copy(update={"signature": b64(signature)})

    def verified(self, public: bytes) -> bool:
        """Whether the signature is that of the terminal with the key ``public``."""
        try:
            return suite(self.suite).verify(public, unb64(self.signature), canonical(self.unsigned()))
        except (SealError, ValueError):
            return False


def wrap_info(terminal: str, case_id: str, service: str, form_version: str, body_digest: Digest) -> bytes:
    """The context that the wrapped key is bound to: it opens no other record."""
    return canonical(
        {
            "protocol": f"bianmin/{VERSION}",
            "terminal": terminal,
            "case": case_id,
            "service": service,
            "form": form_version,
            "body": body_digest,
        }
    )


def blob_context(case_id: str, blob_id: str, role: str) -> bytes:
    """Associated data of one sealed file: it cannot be moved to another case or place."""
    return canonical({"case": case_id, "blob": blob_id, "role": role})


class Acknowledgement(BaseModel):
    """The platform's signed word that a record is durable there. Only this lets a terminal wipe."""

    model_config = ConfigDict(frozen=True)

    suite: str
    key_id: str
    case_id: str
    envelope: Digest
    received: str
    signature: str = ""

    def unsigned(self) -> dict[str, Any]:
        plain = self.model_dump(mode="json")
        plain.pop("signature")
        return plain

    def signed(self, private: bytes) -> Acknowledgement:
        signature = suite(self.suite).sign(private, canonical(self.unsigned()))
        return self.model_copy(update={"signature": b64(signature)})

    def verified(self, public: bytes) -> bool:
        try:
            return suite(self.suite).verify(public, unb64(self.signature), canonical(self.unsigned()))
        except (SealError, ValueError):
            return False
