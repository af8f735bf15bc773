"""Submit: seal, write the files, then one transaction. A number exists only when all of it is on disk."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime

from kiosk.cases.draft import Draft
from kiosk.cases.prepare import Preparation, Prepared
from kiosk.catalogue.package import ServicePackage
from kiosk.forms.engine import FormEngine
from kiosk.forms.rules import Context
from kiosk.model.clock import Clock
from kiosk.store.audit import append
from kiosk.store.cases import CaseLine, CaseRepository
from kiosk.store.database import Store
from kiosk.store.pages import SealedFiles
from kiosk.store.receipt_counter import Drawn, ReceiptCounter
from sync.protocol.canonical import b64
from sync.protocol.case_file import (
    CaseBody,
    CaseSealer,
    PlatformKey,
)
from sync.protocol.envelope import Envelope, Stamp
from sync.protocol.person_tag import person_tag


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
        self._cases = CaseRepository(store, files)
        self._preparation = Preparation(files, identity.platform_key)

    def already_open(self, service: str, number: str) -> CaseLine | None:
        """A case of the same person for the same service that is unsent or open."""
        return self._cases.open_for(service, person_tag(self._identity.tag_key, service, number))

    def line(self, case_id: str) -> CaseLine | None:
        """What is stored of a case here."""
        return self._cases.line(case_id)

    def by_receipt(self, receipt: str) -> CaseLine | None:
        """The case with this number, where this terminal took it in."""
        return self._cases.by_receipt(receipt)

    def prepare(self, draft: Draft, package: ServicePackage) -> Future[Prepared]:
        """Begin with what takes long and can be done before ``submit``, while the citizen reads: the papers."""
        return self._preparation.begin(draft, package)

    def forget_prepared(self) -> None:
        """Nobody hands in any more what was prepared, or a worker that has crashed had prepared it."""
        self._preparation.forget()

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
        prepared = self._preparation.of(draft, package)
        try:
            return self._stored(draft, body, prepared, captured)
        finally:
            # Handed in; or its staged files have moved on, and the next try must make its own.
            self._preparation.used()

    def _stored(self, draft: Draft, body: CaseBody, prepared: Prepared, captured: datetime) -> CaseLine:
        # The receipt number is inside the sealed body, so it is drawn first; a rollback returns it.
        with self._store.transaction():
            drawn = self._counter.draw()
            papers = {"pages": prepared.pages, "documents": prepared.sealer.documents}
            body = body.model_copy(update={"receipt": drawn.receipt, **papers})
            sealed = prepared.sealer.body(body)
            names = self._files.write(draft.case_id, {"body": sealed}, prepared.names.values())
            envelope = self._envelope(body, sealed, prepared.sealer, self._stamp(drawn, captured))
            tag = person_tag(self._identity.tag_key, draft.service, body.identity["number"])
            line = self._cases.insert(envelope, {**names, **prepared.names}, tag)
            detail = {"case": draft.case_id, "service": draft.service}
            append(self._store, envelope.stamp.trusted, "case_submitted", detail)
        self._counter.committed(drawn)
        return line

    def _stamp(self, drawn: Drawn, captured: datetime) -> Stamp:
        raw, trusted = self._raw.now().isoformat(), captured.isoformat()
        return Stamp(raw=raw, trusted=trusted, epoch=drawn.epoch, sequence=drawn.sequence)

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
            signature=_signature(draft),
        )

    def _envelope(self, body: CaseBody, sealed: bytes, sealer: CaseSealer, stamp: Stamp) -> Envelope:
        key = self._identity.platform_key
        wrapped, blobs = sealer.finish(body, sealed, self._identity.terminal)
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
            wrapped_key=b64(wrapped),
            blobs=blobs,
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


def _signature(draft: Draft) -> dict[str, object]:
    """Strokes in whole thousandths of the pad's width: canonical form has no fractions worth the trouble."""
    assert draft.signature is not None
    strokes = [[[round(x * 1000), round(y * 1000)] for x, y in stroke] for stroke in draft.signature.strokes]
    return {
        "strokes": strokes,
        "aspect_thousandths": round(draft.signature.aspect * 1000),
        "signed": draft.signature.signed,
    }
