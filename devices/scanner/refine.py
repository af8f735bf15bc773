"""Sharper corners: a second look at the page's own box, and sides moved onto the straight edge beside them."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from devices.scanner.geometry import Picture, Quad, convex

MARGIN = 0.12
"""The second look sees the page's box enlarged by this share of its sides: what the network was trained on."""
LONG = 900.0
"""Pixels that the page's longest side has while its edges are sought."""
BAND = 0.008
"""Half width of the search, as a share of the page's longest side; wider bands catch text lines and folds."""
RISE = 1.15
"""A side moves only if its edge support grows by this factor."""

Point = NDArray[np.float64]


def second_look(net: Callable[[Picture], tuple[Quad, float]], picture: Picture, quad: Quad) -> tuple[Quad, float]:
    """The corners as the network sees them in the box around ``quad`` (pixels of ``picture``), and presence there;
    a box too small to look at agrees with the first look."""
    low, high = quad.min(0), quad.max(0)
    room = (high - low) * MARGIN
    x0, y0 = (int(v) for v in np.maximum(low - room, 0))
    x1, y1 = (int(v) for v in np.minimum(high + room, (picture.shape[1], picture.shape[0])))
    if x1 - x0 < 32 or y1 - y0 < 32:
        return quad, 1.0
    found, presence = net(np.ascontiguousarray(picture[y0:y1, x0:x1]))
    # A second look that sees no quadrilateral at all saw something else.
    return np.asarray(found + np.array([x0, y0]), np.float32) if convex(found) else quad, presence


def on_edges(picture: Picture, quad: Quad) -> Quad:
    """Each side on the strongest straight edge within ``BAND`` of it; a side without a clear one stays."""
    longest = float(np.linalg.norm(np.roll(quad, -1, 0) - quad, axis=1).max())
    scale = min(1.0, LONG / max(longest, 1.0))
    pad = BAND * longest * 3
    x0, y0 = (int(v) for v in np.maximum(quad.min(0) - pad, 0))
    x1, y1 = (int(v) for v in np.minimum(quad.max(0) + pad, (picture.shape[1], picture.shape[0])))
    if x1 - x0 < 8 or y1 - y0 < 8:
        return quad
    # By less than a half, linear interpolation would leave pixels out.
    way = cv2.INTER_LINEAR if scale >= 0.5 else cv2.INTER_AREA
    box = cv2.resize(picture[y0:y1, x0:x1], None, fx=scale, fy=scale, interpolation=way)
    part = np.asarray(cv2.GaussianBlur(box, (0, 0), 1.0), np.uint8)
    corners = (quad - (x0, y0)).astype(np.float64) * scale
    band = BAND * longest * scale
    lines = [_best_side(part, corners[i], corners[(i + 1) % 4], band) for i in range(4)]
    moved = np.array([_cross(*lines[i - 1], *lines[i]) for i in range(4)])
    if np.isnan(moved).any() or np.linalg.norm(moved - corners, axis=1).max() > 3 * band:
        return quad
    return np.asarray(moved / scale + (x0, y0), np.float32)


def _best_side(part: Picture, a: Point, b: Point, band: float) -> tuple[Point, Point]:
    """Two points of the best line near ``a``-``b``."""
    along = b - a
    normal = np.array([-along[1], along[0]]) / max(float(np.linalg.norm(along)), 1e-6)
    reach = max(3, round(band))
    t = np.linspace(0.06, 0.94, 96)
    offsets = np.arange(-reach - 1, reach + 2)
    points = (a + along * t[:, None])[:, None] + normal * offsets[None, :, None]
    x, y = points[..., 0].astype(np.float32), points[..., 1].astype(np.float32)
    strip = cv2.remap(part, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
    slope = (strip[:, 2:] - strip[:, :-2]).clip(-40, 40)
    ends = np.arange(-reach, reach + 1)
    first, last = np.meshgrid(ends, ends, indexing="ij")
    path = np.round(first[..., None] * (1 - t) + last[..., None] * t).astype(int) + reach
    along_path = slope[np.arange(len(t)), path]
    # An edge of the page keeps its sign over the whole side; letters and grain do not.
    support = np.abs(along_path.mean(2)).sum(2)
    support = support * np.exp(-(first**2 + last**2) / (2 * (1.2 * reach) ** 2))
    best = np.unravel_index(int(support.argmax()), support.shape)
    if float(support[best]) < RISE * float(support[reach, reach]) + 1.0:
        return a, b
    i, j = int(first[best]), int(last[best])
    return a + normal * i, b + normal * j


def _cross(a: Point, b: Point, c: Point, d: Point) -> Point:
    """Where the lines a-b and c-d meet; NaN if they are parallel."""
    r, s = b - a, d - c
    cross = r[0] * s[1] - r[1] * s[0]
    if abs(cross) < 1e-9:
        return np.full(2, np.nan)
    t = ((c - a)[0] * s[1] - (c - a)[1] * s[0]) / cross
    return np.asarray(a + t * r, np.float64)
