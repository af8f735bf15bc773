"""Pages as they are kept: a watermark that names their purpose, a JPEG within a budget, a PDF/A-2b of several.

Everything happens in memory: a page on disk in the clear, even for a moment, would stay in its free blocks.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import img2pdf
import numpy as np
import pikepdf
from pikepdf import pdfa
from PIL import Image, ImageDraw, ImageFont

from devices.scanner.geometry import Picture
from devices.scanner.proportions import A4, Paper

BUDGET = 400_000
"""Bytes of a page of A4 in colour; of smaller pages in proportion to their pixels, but not below LEAST."""
LEAST = 60_000
ENOUGH = 2_000_000
"""Pixels of a page that may use the whole budget."""
QUALITIES = (85, 78, 70, 62, 54)
MOST_DPI = 200
"""Print of 6 points stays readable at it; a page of A4 has 1654 x 2339 pixels."""
DEFAULT_DPI = 200
MARK = 0.16
"""How dark the watermark is, as a share of full ink: seen on white paper, no letter under it is lost."""
FLAVOUR = "2b"
POINTS = 72.0
GAP_MM = 25.0
"""Between the sides of a card, and above the first."""


class NotArchived(Exception):
    """The file that was made is no PDF/A; says which rules it breaks."""


@dataclass(frozen=True)
class Kept:
    """A page as a JPEG without any metadata. ``dpi`` is 0 where the paper's size is not known."""

    jpeg: bytes
    width: int
    height: int
    dpi: float


def watermarked(page: Picture, text: str, font: Path) -> Picture:
    """``page`` with ``text`` across it in pale grey, again and again, so that no part can be used without it."""
    if not text:
        return page
    height, width = page.shape[:2]
    size = max(12, round(math.hypot(width, height) / 48))
    letters = ImageFont.truetype(str(font), size)
    row = Image.new("L", (math.ceil(letters.getlength(text)) + size * 4, round(size * 3.5)), 0)
    ImageDraw.Draw(row).text((size, size), text, fill=255, font=letters)
    once = np.asarray(row, np.uint8)
    once = np.vstack([once, np.roll(once, once.shape[1] // 2, axis=1)])
    side = math.ceil(math.hypot(width, height)) + 2
    rows, columns = -(-side // once.shape[0]), -(-side // once.shape[1])
    cloth = np.tile(once, (rows, columns))[:side, :side]
    turn = cv2.getRotationMatrix2D((side / 2, side / 2), 28, 1.0)
    turn[:, 2] += (width - side) / 2, (height - side) / 2
    ink = cv2.warpAffine(cloth, turn, (width, height), flags=cv2.INTER_LINEAR)
    shade = cv2.convertScaleAbs(ink, alpha=-MARK, beta=255)
    return np.asarray(cv2.multiply(page, cv2.merge([shade] * 3), scale=1 / 255), np.uint8)


def as_jpeg(
    page: Picture,
    paper: Paper | None,
    mark: str = "",
    font: Path | None = None,
    budget: int = BUDGET,
    dpi: float = 0.0,
) -> Kept:
    """``page`` (BGR) as a JPEG of at most ``budget`` bytes for a whole A4, smaller pages in proportion.

    ``mark`` is the watermark, written in ``font``; none where either is missing. ``dpi`` is what a calibrated camera
    says of a page whose size of paper is not known; 0: nothing.
    """
    if paper is not None:
        dpi = max(page.shape[:2]) / (paper.long / 25.4)
    if dpi > MOST_DPI:
        page, dpi = _shrunk(page, MOST_DPI / dpi), MOST_DPI
    if mark and font is not None:
        page = watermarked(page, mark, font)
    height, width = page.shape[:2]
    whole = paper is not None and paper.long >= A4.long
    allowed = budget if whole else max(LEAST, round(budget * min(1.0, width * height / ENOUGH)))
    for quality in QUALITIES:
        jpeg = _encoded(page, quality)
        if len(jpeg) <= allowed:
            return Kept(jpeg, width, height, dpi)
    # A page full of fine pattern, a banknote say: fewer pixels keep more of it than still coarser ones.
    shrink = math.sqrt(allowed / len(jpeg)) * 0.95
    smaller = _shrunk(page, shrink)
    return Kept(_encoded(smaller, QUALITIES[-1]), smaller.shape[1], smaller.shape[0], dpi * shrink)


def _shrunk(page: Picture, factor: float) -> Picture:
    return np.asarray(cv2.resize(page, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), np.uint8)


def _encoded(page: Picture, quality: int) -> bytes:
    _good, data = cv2.imencode(".jpg", page, [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_OPTIMIZE, 1])
    return bytes(data.tobytes())


def as_pdf(pages: Sequence[Kept], title: str) -> bytes:
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


def on_one_sheet(sides: Sequence[Kept], title: str) -> bytes:
    """``sides`` of a card one below the other on one sheet of A4, each at its true size; PDF/A-2b.

    Raises NotArchived, and ValueError without sides or where they do not fit on the sheet.
    """
    if not sides:
        raise ValueError("a sheet needs a side")
    width, height = (mm / 25.4 * POINTS for mm in (A4.short, A4.long))
    gap = GAP_MM / 25.4 * POINTS
    with pikepdf.new() as whole:
        whole.add_blank_page(page_size=(width, height))
        top = height - gap
        for side in sides:
            dpi = side.dpi or DEFAULT_DPI
            wide, high = side.width / dpi * POINTS, side.height / dpi * POINTS
            if wide > width or top - high < 0:
                raise ValueError("the sides do not fit on one sheet")
            left = (width - wide) / 2
            with _single(side) as one:
                whole.pages[0].add_overlay(one.pages[0], pikepdf.Rectangle(left, top - high, left + wide, top))
            top -= high + gap
        return _archived(whole, title)


def _single(page: Kept) -> pikepdf.Pdf:
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
