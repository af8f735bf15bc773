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


def stripes(print_: NDArray[np.uint8]) -> float:
    """How much the rows of a picture differ from their neighbours: high where lines of print lie level."""
    rows = print_.mean(1, dtype=np.float64)
    return float(np.square(np.diff(rows)).mean() / max(rows.mean() ** 2, 1e-6))


def skew(print_: NDArray[np.uint8]) -> float:
    """Degrees by which level lines are crooked, counter-clockwise positive; 0 where turning gains nothing."""
    scale = min(1.0, 600 / max(print_.shape))
    small = np.asarray(cv2.resize(print_, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    height, width = small.shape
    plain = stripes(small)

    def at(degrees: float) -> tuple[float, float]:
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
        return stripes(np.asarray(cv2.warpAffine(small, matrix, (width, height)), np.uint8)), degrees

    best, angle = max(at(float(d)) for d in np.arange(-SKEW_RANGE, SKEW_RANGE + 1e-6, 2 * SKEW_STEP))
    best, angle = max((best, angle), at(angle - SKEW_STEP), at(angle + SKEW_STEP))
    return -angle if best > plain * GAIN else 0.0


def turned(page: Picture, degrees: float) -> Picture:
    """``page`` turned clockwise by a small angle; what comes in at the corners is the page's own edge."""
    height, width = page.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -degrees, 1.0)
    out = cv2.warpAffine(page, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(out, np.uint8)
