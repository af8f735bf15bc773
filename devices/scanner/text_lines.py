"""Lines of print on a page, and how crooked they are."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from devices.scanner.geometry import Picture, reduced

WORK = 1000
"""Pixels on the longer side that print is looked for at: letters of 10 points are 12 pixels high on an A4 page."""
SKEW_RANGE, SKEW_STEP = 5.0, 0.25
"""Degrees."""
GAIN = 1.15
"""A page is turned only if its lines stand out so much more afterwards."""
LOWEST, HIGHEST, WIDEST, LEAST = 0.005, 0.04, 0.25, 8
"""A letter's height and width as shares of the page's longer side, and its least area in pixels."""
MOST_LETTERS = 1000
"""From the top of the page; what stands below says nothing new, and neighbours are sought among all pairs."""


def ink(page: Picture) -> NDArray[np.uint8]:
    """Print as 255 on 0, at most WORK pixels long. Solid areas and smooth pictures are not print."""
    small, _scale = reduced(page, WORK)
    grey = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
    dark = cv2.morphologyEx(grey, cv2.MORPH_BLACKHAT, np.ones((15, 15), np.uint8))
    limit, _ = cv2.threshold(dark, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    found = np.where(dark > max(limit * 0.8, 24), 255, 0).astype(np.uint8)
    # The outermost pixels hold the page's own edge and shadow.
    edge = max(2, round(max(found.shape) * 0.012))
    found[:edge] = found[-edge:] = 0
    found[:, :edge] = found[:, -edge:] = 0
    return found


def letters_in_lines(page: Picture) -> int:
    """How many letters, or parts of them, have another of like height at both sides, as print has and hair or leaves
    have not: 90 and more on forms and letters, none on 180 drawn photographs, at most 39 on 60 drawn surfaces."""
    print_ = ink(page)
    _count, _labels, stats, _ = cv2.connectedComponentsWithStats(print_)
    x, y, w, h, area = (stats[1:, i].astype(np.float32) for i in range(5))
    size = max(print_.shape)
    fits = (h >= LOWEST * size) & (h <= HIGHEST * size) & (w <= WIDEST * size) & (area >= LEAST)
    x, y, w, h = (v[fits][:MOST_LETTERS] for v in (x, y, w, h))
    middle, tall, low = y + h / 2, np.maximum.outer(h, h), np.minimum.outer(h, h)
    gap = x[None, :] - (x + w)[:, None]
    follows = (gap > -0.2 * tall) & (gap < 1.5 * tall) & (x[None, :] > x[:, None]) & (low > 0.5 * tall)
    follows &= np.abs(np.subtract.outer(middle, middle)) < 0.35 * tall
    return int((follows.any(0) & follows.any(1)).sum())


def stripes(print_: NDArray[np.uint8]) -> float:
    """How much the rows of a picture differ from their neighbours: high where lines of print lie level."""
    rows = print_.mean(1, dtype=np.float64)
    return float(np.square(np.diff(rows)).mean() / max(rows.mean() ** 2, 1e-6))


def skew(print_: NDArray[np.uint8]) -> float:
    """Degrees by which level lines are crooked, counter-clockwise positive; 0 where turning gains nothing."""
    scale = min(1.0, 600 / max(print_.shape))
    small = np.asarray(cv2.resize(print_, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    plain = stripes(small)
    # Where about is told by a quarter of the pixels, how exactly by all of them.
    coarse = np.asarray(cv2.resize(small, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)
    _best, angle = max(_at(coarse, float(d)) for d in np.arange(-SKEW_RANGE, SKEW_RANGE + 1e-6, 2 * SKEW_STEP))
    best, angle = max(_at(small, angle + n * SKEW_STEP) for n in range(-2, 3))
    return -angle if best > plain * GAIN else 0.0


def _at(print_: NDArray[np.uint8], degrees: float) -> tuple[float, float]:
    """How level the lines lie after a turn by ``degrees``, and ``degrees``."""
    height, width = print_.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    return stripes(np.asarray(cv2.warpAffine(print_, matrix, (width, height)), np.uint8)), degrees


def turned(page: Picture, degrees: float) -> Picture:
    """``page`` turned clockwise by a small angle; what comes in at the corners is the page's own edge."""
    height, width = page.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -degrees, 1.0)
    out = cv2.warpAffine(page, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(out, np.uint8)
