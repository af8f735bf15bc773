"""Takes in envelopes: verify, open, re-run the rules, store, and only then acknowledge."""

from __future__ import annotations

import json
from datetime import datetime

from sqlalchemy import Engine, insert, select
from sqlalchemy.exc import IntegrityError

from kiosk.catalogue.package import ServicePackage
from kiosk.forms.engine import FormEngine
from kiosk.forms.rules import Context
from kiosk.model.clock import Clock
from sync.hub.blobs import BlobError, BlobStore
from sync.hub.keys import PlatformKeys
from sync.hub.schema import cases, conflicts, terminals
from sync.protocol.canonical import unb64
from sync.protocol.case_file import CaseBody, CaseOpener
from sync.protocol.envelope import Acknowledgement, Envelope
from sync.protocol.suites import SealError
from sync.protocol.wire import RecordAnswer, RecordStatus, Refusal


def _refused(reason: Refusal) -> RecordAnswer:
    return RecordAnswer(status=RecordStatus.REFUSED, reason=reason)


class Ingest:
    """Holds no state of its own; two processes may run it on one database."""

    def __init__(
        self,
        engine: Engine,
        blobs: BlobStore,
        keys: PlatformKeys,
        services: dict[tuple[str, str], ServicePackage],
        clock: Clock,
    ) -> None:
        """``services``: every version ever published, by id and version."""
        self._engine, self._blobs, self._keys, self._services, self._clock = engine, blobs, keys, services, clock

    def receive(self, envelope: Envelope) -> RecordAnswer:
        """Take in one envelope. A repeat gets the answer of the first time, whenever it comes."""
        public = self._public_key(envelope.terminal)
        if public is None:
            return _refused(Refusal.UNKNOWN_TERMINAL)
        if not envelope.verified(public):
            return _refused(Refusal.BAD_SIGNATURE)
        known = self._known(envelope)
        if known is not None:
            return known
        key = self._keys.sealing_key(envelope.key_id)
        if key is None or key.suite != envelope.suite:
            return _refused(Refusal.UNKNOWN_KEY)
        missing = self._missing(envelope)
        if missing is None:
            return _refused(Refusal.BAD_ENVELOPE)
        if missing:
            return RecordAnswer(status=RecordStatus.LATER, reason=Refusal.MISSING_BLOBS, missing=missing)
        package = self._services.get((envelope.service, envelope.form_version))
        if package is None:
            return _refused(Refusal.UNKNOWN_FORM)
        try:
            body = open_body(envelope, self._blobs, self._keys)
            findings = case_findings(envelope, body, package)
        except SealError:
            return _refused(Refusal.DOES_NOT_OPEN)
        return self._store(envelope, findings)

    def _public_key(self, terminal: str) -> bytes | None:
        with self._engine.connect() as connection:
            key = connection.scalar(select(terminals.c.public_key).where(terminals.c.terminal == terminal))
        return unb64(key) if key else None

    def _known(self, envelope: Envelope) -> RecordAnswer | None:
        query = select(cases.c.envelope_digest, cases.c.acknowledgement).where(
            cases.c.terminal == envelope.terminal, cases.c.case_id == envelope.case_id
        )
        with self._engine.connect() as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        if row.envelope_digest == envelope.digest():
            acknowledgement = Acknowledgement.model_validate_json(row.acknowledgement)
            return RecordAnswer(status=RecordStatus.DUPLICATE, acknowledgement=acknowledgement)
        with self._engine.begin() as connection:
            same = conflicts.c.envelope_digest == envelope.digest()
            if connection.execute(select(conflicts.c.case_id).where(same)).first() is None:
                connection.execute(
                    insert(conflicts).values(
                        terminal=envelope.terminal,
                        case_id=envelope.case_id,
                        envelope_digest=envelope.digest(),
                        envelope=envelope.model_dump_json(),
                        received=self._clock.now().isoformat(),
                    )
                )
        return RecordAnswer(status=RecordStatus.CONFLICT)

    def _missing(self, envelope: Envelope) -> list[str] | None:
        """Digests of blobs that are not here; None where the envelope names no proper ones."""
        missing = []
        for blob in envelope.blobs:
            try:
                size, complete = self._blobs.offset(blob.digest)
            except BlobError:
                return None
            if not complete:
                missing.append(blob.digest)
            elif size != blob.size:
                return None
        return missing

    def _store(self, envelope: Envelope, findings: list[str]) -> RecordAnswer:
        self._blobs.settle()
        received = self._clock.now().isoformat()
        acknowledgement = Acknowledgement(
            suite=self._keys.acknowledging.suite,
            key_id=self._keys.acknowledging.key_id,
            case_id=envelope.case_id,
            envelope=envelope.digest(),
            received=received,
        ).signed(self._keys.acknowledging.secret)
        row = {
            "terminal": envelope.terminal,
            "case_id": envelope.case_id,
            "envelope_digest": envelope.digest(),
            "envelope": envelope.model_dump_json(),
            "receipt": envelope.receipt,
            "service": envelope.service,
            "received": received,
            "state": "flagged" if findings else "stored",
            "findings": json.dumps(findings),
            "acknowledgement": acknowledgement.model_dump_json(),
        }
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(cases).values(**row))
        except IntegrityError:
            # The same case came twice at the same moment; the other one was first.
            return self._known(envelope) or RecordAnswer(status=RecordStatus.LATER, reason=Refusal.BUSY)
        return RecordAnswer(status=RecordStatus.STORED, acknowledgement=acknowledgement)


def open_body(envelope: Envelope, blobs: BlobStore, keys: PlatformKeys) -> CaseBody:
    """The opened case. Raises SealError."""
    key = keys.sealing_key(envelope.key_id)
    body = next((b for b in envelope.blobs if b.role == "body"), None)
    if key is None or body is None:
        raise SealError("no key or no body")
    return CaseOpener(envelope, key.secret).body(blobs.read(body.digest))


def open_document(envelope: Envelope, document_id: str, blobs: BlobStore, keys: PlatformKeys) -> bytes:
    """The PDF of one paper. Raises SealError."""
    key = keys.sealing_key(envelope.key_id)
    document = next((b for b in envelope.blobs if b.role == "document" and b.id == document_id), None)
    if key is None or document is None:
        raise SealError("no such document")
    return CaseOpener(envelope, key.secret).document(document_id, blobs.read(document.digest))


def case_findings(envelope: Envelope, body: CaseBody, package: ServicePackage) -> list[str]:
    """What does not fit between envelope, body and the form's rules, as codes; the case is never changed."""
    findings = [
        f"envelope.{name}"
        for name in ("case_id", "receipt", "service", "form_version")
        if getattr(envelope, name) != getattr(body, name)
    ]
    if {d.id for d in body.documents} != {b.id for b in envelope.blobs if b.role == "document"}:
        findings.append("documents")
    if {d.material for d in body.documents} != {p.material for p in body.pages}:
        findings.append("pages")
    counts: dict[str, int] = {}
    for page in body.pages:
        counts[page.material] = counts.get(page.material, 0) + 1
    applicant = {k: v for k, v in body.identity.items() if isinstance(v, str) and v}
    try:
        context = Context(applicant, datetime.fromisoformat(body.captured))
    except ValueError:
        return [*findings, "captured"]
    problems = FormEngine(package.form).problems(body.answers, counts, set(body.promises), context)
    return findings + [f"form.{p.where}" for p in problems]
