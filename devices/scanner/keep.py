"""Pages as they are kept: a watermark that names their purpose, and a JPEG within a budget.

Everything happens in memory: a page on disk in the clear, even for a moment, would stay in its free blocks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from devices.scanner.geometry import Picture
from devices.scanner.proportions import A4, Paper

BUDGET = 400_000
"""Bytes of a page of A4 in colour; of smaller pages in proportion to their pixels, but not below LEAST."""
LEAST = 60_000
ENOUGH = 2_000_000
"""Pixels of a page that may use the whole budget."""
QUALITIES = {85: 1.0, 78: 0.72, 70: 0.54, 62: 0.42, 54: 0.34}
"""And the least bytes, as a share of the first's, that pages were seen to have: what cannot fit is not tried."""
COARSEST = min(QUALITIES)
MOST_DPI = 200
"""Print of 6 points stays readable at it; a page of A4 has 1654 x 2339 pixels."""
MOST_PIXELS = 1654 * 2339
"""Of a page of unknown size: more would only be kept more coarsely."""
MARK = 0.16
"""How dark the watermark is, as a share of full ink: seen on white paper, no letter under it is lost."""


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
    pixels = page.shape[0] * page.shape[1]
    if dpi > MOST_DPI:
        page, dpi = _shrunk(page, MOST_DPI / dpi), MOST_DPI
    elif not dpi and pixels > MOST_PIXELS:
        page = _shrunk(page, math.sqrt(MOST_PIXELS / pixels))
    if mark and font is not None:
        page = watermarked(page, mark, font)
    height, width = page.shape[:2]
    whole = paper is not None and paper.long >= A4.long
    allowed = budget if whole else max(LEAST, round(budget * min(1.0, width * height / ENOUGH)))
    jpeg, room = b"", 1.0
    for quality, share in QUALITIES.items():
        if share > room and quality != COARSEST:
            continue
        jpeg = _encoded(page, quality)
        if len(jpeg) <= allowed:
            return Kept(jpeg, width, height, dpi)
        room = min(room, share * allowed / len(jpeg))
    # A page full of fine pattern, a banknote say: fewer pixels keep more of it than still coarser ones.
    shrink = math.sqrt(allowed / len(jpeg)) * 0.95
    smaller = _shrunk(page, shrink)
    return Kept(_encoded(smaller, COARSEST), smaller.shape[1], smaller.shape[0], dpi * shrink)


def _shrunk(page: Picture, factor: float) -> Picture:
    return np.asarray(cv2.resize(page, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), np.uint8)


def _encoded(page: Picture, quality: int) -> bytes:
    _good, data = cv2.imencode(".jpg", page, [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_OPTIMIZE, 1])
    return bytes(data.tobytes())
