"""The envelope: what travels in the clear around a sealed case, and what binds the two together."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from sync.protocol.canonical import b64, canonical, digest, quoted, unb64
from sync.protocol.merkle import root_over, tree
from sync.protocol.suites import SUITES, SealError, suite

VERSION = 1
Digest = str
Printable = Annotated[str, StringConstraints(pattern=r"^[!-~]*$")]
"""Printable ASCII without a space."""
Name = Annotated[Printable, StringConstraints(max_length=64)]
"""Identifiers, numbers, codes. What is to be shorter is a ``Printable`` of its own length: this one's would win."""
BlobDigest = Annotated[str, StringConstraints(pattern=r"^(sha256|sm3):[0-9a-f]{64}$")]
MAX_SEQUENCE = 2**31 - 1
MAX_BLOB = 200_000_000
"""Bytes of a sealed file."""


class Blob(BaseModel):
    """A sealed file that travels before its envelope, addressed by the digest of its ciphertext."""

    model_config = ConfigDict(frozen=True, extra="allow")

    digest: BlobDigest
    id: Name
    material: Name = ""
    role: Literal["body", "document"]
    size: int = Field(ge=0, le=MAX_BLOB)


class Stamp(BaseModel):
    """When and in which order. ``raw`` is the terminal's clock, ``trusted`` is what it believes (ISO 8601, UTC)."""

    model_config = ConfigDict(frozen=True, extra="allow")

    epoch: Printable = Field(max_length=16)
    raw: str = Field(max_length=40)
    sequence: int = Field(ge=1, le=MAX_SEQUENCE)
    trusted: str = Field(max_length=40)


class Envelope(BaseModel):
    """One case on its way. Everything but ``signature`` is signed with the terminal's key in canonical form.

    Fields that this version does not know are kept, in its parts too: a later version's envelope still verifies.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    # In the order of the canonical form, here and in the parts: written as they stand, the fields are in that form.
    blobs: list[Blob] = Field(min_length=1, max_length=64)
    case_id: Name = Field(min_length=1)
    form_version: Printable = Field(max_length=32)
    key_id: Name
    previous: BlobDigest | Literal[""] = ""
    receipt: Name
    service: Name
    signature: str = Field(default="", max_length=8192)
    stamp: Stamp
    suite: Name
    terminal: Name = Field(min_length=1)
    version: int = Field(default=VERSION, ge=1, le=MAX_SEQUENCE)
    wrapped_key: str = Field(max_length=16_384)

    def body_digest(self) -> Digest:
        """Digest of the one blob that holds the case itself. Raises SealError where there is not just one."""
        bodies = [b.digest for b in self.blobs if b.role == "body"]
        if len(bodies) != 1:
            raise SealError("an envelope has one body")
        return bodies[0]

    def extended(self) -> bool:
        """Whether it has fields that this version does not know."""
        return any(part.__pydantic_extra__ for part in (self, self.stamp, *self.blobs))

    def signed_part(self) -> bytes:
        """What the signature is made over: everything but itself, in canonical form."""
        if self.extended():
            # Fields that this version does not know can hold anything, and stand behind the known ones.
            return canonical(self.model_dump(mode="json", exclude={"signature"}))
        # Nothing but texts and small integers, in the right order: pydantic writes them as RFC 8785 does.
        return self.model_dump_json(exclude={"signature"}).encode()

    def digest(self) -> Digest:
        """Digest of the signed part; it is what the acknowledgement names and the next record points to."""
        return self.with_digest()[1]

    def with_digest(self) -> tuple[str, Digest]:
        """The envelope as text, and ``digest()`` of it: each byte is written once."""
        signed = self.signed_part()
        known = SUITES.get(self.suite)
        # The signed part is a map with members, so one more can be put before its end.
        text = f'{signed[:-1].decode()},"signature":{quoted(self.signature)}}}'
        return text, digest(signed, known.digest_name if known else "sha256")

    def signed(self, private: bytes) -> Envelope:
        return self.model_copy(update={"signature": b64(suite(self.suite).sign(private, self.signed_part()))})

    def verified(self, public: bytes) -> bool:
        """Whether the signature is that of the terminal with the key ``public``."""
        try:
            return suite(self.suite).verify(public, unb64(self.signature), self.signed_part())
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
    """The platform's signed word that a record is durable there. Only this lets a terminal wipe.

    One signature covers all records that the platform made durable at once: it is made over the root of a tree
    (``sync.protocol.merkle``), and ``path`` leads from this record, the ``index``-th of ``count``, up to that root.
    """

    model_config = ConfigDict(frozen=True)

    suite: str
    key_id: str
    case_id: str
    envelope: Digest
    received: str
    index: int = Field(default=0, ge=0)
    count: int = Field(default=1, ge=1)
    path: list[str] = Field(default=[], max_length=32)
    signature: str = ""

    def _entry(self) -> bytes:
        return _entry(self.case_id, self.envelope)

    def verified(self, public: bytes) -> bool:
        """Whether the platform with the key ``public`` has signed a tree that this record is in."""
        try:
            crypto = suite(self.suite)
            path = [unb64(step) for step in self.path]
            root = root_over(self._entry(), self.index, self.count, path, crypto.digest_name)
            said = _tree_head(self.suite, self.key_id, self.received, self.count, root)
            return _signed(self.suite, public, unb64(self.signature), said)
        except (SealError, ValueError):
            return False


def acknowledgements(
    records: Sequence[tuple[str, Digest]], suite_name: str, key_id: str, private: bytes, received: str
) -> list[Acknowledgement]:
    """One acknowledgement for each of ``records`` (case id and envelope digest), all under one signature.

    Raises ValueError without records.
    """
    crypto = suite(suite_name)
    root, paths = tree([_entry(*record) for record in records], crypto.digest_name)
    signature = b64(crypto.sign(private, _tree_head(suite_name, key_id, received, len(records), root)))
    steps = {step: b64(step) for step in set().union(*paths)}
    return [
        Acknowledgement(
            suite=suite_name,
            key_id=key_id,
            case_id=case_id,
            envelope=envelope,
            received=received,
            index=index,
            count=len(records),
            path=[steps[step] for step in path],
            signature=signature,
        )
        for index, ((case_id, envelope), path) in enumerate(zip(records, paths, strict=True))
    ]


@lru_cache(maxsize=16)
def _signed(suite_name: str, public: bytes, signature: bytes, said: bytes) -> bool:
    """All acknowledgements of a batch come under one signature, which need be looked at once."""
    return suite(suite_name).verify(public, signature, said)


def _entry(case_id: str, envelope: Digest) -> bytes:
    return f'{{"case_id":{quoted(case_id)},"envelope":{quoted(envelope)}}}'.encode()


def _tree_head(suite_name: str, key_id: str, received: str, count: int, root: bytes) -> bytes:
    """What the platform signs."""
    return canonical(
        {
            "protocol": f"bianmin/{VERSION} acknowledgement",
            "suite": suite_name,
            "key_id": key_id,
            "received": received,
            "count": count,
            "root": b64(root),
        }
    )
