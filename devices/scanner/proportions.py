"""True proportions of a page that was photographed at an angle.

Which rectangle a quadrilateral shows follows from its vanishing points, for a camera with square pixels whose axis
goes through the picture's middle [Zhang and He, Whiteboard Scanning and Image Enhancement, 2007, section 3.3].
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from devices.scanner.geometry import Picture, Quad, side_lengths


@dataclass(frozen=True)
class Paper:
    """A size of paper: name, shorter and longer side in millimetres."""

    name: str
    short: float
    long: float

    @property
    def ratio(self) -> float:
        return self.long / self.short


A4 = Paper("a4", 210, 297)
A5 = Paper("a5", 148, 210)
CARD = Paper("card", 53.98, 85.6)  # ISO/IEC 7810 ID-1
PASSPORT = Paper("passport", 88, 125)  # ISO/IEC 7810 ID-3, one page
PHOTO = Paper("photo", 33, 48)  # the common photograph of Chinese papers
EXPECTED = {"a4": (A4, A5), "card": (CARD,), "photo": (PHOTO, Paper("photo", 35, 49), Paper("photo", 26, 32))}
RECEIPT = "receipt"
ROLLS = (58, 80)
"""Widths of till rolls in millimetres; a receipt is as long as it is. Of an unknown size it is of the wider roll."""
STRIP = 1.2
"""Length by width from which a paper is a strip."""
ALL = (A4, A5, CARD, PASSPORT)
LIKE_A4 = (A5, PASSPORT)
"""Have the proportions of A4, and are told from it by their size alone."""
SURE, EXPECTED_TOLERANCE = 0.03, 0.06
"""Relative error of the ratio up to which a page is taken for a size of paper: of any, and of the one asked for."""
SIZE = 0.16
"""Relative error of a measured side up to which a page may still be a size of paper."""
USUAL_FOCAL, SHORTEST, LONGEST = 1.2, 0.4, 8.0
"""Focal length by the picture's longer side: of most cameras, and the limits of what is believed of a picture."""
FLAT = 3e-4
"""Below it two sides are so nearly parallel in the picture that it does not tell the focal length."""
STRANGE = 3.0
"""A ratio that differs from the plain sides' by more than this factor is not believed."""


def true_ratio(quad: Quad, width: int, height: int) -> float:
    """Width by height of the rectangle that ``quad`` shows, in a picture of ``width`` by ``height`` pixels."""
    plain = side_lengths(quad)
    simple = plain[0] / max(plain[1], 1e-6)
    middle = np.array([width / 2, height / 2])
    scale = max(width, height)
    tl, tr, br, bl = (np.append((p - middle) / scale, 1.0) for p in quad.astype(np.float64))
    k2 = _triple(tl, br, bl) / _safe(_triple(tr, br, bl))
    k3 = _triple(tl, br, tr) / _safe(_triple(bl, br, tr))
    n2, n3 = k2 * tr - tl, k3 * bl - tl
    focal2 = USUAL_FOCAL**2
    if abs(n2[2] * n3[2]) > FLAT:
        told = -(n2[0] * n3[0] + n2[1] * n3[1]) / (n2[2] * n3[2])
        focal2 = told if SHORTEST**2 < told < LONGEST**2 else focal2
    across = (n2[0] ** 2 + n2[1] ** 2) / focal2 + n2[2] ** 2
    down = (n3[0] ** 2 + n3[1] ** 2) / focal2 + n3[2] ** 2
    ratio = math.sqrt(across / max(down, 1e-12))
    return ratio if simple / STRANGE < ratio < simple * STRANGE else simple


def _triple(a: NDArray[np.float64], b: NDArray[np.float64], c: NDArray[np.float64]) -> float:
    return float(np.dot(np.cross(a, b), c))


def _safe(value: float) -> float:
    return value if abs(value) > 1e-12 else 1e-12


def paper_of(ratio: float, shape: str, long_mm: float = 0.0) -> Paper | None:
    """The size of paper whose proportions ``ratio`` (width by height, either way up) are; None: none, a free shape.

    ``shape`` is what the step asks for (``a4``, ``card``, ``photo``, ``receipt``); anything else asks for nothing.
    ``long_mm`` is the longer side as it was measured on a bed of known scale; 0: not known.
    """
    upright = max(ratio, 1 / ratio)
    if shape == RECEIPT:
        return receipt_of(upright, long_mm)
    for papers, tolerance in ((EXPECTED.get(shape, ()), EXPECTED_TOLERANCE), (ALL, SURE)):
        fits = [(abs(upright / p.ratio - 1), p) for p in papers if _may_be(p, long_mm)]
        best = min(fits, key=lambda f: f[0], default=None)
        if best is not None and best[0] <= tolerance:
            return best[1]
    return None


def receipt_of(ratio: float, long_mm: float = 0.0) -> Paper | None:
    """A receipt of the true proportions ``ratio`` (length by width); None where it is no strip of any till roll."""
    roll = min(ROLLS, key=lambda r: abs(long_mm / ratio - r)) if long_mm else max(ROLLS)
    if ratio < STRIP or (long_mm and abs(long_mm / ratio / roll - 1) > SIZE):
        return None
    return Paper(RECEIPT, roll, roll * ratio)


def _may_be(paper: Paper, long_mm: float) -> bool:
    """Whether a page may be ``paper`` by its size. Of an unknown size it is the commonest paper of its proportions."""
    return abs(long_mm / paper.long - 1) <= SIZE if long_mm else paper not in LIKE_A4


def rectified(
    picture: Picture, quad: Quad, shape: str, longest: int = 0, px_per_mm: float = 0.0
) -> tuple[Picture, Paper | None]:
    """The page inside ``quad`` with its true proportions, and which size of paper it is.

    No pixel is made up: the longer side has as many as it has in the picture, or ``longest`` if that is fewer.
    ``px_per_mm``: the scale of the bed in ``picture``; 0: not known.
    """
    height, width = picture.shape[:2]
    ratio = true_ratio(quad, width, height)
    tl, tr, br, bl = quad
    sides = (np.linalg.norm(tr - tl), np.linalg.norm(br - bl), np.linalg.norm(bl - tl), np.linalg.norm(br - tr))
    long = max(float(s) for s in sides)
    paper = paper_of(ratio, shape, long / px_per_mm if px_per_mm else 0.0)
    if paper is not None:
        ratio = paper.ratio if ratio >= 1 else 1 / paper.ratio
    long = min(long, longest) if longest else long
    wide, high = (long, long / ratio) if ratio >= 1 else (long * ratio, long)
    out = (max(16, round(wide)), max(16, round(high)))
    target = np.array([[0, 0], [out[0], 0], [out[0], out[1]], [0, out[1]]], np.float32)
    matrix = cv2.getPerspectiveTransform(quad.astype(np.float32), target)
    page = cv2.warpPerspective(picture, matrix, out, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(page, np.uint8), paper
