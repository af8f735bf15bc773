"""The sealed contents of a case, and the two acts on it: seal at the terminal, open at the platform."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from sync.protocol.canonical import canonical, digest, unb64
from sync.protocol.envelope import Blob, Envelope, blob_context, wrap_info
from sync.protocol.suites import SealError, suite


class PageInfo(BaseModel):
    """One scanned page as the case lists it. ``digest`` is of its JPEG, which stands unchanged in the document;
    ``codes`` are the texts of the QR codes and barcodes on it, as the terminal read them."""

    model_config = ConfigDict(frozen=True)

    id: str
    material: str
    width: int
    height: int
    digest: str
    codes: list[str] = []


class DocumentInfo(BaseModel):
    """One paper: a PDF/A-2b with its pages; a blob of the same id."""

    model_config = ConfigDict(frozen=True)

    id: str
    material: str
    digest: str


class CaseBody(BaseModel):
    """Everything that a citizen handed in. It exists in the clear at the terminal only until it is sealed."""

    model_config = ConfigDict(frozen=True, extra="allow")

    case_id: str
    receipt: str
    service: str
    form_version: str
    language: str
    captured: str
    identity: dict[str, Any]
    answers: dict[str, Any]
    promises: list[str] = []
    pages: list[PageInfo] = []
    documents: list[DocumentInfo] = []
    signature: dict[str, Any] | None = None


@dataclass(frozen=True)
class PlatformKey:
    """Where to seal to: key id, suite and the public key's raw bytes."""

    key_id: str
    suite: str
    public: bytes


@dataclass(frozen=True)
class SealedCase:
    """What goes to disk: the wrapped key and, by blob id, the ciphertexts."""

    wrapped_key: bytes
    blobs: list[Blob]
    files: dict[str, bytes]


def document_id(material: str) -> str:
    """The blob id of a material's document."""
    return f"doc-{material}"


class CaseSealer:
    """Seals one case to the platform: its papers as soon as they are there, the body last. Nobody here can open it."""

    def __init__(self, case_id: str, key: PlatformKey) -> None:
        self._case_id, self._key = case_id, key
        self._suite = suite(key.suite)
        self._data_key = self._suite.new_data_key()
        self._papers: list[tuple[DocumentInfo, Blob]] = []

    @property
    def documents(self) -> list[DocumentInfo]:
        """The papers sealed so far, as the body lists them."""
        return [document for document, _blob in self._papers]

    def document(self, material: str, data: bytes) -> tuple[str, bytes]:
        """Seal the PDF of a material: its blob id and ciphertext."""
        name = document_id(material)
        sealed = self._suite.seal(self._data_key, data, blob_context(self._case_id, name, "document"))
        document = DocumentInfo(id=name, material=material, digest=digest(data, self._suite.digest_name))
        self._papers.append((document, self._blob(name, "document", sealed, material)))
        return name, sealed

    def body(self, body: CaseBody) -> bytes:
        """Seal the body, which must list ``documents``."""
        return self._suite.seal(self._data_key, canonical(body), blob_context(self._case_id, "body", "body"))

    def finish(self, body: CaseBody, sealed: bytes, terminal: str) -> tuple[bytes, list[Blob]]:
        """Wrap the key for the platform, bound to the body as it was ``sealed``: the wrapped key and all blobs."""
        blobs = [self._blob("body", "body", sealed), *(blob for _document, blob in self._papers)]
        info = wrap_info(terminal, self._case_id, body.service, body.form_version, blobs[0].digest)
        return self._suite.wrap(self._data_key, self._key.public, info), blobs

    def _blob(self, name: str, role: Literal["body", "document"], data: bytes, material: str = "") -> Blob:
        return Blob(id=name, role=role, material=material, digest=digest(data, self._suite.digest_name), size=len(data))


def seal_case(body: CaseBody, documents: dict[str, bytes], terminal: str, key: PlatformKey) -> SealedCase:
    """Seal a whole case. ``documents`` maps materials to PDF bytes; the body is completed with them."""
    sealer = CaseSealer(body.case_id, key)
    files = dict(sealer.document(material, data) for material, data in documents.items())
    whole = body.model_copy(update={"documents": sealer.documents})
    sealed = sealer.body(whole)
    return SealedCase(*sealer.finish(whole, sealed, terminal), {"body": sealed, **files})


class CaseOpener:
    """Opens the blobs of one envelope with its data key."""

    def __init__(self, envelope: Envelope, data_key: bytes) -> None:
        self._envelope, self._key = envelope, data_key
        self._suite = suite(envelope.suite)

    @classmethod
    def unwrapping(cls, envelope: Envelope, private: bytes) -> CaseOpener:
        """With the private key that the case was sealed to.

        Raises SealError when the wrapped key is not for this key and this envelope.
        """
        return cls(envelope, suite(envelope.suite).unwrap(unb64(envelope.wrapped_key), private, _info(envelope)))

    @classmethod
    def keeping(cls, envelope: Envelope, kept: bytes, suite_name: str, private: bytes) -> CaseOpener:
        """With the private key that ``rewrapped`` kept the case under. Raises SealError."""
        return cls(envelope, suite(suite_name).unwrap(kept, private, _info(envelope)))

    def rewrapped(self, public: bytes, suite_name: str) -> bytes:
        """The data key wrapped for another key; bound to the record as before."""
        return suite(suite_name).wrap(self._key, public, _info(self._envelope))

    def body(self, sealed: bytes) -> CaseBody:
        """The case; raises SealError."""
        plain = self._suite.open(self._key, sealed, blob_context(self._envelope.case_id, "body", "body"))
        try:
            return CaseBody.model_validate_json(plain)
        except ValidationError as bad:
            raise SealError(f"the body is no case: {bad.error_count()} faults") from None

    def document(self, blob_id: str, sealed: bytes) -> bytes:
        """The PDF of one paper; raises SealError."""
        return self._suite.open(self._key, sealed, blob_context(self._envelope.case_id, blob_id, "document"))


def _info(envelope: Envelope) -> bytes:
    e = envelope
    return wrap_info(e.terminal, e.case_id, e.service, e.form_version, e.body_digest())
