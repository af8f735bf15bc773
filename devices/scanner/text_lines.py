"""Lines of print on a page: which way they run, how crooked they are, and each of them cut out."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from devices.scanner.geometry import Picture

WORK = 1000
"""Pixels on the longer side that print is looked for at: letters of 10 points are 12 pixels high on an A4 page."""
SKEW_RANGE, SKEW_STEP = 5.0, 0.25
"""Degrees."""
GAIN = 1.15
"""A page is turned only if its lines stand out so much more afterwards."""


def ink(page: Picture) -> NDArray[np.uint8]:
    """Print as 255 on 0, at most WORK pixels long. Solid areas and smooth pictures are not print."""
    scale = min(1.0, WORK / max(page.shape[:2]))
    small = cv2.resize(page, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else page
    grey = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
    dark = cv2.morphologyEx(grey, cv2.MORPH_BLACKHAT, np.ones((15, 15), np.uint8))
    limit, _ = cv2.threshold(dark, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    found = np.where(dark > max(limit * 0.8, 24), 255, 0).astype(np.uint8)
    # The outermost pixels hold the page's own edge and shadow.
    edge = max(2, round(max(found.shape) * 0.012))
    found[:edge] = found[-edge:] = 0
    found[:, :edge] = found[:, -edge:] = 0
    return found


def _stripes(print_: NDArray[np.uint8]) -> float:
    """How much the rows of a picture differ from their neighbours: high where lines of print lie level."""
    rows = print_.mean(1, dtype=np.float64)
    return float(np.square(np.diff(rows)).mean() / max(rows.mean() ** 2, 1e-6))


def sideways(print_: NDArray[np.uint8]) -> bool | None:
    """Whether lines of print run up and down; None where no lines stand out either way."""
    level, upright = _stripes(print_), _stripes(np.ascontiguousarray(print_.T))
    if max(level, upright) < 0.004 or max(level, upright) < 1.25 * min(level, upright):
        return None
    return upright > level


def skew(print_: NDArray[np.uint8]) -> float:
    """Degrees by which level lines are crooked, counter-clockwise positive; 0 where turning gains nothing."""
    scale = min(1.0, 600 / max(print_.shape))
    small = np.asarray(cv2.resize(print_, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    height, width = small.shape
    plain = _stripes(small)
    best, angle = plain, 0.0
    for degrees in np.arange(-SKEW_RANGE, SKEW_RANGE + 1e-6, SKEW_STEP):
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), float(degrees), 1.0)
        stripes = _stripes(np.asarray(cv2.warpAffine(small, matrix, (width, height)), np.uint8))
        if stripes > best:
            best, angle = stripes, float(degrees)
    return -angle if best > plain * GAIN else 0.0


def turned(page: Picture, degrees: float) -> Picture:
    """``page`` turned clockwise by a small angle; what comes in at the corners is the page's own edge."""
    height, width = page.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -degrees, 1.0)
    out = cv2.warpAffine(page, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(out, np.uint8)


def boxes(print_: NDArray[np.uint8], most: int = 16) -> list[tuple[int, int, int, int]]:
    """Level lines as left, top, width, height in pixels of ``print_``; the longest ones first, at most ``most``."""
    height, width = print_.shape
    joined = cv2.morphologyEx(print_, cv2.MORPH_CLOSE, np.ones((1, max(9, width // 45)), np.uint8))
    joined = cv2.morphologyEx(joined, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    _count, _labels, stats, _centres = cv2.connectedComponentsWithStats(joined)
    found = []
    for x, y, w, h, area in stats[1:].tolist():
        if 7 <= h <= height // 12 and w >= 3.5 * h and area > 0.3 * w * h:
            found.append((x, y, w, h))
    return sorted(found, key=lambda b: -b[2])[:most]


def cut_out(page: Picture, print_: NDArray[np.uint8], high: int, wide: int, most: int = 16) -> NDArray[np.float32]:
    """Pieces of level lines, each ``high`` by ``wide``, 1 is ink and 0 is paper, shape (n, 1, high, wide)."""
    scale = page.shape[0] / print_.shape[0]
    grey = cv2.cvtColor(page, cv2.COLOR_BGR2GRAY)
    pieces = []
    for x, y, w, h in boxes(print_, most):
        margin = h * 0.18
        top, bottom = max(0, round((y - margin) * scale)), min(page.shape[0], round((y + h + margin) * scale))
        left, right = round(x * scale), round((x + w) * scale)
        strip = grey[top:bottom, left:right]
        if strip.shape[0] < 6:
            continue
        line = cv2.resize(
            strip, (max(8, round(strip.shape[1] * high / strip.shape[0])), high), interpolation=cv2.INTER_AREA
        )
        line = line[:, : wide * 3]
        for start in range(0, max(1, line.shape[1] - wide // 2), wide):
            piece = np.zeros((high, wide), np.float32)
            part = line[:, start : start + wide].astype(np.float32)
            low, top_level = np.percentile(part, (2, 90))
            piece[:, : part.shape[1]] = np.clip((top_level - part) / max(top_level - low, 20.0), 0, 1)
            pieces.append(piece)
    return np.stack(pieces)[:, None] if pieces else np.zeros((0, 1, high, wide), np.float32)
