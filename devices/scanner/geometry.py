"""Quadrilaterals, and what every step wants to know of a picture."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Quad = NDArray[np.float32]
"""Four corners in pixels, shape (4, 2): top left, top right, bottom right, bottom left."""
Picture = NDArray[np.uint8]

EDGE = 0.004
"""Share of the picture within which a corner touches the picture's border."""


def ordered(points: NDArray[np.float32]) -> Quad:
    """The four ``points`` in the order of ``Quad``."""
    p = points.reshape(4, 2).astype(np.float32)
    by_sum, by_difference = p.sum(1), p[:, 1] - p[:, 0]
    return p[[by_sum.argmin(), by_difference.argmin(), by_sum.argmax(), by_difference.argmax()]]


def side_lengths(quad: Quad) -> tuple[float, float]:
    """Mean width and mean height in pixels."""
    tl, tr, br, bl = quad
    return (
        float(np.linalg.norm(tr - tl) + np.linalg.norm(br - bl)) / 2,
        float(np.linalg.norm(bl - tl) + np.linalg.norm(br - tr)) / 2,
    )


def shift(a: Quad, b: Quad) -> float:
    """The largest movement of a corner, in pixels."""
    return float(np.abs(a - b).max())


def touches_edge(quad: Quad, width: int, height: int) -> bool:
    """Whether a corner lies at or beyond the picture's border: the page is cut off."""
    margin = EDGE * max(width, height)
    x, y = quad[:, 0], quad[:, 1]
    return bool((x < margin).any() or (y < margin).any() or (x > width - margin).any() or (y > height - margin).any())


def frame_of(picture: Picture) -> Quad:
    """The corners of ``picture`` itself."""
    height, width = picture.shape[:2]
    return np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)


def convex(quad: NDArray[np.floating]) -> bool:
    """Whether the corners run clockwise (y down) around a convex quadrilateral."""
    along = np.roll(quad, -1, 0) - quad
    turns = along[:, 0] * np.roll(along, -1, 0)[:, 1] - along[:, 1] * np.roll(along, -1, 0)[:, 0]
    return bool((turns > 0).all())


def around(points: NDArray[np.floating]) -> Quad:
    """The four ``points`` clockwise around their middle, from the one nearest to the left top: they never cross."""
    middle = points.mean(0)
    angles = np.arctan2(points[:, 1] - middle[1], points[:, 0] - middle[0])
    turned = points[np.argsort(angles)]
    return np.asarray(np.roll(turned, -int(turned.sum(1).argmin()), 0), np.float32)


def halved(picture: Picture) -> Picture:
    """Half the size, each pixel the mean of four. By exactly two, averaging is ten times faster than by any other
    factor; an odd last row or column is left out."""
    height, width = picture.shape[0] // 2, picture.shape[1] // 2
    even = picture[: 2 * height, : 2 * width]
    return np.asarray(cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def reduced(picture: Picture, longest: int) -> tuple[Picture, float]:
    """``picture`` with at most ``longest`` pixels on its longer side, and its size by the old one (1 if it fits)."""
    scale = 1.0
    while max(picture.shape[:2]) >= 2 * longest:
        picture, scale = halved(picture), scale / 2
    rest = longest / max(picture.shape[:2])
    if rest >= 1:
        return picture, scale
    # Between one half and one, four neighbours leave out no pixel.
    small = cv2.resize(picture, None, fx=rest, fy=rest, interpolation=cv2.INTER_LINEAR)
    return np.asarray(small, np.uint8), scale * rest


def level_of(grey: NDArray[np.uint8], share: float) -> float:
    """The value (0-255) that ``share`` of the pixels do not exceed; a histogram is ten times faster than sorting."""
    counts = np.bincount(grey.ravel(), minlength=256).cumsum()
    return float(np.searchsorted(counts, share * counts[-1]))
