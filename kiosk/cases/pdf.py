"""Scanned pages as PDF/A-2b, in memory.

A page on disk in the clear, even for a moment, would stay in its free blocks.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Protocol

import img2pdf
import pikepdf
from pikepdf import pdfa

FLAVOUR = "2b"
DEFAULT_DPI = 200
POINTS = 72.0
A4_MM = (210.0, 297.0)
GAP_MM = 25.0
"""Between the sides of a card, and above the first."""


class NotArchived(Exception):
    """The file that was made is no PDF/A; says which rules it breaks."""


class Jpeg(Protocol):
    """A page as a JPEG of ``width`` by ``height`` pixels; ``dpi`` is 0 where the paper's size is not known."""

    @property
    def jpeg(self) -> bytes: ...
    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def dpi(self) -> float: ...


def as_pdf(pages: Sequence[Jpeg], title: str) -> bytes:
    """``pages`` as one PDF/A-2b, each at its true size where that is known.

    Raises NotArchived, and ValueError without pages. The JPEG streams go into the file as they are, and the file
    that comes out is validated, not the one that was meant.
    """
    if not pages:
        raise ValueError("a PDF needs a page")
    with pikepdf.new() as whole:
        for page in pages:
            with _single(page) as one:
                whole.pages.extend(one.pages)
        return _archived(whole, title)


def on_one_sheet(sides: Sequence[Jpeg], title: str) -> bytes:
    """``sides`` of a card one below the other on one sheet of A4, each at its true size; PDF/A-2b.

    Raises NotArchived, and ValueError without sides or where they do not fit on the sheet: ask ``one_sheet_holds``.
    """
    if not sides:
        raise ValueError("a sheet needs a side")
    if not one_sheet_holds(sides):
        raise ValueError("the sides do not fit on one sheet")
    width, height = (mm / 25.4 * POINTS for mm in A4_MM)
    gap = GAP_MM / 25.4 * POINTS
    with pikepdf.new() as whole:
        whole.add_blank_page(page_size=(width, height))
        top = height - gap
        for side in sides:
            wide, high = side.width / side.dpi * POINTS, side.height / side.dpi * POINTS
            left = (width - wide) / 2
            with _single(side) as one:
                whole.pages[0].add_overlay(one.pages[0], pikepdf.Rectangle(left, top - high, left + wide, top))
            top -= high + gap
        return _archived(whole, title)


def one_sheet_holds(sides: Sequence[Jpeg]) -> bool:
    """Whether the size of every side is known, and they fit on one sheet of A4 at that size."""
    if not all(side.dpi for side in sides):
        return False
    wide = max(side.width / side.dpi for side in sides) * 25.4
    high = sum(side.height / side.dpi * 25.4 + GAP_MM for side in sides)
    return wide <= A4_MM[0] and high <= A4_MM[1]


def _single(page: Jpeg) -> pikepdf.Pdf:
    """One page with the JPEG stream as it is, at its size where that is known."""
    dpi = page.dpi or DEFAULT_DPI
    layout = img2pdf.get_fixed_dpi_layout_fun((dpi, dpi))
    return pikepdf.open(io.BytesIO(img2pdf.convert(page.jpeg, layout_fun=layout, nodate=True)))


def _archived(whole: pikepdf.Pdf, title: str) -> bytes:
    with whole.open_metadata() as meta:
        meta["dc:title"] = title
    pdfa.prepare(whole, FLAVOUR)
    arguments = pdfa.resolve_save_kwargs(FLAVOUR)
    plain = io.BytesIO()
    whole.save(plain, **arguments)
    plain.seek(0)
    report = pdfa.validate_written(plain, FLAVOUR, arguments)
    if not report.passed:
        raise NotArchived(str(report)[:300])
    return plain.getvalue()
