"""Quadrilaterals, and what every step wants to know of a picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Quad = NDArray[np.float32]
"""Four corners in pixels, shape (4, 2): top left, top right, bottom right, bottom left."""
Picture = NDArray[np.uint8]


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


def level_of(grey: NDArray[np.uint8], share: float) -> float:
    """The value (0-255) that ``share`` of the pixels do not exceed; a histogram is ten times faster than sorting."""
    counts = np.bincount(grey.ravel(), minlength=256).cumsum()
    return float(np.searchsorted(counts, share * counts[-1]))
