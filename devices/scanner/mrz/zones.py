"""From a found row to the two or three lines of a zone: their direction, their middles, the height of capitals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from devices.scanner.geometry import Picture
from devices.scanner.mrz.profile import bands, energy_of, straightest
from devices.scanner.mrz.rows import Row, direction

WORK_CAP = 10.0
"""Pixels of the seed's thickness in the look at its surroundings."""
REACH = 7
"""Thicknesses above and below the seed that are looked at."""
MOST_LINES = 5
SHORTEST = 14.0
"""Capital heights; a line of 30 characters has 28 or more, but half of it may be lost in the print below."""

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class Line:
    """A line of print in a picture's pixels: the middle of its begin, the unit vector along it, its length, the
    height of its capitals, and ``bend``: how far its middle lies below the straight line, as polynomial
    coefficients (highest first) over the distance along it."""

    begin: Vector
    along: Vector
    length: float
    cap: float
    bend: tuple[float, ...] = ()

    @property
    def down(self) -> Vector:
        """Unit vector from one line to the next."""
        return np.array([-self.along[1], self.along[0]])

    def turned(self) -> Line:
        """The same line read from its other end."""
        return Line(self.begin + self.along * self.length, -self.along, self.length, self.cap)


def find_zones(grey: Picture, rows: list[Row], *, firm: bool = False) -> Iterator[list[Line]]:
    """Zones around the rows, the most promising first; each line list reads from top to bottom."""
    used: list[tuple[Vector, Vector, float, float]] = []
    for row in sorted(rows, key=lambda r: -_promise(r, rows)):
        middle = (np.array(row.begin) + np.array(row.end)) / 2
        if any(_inside(middle, row.angle, *zone) for zone in used):
            continue
        lines = _around(grey, row, rows, firm)
        if not lines or lines[0].length < SHORTEST * lines[0].cap:
            continue
        first, last = lines[0], lines[-1]
        centre = (first.begin + last.begin + first.along * first.length) / 2
        used.append((centre, first.along, first.length, float(np.linalg.norm(last.begin - first.begin)) + first.cap))
        yield lines


def _promise(row: Row, rows: list[Row]) -> float:
    """Weight, doubled by a parallel partner of similar length nearby."""
    partner = 0.0
    along = direction(row)
    middle = (np.array(row.begin) + np.array(row.end)) / 2
    for other in rows:
        if abs(np.sin(other.angle - row.angle)) > 0.06:
            continue
        offset = (np.array(other.begin) + np.array(other.end)) / 2 - middle
        across = abs(float(offset @ np.array([-along[1], along[0]])))
        if 1.0 * row.thickness < across < 5 * row.thickness and abs(float(offset @ along)) < 0.3 * row.length:
            partner = max(partner, min(other.length, row.length) / max(other.length, row.length))
    return row.weight * (1 + partner)


def _inside(point: Vector, angle: float, centre: Vector, along: Vector, length: float, height: float) -> bool:
    offset = point - centre
    across = abs(float(offset @ np.array([-along[1], along[0]])))
    turned = abs(np.sin(angle - np.arctan2(along[1], along[0]))) > 0.3
    return abs(float(offset @ along)) < length / 2 and across < height / 2 and not turned


def _around(grey: Picture, seed: Row, rows: list[Row], firm: bool) -> list[Line]:
    along = direction(seed)
    down = np.array([-along[1], along[0]])
    scale = WORK_CAP / seed.thickness
    half = REACH * seed.thickness
    columns, height = round(seed.length * scale), round(2 * half * scale)
    if columns > 2500 or columns < 20:
        return []
    origin = np.array(seed.begin) - down * half
    matrix = np.column_stack([along / scale, down / scale, origin])
    if scale < 0.7:
        grey = np.asarray(cv2.GaussianBlur(grey, (0, 0), 0.4 / scale), np.uint8) if grey.size < 4e5 else grey
    # Beyond the border a plain tone: repeated pixels would look like one tall line of print.
    work = cv2.warpAffine(
        grey,
        matrix,
        (columns, height),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderValue=float(np.median(grey[::4, ::4])),
    )
    energy = energy_of(np.asarray(work, np.uint8), firm)
    slant, profile = straightest(energy)
    turned = along + down * slant
    turned /= np.linalg.norm(turned)
    middle = np.array(seed.begin) + along * seed.length / 2
    lines = []
    for y, cap in bands(profile):
        centre = middle + np.array([-turned[1], turned[0]]) * (y / scale - half)
        lines.append((centre, cap / scale))
    return _chosen(lines, middle, turned, rows, seed)


def _chosen(found: list[tuple[Vector, float]], middle: Vector, along: Vector, rows: list[Row], seed: Row) -> list[Line]:
    """The seed's line and its neighbours of like height; their common extent from all rows that lie on them."""
    down = np.array([-along[1], along[0]])
    if not found:
        return []
    at = min(range(len(found)), key=lambda i: abs(float((found[i][0] - middle) @ down)))
    cap = found[at][1]
    if abs(float((found[at][0] - middle) @ down)) > seed.thickness:
        return []
    kept = [at]
    for step in (-1, 1):
        i = at + step
        while 0 <= i < len(found) and len(kept) < MOST_LINES:
            gap = abs(float((found[i][0] - found[i - step][0]) @ down))
            if not 0.6 * cap < found[i][1] < 1.6 * cap or gap > 4.2 * cap:
                break
            kept.append(i)
            i += step
    low, high = -seed.length / 2, seed.length / 2
    for row in rows:
        offset = [np.array(p) - middle for p in (row.begin, row.end)]
        if abs(np.sin(row.angle - np.arctan2(along[1], along[0]))) > 0.08 or row.length < 0.2 * seed.length:
            continue
        across = float((offset[0] + offset[1]) @ down) / 2
        if any(abs(float((found[i][0] - middle) @ down) - across) < 0.7 * cap for i in kept):
            places = [float(o @ along) for o in offset]
            if min(places) < high + 6 * cap and max(places) > low - 6 * cap:
                low, high = min(low, *places), max(high, *places)
    cap = float(np.median([found[i][1] for i in kept]))
    return [Line(found[i][0] + along * low, along, high - low, cap) for i in sorted(kept)]
