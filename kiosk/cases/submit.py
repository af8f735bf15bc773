"""Submit: seal, write the files, then one transaction. A number exists only when all of it is on disk."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime

from kiosk.cases.documents import Documents
from kiosk.cases.draft import Draft
from kiosk.catalogue.package import ServicePackage
from kiosk.forms.engine import FormEngine
from kiosk.forms.rules import Context
from kiosk.model.clock import Clock
from kiosk.store.audit import append
from kiosk.store.cases import CaseLine, CaseRepository
from kiosk.store.database import Store
from kiosk.store.pages import SealedFiles
from kiosk.store.receipt_counter import ReceiptCounter
from sync.protocol.canonical import b64, digest
from sync.protocol.case_file import (
    CaseBody,
    DocumentInfo,
    PageInfo,
    PlatformKey,
    SealedCase,
    document_id,
    seal_case,
)
from sync.protocol.envelope import Envelope, Stamp
from sync.protocol.person_tag import person_tag
from sync.protocol.suites import suite


@dataclass(frozen=True)
class TerminalIdentity:
    """Who this terminal is towards the platform."""

    terminal: str
    signing_key: bytes
    tag_key: bytes
    platform_key: PlatformKey


class NotReady(ValueError):
    """The draft still has problems; a bug in the flow, for the screens do not let a citizen come here."""


class Intake:
    """Turns drafts into cases."""

    def __init__(
        self,
        store: Store,
        files: SealedFiles,
        counter: ReceiptCounter,
        identity: TerminalIdentity,
        raw: Clock,
        trusted: Clock,
    ) -> None:
        self._store, self._files, self._counter = store, files, counter
        self._identity = identity
        self._raw, self._trusted = raw, trusted
        self._hash = suite(identity.platform_key.suite).digest_name
        self._cases = CaseRepository(store, files)
        self._documents = Documents()

    def already_open(self, service: str, number: str) -> CaseLine | None:
        """A case of the same person for the same service that is unsent or open."""
        return self._cases.open_for(service, person_tag(self._identity.tag_key, service, number))

    def line(self, case_id: str) -> CaseLine | None:
        """What is stored of a case here."""
        return self._cases.line(case_id)

    def by_receipt(self, receipt: str) -> CaseLine | None:
        """The case with this number, where this terminal took it in."""
        return self._cases.by_receipt(receipt)

    def prepare(self, draft: Draft, package: ServicePackage) -> Future[dict[str, bytes]]:
        """Begin with what takes long and can be done before ``submit``, while the citizen reads: the papers."""
        return self._documents.prepare(draft, package)

    def submit(self, draft: Draft, package: ServicePackage, language: str) -> CaseLine:
        """Make the case durable and return its line with the receipt number.

        Idempotent by the draft's case id. Raises NotReady, OSError (disk full) or StoreError's causes;
        then nothing is stored and the draft is as it was.
        """
        done = self._cases.line(draft.case_id)
        if done is not None:
            return done
        captured = self._trusted.now()
        body = self._body(draft, package, language, captured)
        documents = {document_id(m): pdf for m, pdf in self._documents.of(draft, package).items()}
        body = body.model_copy(update={"documents": _listed(documents, self._hash)})
        # The receipt number is inside the sealed body, so it is drawn first; a rollback returns it.
        with self._store.transaction():
            drawn = self._counter.draw()
            body = body.model_copy(update={"receipt": drawn.receipt})
            sealed = seal_case(body, documents, self._identity.terminal, self._identity.platform_key)
            names = self._written(draft.case_id, sealed.files)
            stamp = Stamp(
                raw=self._raw.now().isoformat(),
                trusted=captured.isoformat(),
                epoch=drawn.epoch,
                sequence=drawn.sequence,
            )
            envelope = self._envelope(body, sealed, stamp)
            tag = person_tag(self._identity.tag_key, draft.service, body.identity["number"])
            line = self._cases.insert(envelope, names, tag)
            append(self._store, stamp.trusted, "case_submitted", {"case": draft.case_id, "service": draft.service})
        self._counter.committed(drawn)
        return line

    def _written(self, case_id: str, files: dict[str, bytes]) -> dict[str, str]:
        """Write the files; where that fails, what has been written of them does not keep the room that is missing."""
        try:
            return self._files.write(case_id, files)
        except OSError:
            for part in self._files.folder.glob(f"{case_id}.*"):
                part.unlink(missing_ok=True)
            raise

    def _body(self, draft: Draft, package: ServicePackage, language: str, captured: datetime) -> CaseBody:
        if draft.identity is None or not draft.signature_valid():
            raise NotReady("a case needs an identity and a signature under its content")
        engine = FormEngine(package.form)
        context = applicant_context(draft, captured)
        answers = engine.final(draft.answers, context)
        problems = engine.problems(answers, draft.page_counts(), draft.promises, context)
        if problems:
            raise NotReady(", ".join(p.where for p in problems))
        return CaseBody(
            case_id=draft.case_id,
            receipt="",
            service=package.id,
            form_version=package.version,
            language=language,
            captured=captured.isoformat(),
            identity=draft.identity.model_dump(mode="json"),
            answers=answers,
            promises=sorted(draft.promises),
            pages=[
                PageInfo(
                    id=p.page_id,
                    material=p.material,
                    width=p.width,
                    height=p.height,
                    digest=digest(p.image, self._hash),
                )
                for p in draft.pages
            ],
            signature=_signature(draft),
        )

    def _envelope(self, body: CaseBody, sealed: SealedCase, stamp: Stamp) -> Envelope:
        key = self._identity.platform_key
        return Envelope(
            suite=key.suite,
            key_id=key.key_id,
            terminal=self._identity.terminal,
            case_id=body.case_id,
            receipt=body.receipt,
            service=body.service,
            form_version=body.form_version,
            stamp=stamp,
            previous=self._store.get("last_envelope"),
            wrapped_key=b64(sealed.wrapped_key),
            blobs=sealed.blobs,
        ).signed(self._identity.signing_key)


def applicant_context(draft: Draft, captured: datetime) -> Context:
    """What rules may know of the applicant."""
    identity = draft.identity
    if identity is None:
        return Context({}, captured)
    known = {
        "name": identity.name,
        "number": identity.number,
        "birth": identity.birth,
        "sex": identity.sex.value,
        "kind": identity.kind.value,
        "address": identity.address,
    }
    return Context({k: v for k, v in known.items() if v}, captured)


def _listed(documents: dict[str, bytes], algorithm: str) -> list[DocumentInfo]:
    return [
        DocumentInfo(id=name, material=name.removeprefix(document_id("")), digest=digest(pdf, algorithm))
        for name, pdf in documents.items()
    ]


def _signature(draft: Draft) -> dict[str, object]:
    """Strokes in whole thousandths of the pad's width: canonical form has no fractions worth the trouble."""
    assert draft.signature is not None
    strokes = [[[round(x * 1000), round(y * 1000)] for x, y in stroke] for stroke in draft.signature.strokes]
    return {
        "strokes": strokes,
        "aspect_thousandths": round(draft.signature.aspect * 1000),
        "signed": draft.signature.signed,
    }
