"""A scanned page, and the papers that make up one material of a case."""

from __future__ import annotations

import hashlib
from functools import cached_property

from pydantic import BaseModel, ConfigDict


class Page(BaseModel):
    """One scanned page. ``image`` is a JPEG; ``width`` and ``height`` are its pixels, ``dpi`` 0 where its size is not
    known; ``codes`` are the texts of the QR codes and barcodes printed on it."""

    model_config = ConfigDict(frozen=True, ser_json_bytes="base64", val_json_bytes="base64")

    page_id: str
    material: str
    width: int
    height: int
    dpi: int = 0
    image: bytes
    codes: list[str] = []

    @cached_property
    def sha256(self) -> str:
        """The digest of ``image`` as the protocol writes it. A page never changes, so it is hashed once."""
        return f"sha256:{hashlib.sha256(self.image).hexdigest()}"
