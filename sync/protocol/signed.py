"""Signed documents that are published to terminals: service packages today, notices and updates later."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from kiosk.model.result import Err, Ok, Result
from sync.protocol.canonical import b64, canonical, digest, unb64
from sync.protocol.suites import SealError, suite


class DocumentFault(StrEnum):
    UNSIGNED = "unsigned"
    DAMAGED = "damaged"
    WRONG_SIGNATURE = "wrong_signature"
    EXPIRED = "expired"
    INVALID = "invalid"


class Manifest(BaseModel):
    """Stands beside a published file as ``NAME.sig.json`` and binds it to a publisher and an end date."""

    model_config = ConfigDict(frozen=True)

    name: str
    version: str
    digest: str
    expires: datetime
    suite: str
    key_id: str
    signature: str = ""

    def _unsigned(self) -> bytes:
        plain = self.model_dump(mode="json")
        plain.pop("signature")
        return canonical(plain)

    def signed(self, private: bytes) -> Manifest:
        return self.model_copy(update={"signature": b64(suite(self.suite).sign(private, self._unsigned()))})

    def check(self, content: bytes, public: bytes, now: datetime) -> Result[None, DocumentFault]:
        """Whether ``content`` is what the publisher with the key ``public`` signed, and still valid at ``now``."""
        if not self.signature:
            return Err(DocumentFault.UNSIGNED)
        try:
            genuine = suite(self.suite).verify(public, unb64(self.signature), self._unsigned())
        except (SealError, ValueError):
            genuine = False
        if not genuine:
            return Err(DocumentFault.WRONG_SIGNATURE)
        if digest(content) != self.digest:
            return Err(DocumentFault.DAMAGED)
        return Err(DocumentFault.EXPIRED) if now >= self.expires else Ok(None)
