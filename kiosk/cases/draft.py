"""The draft: everything of one matter while the citizen works on it. It lives in memory and in a sealed copy."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from kiosk.forms.rules import Answers
from kiosk.model.identity import IdentityDocument
from kiosk.model.page import Page
from sync.protocol.canonical import canonical, digest


class Signature(BaseModel):
    """A finger signature: strokes of points ``[x, y]`` in fractions of the pad's width, and what it was put under."""

    model_config = ConfigDict(frozen=True)

    strokes: list[list[tuple[float, float]]]
    aspect: float
    signed: str


class Draft(BaseModel):
    """One matter in the making. ``case_id`` is fixed from the start: it makes submitting idempotent."""

    case_id: str
    service: str
    identity: IdentityDocument | None = None
    answers: Answers = {}
    pages: list[Page] = []
    promises: set[str] = set()
    signature: Signature | None = None

    def page_counts(self) -> dict[str, int]:
        counts: dict[str, int] = {}
        for page in self.pages:
            counts[page.material] = counts.get(page.material, 0) + 1
        return counts

    def content_digest(self) -> str:
        """Digest of what a signature is put under: answers, promises and pages."""
        return digest(
            canonical(
                {
                    "case": self.case_id,
                    "service": self.service,
                    "answers": dict(self.answers),
                    "promises": sorted(self.promises),
                    "pages": [p.sha256 for p in self.pages],
                }
            )
        )

    def signature_valid(self) -> bool:
        """Whether there is a signature under just what the draft holds now."""
        return self.signature is not None and self.signature.signed == self.content_digest()
