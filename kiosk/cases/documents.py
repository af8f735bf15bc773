"""From scanned pages to what is handed in: one PDF/A of each paper."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass

from kiosk.cases.draft import Draft
from kiosk.catalogue.package import ServicePackage
from kiosk.forms.spec import MaterialSpec


@dataclass(frozen=True)
class _Sheet:
    jpeg: bytes
    width: int
    height: int
    dpi: float


def documents_of(draft: Draft, package: ServicePackage) -> dict[str, bytes]:
    """A PDF/A-2b of each scanned material, by its id. The sides of a card share one sheet, at true size,
    where that is known.

    Raises ``kiosk.cases.pdf.NotArchived``; nothing is written to disk.
    """
    # Imported with the first paper, not with the program: PDF libraries cost a start of 0.2 s.
    from kiosk.cases.pdf import as_pdf, on_one_sheet, one_sheet_holds

    made = {}
    for material in _scanned(draft, package.form.materials):
        pages = [_Sheet(p.image, p.width, p.height, p.dpi) for p in draft.pages if p.material == material.id]
        title = f"{material.label('zh')} · {package.title('zh')}"
        # A side that was taken as it is, without a page being found, has no known size: it keeps a page of its own.
        sheet = material.shape == "card" and len(pages) > 1 and one_sheet_holds(pages)
        made[material.id] = on_one_sheet(pages, title) if sheet else as_pdf(pages, title)
    return made


def _scanned(draft: Draft, materials: Iterable[MaterialSpec]) -> list[MaterialSpec]:
    counts = draft.page_counts()
    return [m for m in materials if counts.get(m.id)]


def warm_up() -> None:
    """Load what ``documents_of`` needs, beside the first scan, so that handing in does not wait for it."""

    def load() -> None:
        import kiosk.cases.pdf  # noqa: F401

    threading.Thread(target=load, name="documents", daemon=True).start()
