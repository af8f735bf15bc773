"""Cuts strips for the network out of a picture."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from devices.scanner.geometry import Picture
from devices.scanner.mrz.lines_net import CAP, HEIGHT, STRIDE
from devices.scanner.mrz.zones import Line

WIDEST = 1400
"""Columns of a strip: 44 characters of twice the common pitch."""
SHARPEST = 1.3
"""Picture pixels a strip pixel beyond which the picture is smoothed first, against aliasing."""

Array = NDArray[np.float32]


def strip_width(lines: list[Line], margin: float) -> int:
    """Columns that hold the longest of ``lines`` and ``margin`` capital heights on both sides."""
    longest = max(line.length / line.cap + 2 * margin for line in lines)
    return min(WIDEST, -(-int(np.ceil(longest * CAP)) // 16) * 16)


def cut_strips(grey: Picture, lines: list[Line], margin: float, width: int, shift: float = 0.0) -> Array:
    """(n, 24, ``width``): each line with its capitals 15 rows high, ``margin`` capital heights before its begin.

    ``shift``: how far down the strips are moved, in strip pixels.
    """
    return np.stack([_cut(grey, line, margin, width, shift) for line in lines])


def _cut(grey: Picture, line: Line, margin: float, width: int, shift: float) -> Array:
    unit = line.cap / CAP  # picture pixels a strip pixel
    along = (np.arange(width, dtype=np.float64) + 0.5) * unit - margin * line.cap
    # A bend is known where there is print; beyond, it would run away.
    bend = np.polyval(line.bend, np.clip(along, 0, line.length)) if line.bend else np.zeros(width)
    across = (np.arange(HEIGHT, dtype=np.float64) + 0.5 - HEIGHT / 2 + shift) * unit
    offset = across[:, None] + bend[None]
    x = line.begin[0] + along[None] * line.along[0] + offset * line.down[0]
    y = line.begin[1] + along[None] * line.along[1] + offset * line.down[1]
    left, top = int(max(0, x.min() - 4 * unit)), int(max(0, y.min() - 4 * unit))
    region = grey[top : int(y.max() + 4 * unit) + 2, left : int(x.max() + 4 * unit) + 2]
    if not region.size:
        return np.zeros((HEIGHT, width), np.float32)
    shrink = 1.0
    if unit > SHARPEST:
        shrink = 1 / unit
        region = np.asarray(cv2.resize(region, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA), np.uint8)
    map_x = ((x - left) * shrink - 0.5).astype(np.float32)
    map_y = ((y - top) * shrink - 0.5).astype(np.float32)
    cut = cv2.remap(region, map_x, map_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cut, np.float32)


def step_places(line: Line, margin: float, steps: int) -> Array:
    """For each step of the network's output, its distance along ``line`` in picture pixels (steps,)."""
    unit = line.cap / CAP
    return np.asarray((np.arange(steps) + 0.5) * STRIDE * unit - margin * line.cap, np.float32)
