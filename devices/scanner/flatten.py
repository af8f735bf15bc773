"""Curled paper made flat: its bowed edges are found beside the straight ones, and the page is laid out between them.

The four sides are curves with the same ends as the quadrilateral's; what lies between follows from them as a Coons
patch [Coons, Surfaces for Computer-Aided Design of Space Forms, 1967].
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from devices.scanner.geometry import Picture, Quad, halved
from devices.scanner.text_lines import WORK as PRINT
from devices.scanner.text_lines import ink, stripes

Floats = NDArray[np.float64]
WORK = 640
"""Pixels of the page's longer side while its edges are sought."""
BAND = 0.045
"""How far beside its straight line a bowed side is sought, as a share of the page's longer side."""
POINTS = 64
"""Places along a side."""
BENT = 0.006
"""Share of the longer side by which a side must bow; less is not seen."""
CLEARER = 1.25
"""The bowed edge must be so much clearer than the straight one; letters beside the edge are not."""
LEVELLER = 1.04
"""Where there is print, its lines must stand out so much more afterwards."""
SMOOTH = 3.0
"""Pixels that the edge may move sideways from one place to the next, at a price."""


def flattened(picture: Picture, quad: Quad, page: Picture) -> Picture | None:
    """``page``, which was straightened from ``quad`` of ``picture``, laid flat; None where that would not help."""
    height, width = page.shape[:2]
    scale = WORK / max(height, width)
    wide, high = round(width * scale), round(height * scale)
    pad = round(BAND * WORK) + 4
    inner = np.array([[0, 0], [wide, 0], [wide, high], [0, high]], np.float32)
    to_work = cv2.getPerspectiveTransform(quad.astype(np.float32), inner + pad)
    # The page itself is fine enough to be reduced quickly; around it, a coarse look is enough.
    around = cv2.warpPerspective(
        picture, to_work, (wide + 2 * pad, high + 2 * pad), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    soft = np.asarray(cv2.GaussianBlur(around, (0, 0), 1.5), np.uint8)
    sides = [_side(soft, pad, side, wide, high) for side in range(4)]
    bends = [s for s in sides if s is not None]
    if not bends or max(float(np.abs(s).max()) for s in bends) < BENT * WORK:
        return None
    bows = [np.zeros(POINTS) if s is None else s for s in sides]
    grid = _laid_out(bows, wide, high) + pad
    back = np.linalg.inv(to_work)
    there = cv2.perspectiveTransform(grid.reshape(-1, 1, 2), back).reshape(grid.shape).astype(np.float32)
    # Whether it helps is seen as well at half the size or a quarter.
    small, halvings = picture, 0
    while max(height, width) >> halvings >= 2 * PRINT:
        small, halvings = halved(small), halvings + 1
    size = (width >> halvings, height >> halvings)
    flat = _drawn(small, there / 2**halvings, *size)
    before, after = stripes(ink(page)), stripes(ink(flat))
    if after < LEVELLER * before and before != 0:
        return None
    return flat if halvings == 0 else _drawn(picture, there, width, height)


def _drawn(picture: Picture, there: NDArray[np.float32], width: int, height: int) -> Picture:
    """The flat page: ``there`` says where POINTS x POINTS even places of it lie in ``picture``."""
    # The outer places of the grid are the page's outer edges, not the middles of its outer pixels.
    apart = np.array([[(width - 1) / (POINTS - 1), 0, 0], [0, (height - 1) / (POINTS - 1), 0]])
    fine = cv2.warpAffine(there, apart, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    # Both maps are one here; the stub of OpenCV asks for two.
    flat = cv2.remap(picture, fine, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload]
    return np.asarray(flat, np.uint8)


def _side(soft: Picture, pad: int, side: int, wide: int, high: int) -> Floats | None:
    """How far the edge lies outside of the straight side (0 top, 1 right, 2 bottom, 3 left), in pixels at POINTS
    places along it; None where there is no clearer edge than the straight one."""
    turned = np.rot90(soft, side)  # the side is at the top now
    length, reach = (wide, high)[side % 2], pad - 4
    columns = np.linspace(0, length - 1, POINTS) + pad
    strip = turned[pad - reach - 2 : pad + reach + 3].astype(np.float32)
    sampled = np.stack([strip[:, int(c)] for c in columns], 1)
    # Differences along the normal; an edge of the page keeps its sign and colour over the whole side.
    slope = (sampled[2:] - sampled[:-2]).clip(-60, 60)
    mean = slope[slope.shape[0] // 2 - 2 : slope.shape[0] // 2 + 3, 2:-2].mean((0, 1))
    direction = mean / max(float(np.abs(mean).sum()), 1e-6)
    edge = np.clip(slope @ direction, 0, None)
    away = edge.argmax(0) - edge.shape[0] // 2
    if np.median(np.abs(away)) < BENT * WORK:
        return None  # most of the edge lies where the straight side is
    path = _path(edge)
    offsets = np.arange(edge.shape[0]) - edge.shape[0] // 2
    away = -offsets[path].astype(np.float64)
    bow = _fitted(away, edge[path, np.arange(POINTS)])
    along = np.clip(np.round(edge.shape[0] // 2 - bow).astype(int), 0, edge.shape[0] - 1)
    bent, straight = (_support(edge, rows) for rows in (along, np.full(POINTS, edge.shape[0] // 2)))
    return bow if bent > CLEARER * straight + 0.5 else None


def _path(edge: NDArray[np.float32]) -> NDArray[np.intp]:
    """The row of the strongest edge at each place, as one smooth path (dynamic programming)."""
    rows, places = edge.shape
    steps = np.arange(-int(SMOOTH), int(SMOOTH) + 1)
    total, came = edge[:, 0].copy(), np.zeros((places, rows), np.intp)
    for n in range(1, places):
        choices = np.stack([np.roll(total, s) - 1.5 * abs(s) for s in steps])
        for i, s in enumerate(steps):
            if s > 0:
                choices[i, :s] = -np.inf
            elif s < 0:
                choices[i, s:] = -np.inf
        best = choices.argmax(0)
        came[n] = np.arange(rows) - steps[best]
        total = choices[best, np.arange(rows)] + edge[:, n]
    path = np.zeros(places, np.intp)
    path[-1] = int(total.argmax())
    for n in range(places - 1, 0, -1):
        path[n - 1] = came[n, path[n]]
    return path


def _fitted(away: Floats, weight: NDArray[np.float32]) -> Floats:
    """A cubic that is 0 at both corners, through what was found; twice, the second time without what lies off it."""
    t = np.linspace(0, 1, POINTS)
    shape = np.stack([t * (1 - t), t * t * (1 - t)], 1)
    trust = np.asarray(weight, np.float64) + 1e-3
    curve = np.zeros(POINTS)
    for _ in range(2):
        rows = shape * trust[:, None]
        answer = np.linalg.lstsq(rows.T @ shape, rows.T @ away, rcond=None)[0]
        curve = shape @ answer
        trust = trust * (np.abs(away - curve) < 4)
        if trust.sum() <= 0:
            break
    return np.asarray(curve, np.float64)


def _support(edge: NDArray[np.float32], rows: NDArray[np.intp]) -> float:
    near = [edge[np.clip(rows + d, 0, edge.shape[0] - 1), np.arange(POINTS)] for d in (-1, 0, 1)]
    return float(np.maximum.reduce(near)[3:-3].mean())


def _laid_out(bows: list[Floats], wide: int, high: int) -> Floats:
    """Where POINTS x POINTS even places of the flat page lie between the four curves; x, y in pixels."""
    t = np.linspace(0, 1, POINTS)
    top = np.stack([t * wide, -bows[0]], 1)
    right = np.stack([wide + bows[1], t * high], 1)
    bottom = np.stack([t * wide, high + bows[2][::-1]], 1)
    left = np.stack([-bows[3][::-1], t * high], 1)
    u, v = t[None, :, None], t[:, None, None]
    ruled = (1 - v) * top[None] + v * bottom[None] + (1 - u) * left[:, None] + u * right[:, None]
    corners = np.array([[0, 0], [wide, 0], [0, high], [wide, high]], np.float64)
    bilinear = (1 - u) * (1 - v) * corners[0] + u * (1 - v) * corners[1] + (1 - u) * v * corners[2] + u * v * corners[3]
    return np.asarray(ruled - bilinear, np.float64)
