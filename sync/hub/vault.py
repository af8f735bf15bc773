"""Opens received cases for people: who opens which case, when and why is written down before anything is shown."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, Engine, insert, select

from kiosk.model.clock import Clock
from kiosk.model.ids import new_id
from sync.hub.blobs import Blobs
from sync.hub.database import transaction
from sync.hub.keys import PlatformKeys
from sync.hub.schema import cases, openings
from sync.protocol.case_file import CaseBody, CaseOpener
from sync.protocol.envelope import Envelope
from sync.protocol.suites import SealError


class NoSuchCase(LookupError):
    """There is no case of this id, or no document of this name in it."""


@dataclass(frozen=True)
class Reader:
    """Who opens, and what for."""

    user: str
    reason: str


class Vault:
    """Cases lie sealed; the keys that open them are in the platform's key file, not in its database."""

    def __init__(self, engine: Engine, blobs: Blobs, keys: PlatformKeys, clock: Clock) -> None:
        self._engine, self._blobs, self._keys, self._clock = engine, blobs, keys, clock

    def body(self, terminal: str, case_id: str, reader: Reader) -> CaseBody:
        """The case. Raises NoSuchCase, or SealError where it does not open."""
        envelope, opener = self._open(terminal, case_id, reader)
        return opener.body(self._blobs.read(envelope.body_digest()))

    def document(self, terminal: str, case_id: str, document: str, reader: Reader) -> bytes:
        """The PDF of one paper. Raises NoSuchCase or SealError."""
        envelope, opener = self._open(terminal, case_id, reader)
        found = next((b for b in envelope.blobs if b.role == "document" and b.id == document), None)
        if found is None:
            raise NoSuchCase(document)
        return opener.document(document, self._blobs.read(found.digest))

    def _open(self, terminal: str, case_id: str, reader: Reader) -> tuple[Envelope, CaseOpener]:
        c = cases.c
        query = select(c.envelope, c.kept_key, c.kept_key_id).where(c.terminal == terminal, c.case_id == case_id)

        def look_up(connection: Connection) -> tuple[str, bytes | None, str]:
            row = connection.execute(query).first()
            if row is None:
                raise NoSuchCase(case_id)
            connection.execute(
                insert(openings).values(
                    terminal=terminal,
                    case_id=case_id,
                    id=new_id(),
                    at=self._clock.now().isoformat(),
                    user=reader.user,
                    reason=reader.reason,
                )
            )
            return row.envelope, row.kept_key, row.kept_key_id

        text, kept, kept_id = transaction(self._engine, look_up)
        envelope = Envelope.model_validate_json(text)
        keeping = self._keys.keeping_key(kept_id)
        if kept is not None and keeping is not None:
            return envelope, CaseOpener.keeping(envelope, kept, keeping.suite, keeping.secret)
        sealing = self._keys.sealing_key(envelope.key_id)
        if sealing is None:
            raise SealError("the key that this case was sealed to is not here any more")
        return envelope, CaseOpener.unwrapping(envelope, sealing.secret)
