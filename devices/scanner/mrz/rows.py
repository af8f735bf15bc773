"""Candidate lines of print, found without any reading: dark strokes, closed along the line, long and thin."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from devices.scanner.geometry import Picture

LEVELS = (300, 480, 960, 1700)
"""Longer sides, in pixels, that the picture is looked at in; each finds capitals of 5 to 11 pixels."""
STROKES = 9
"""Pixels: strokes narrower than this stand out; wider dark areas are no print."""
GAP = 13
"""Pixels that are closed between characters."""
SLIMMEST = 7.0
"""Length over thickness. A line of 30 characters has 25 or more, but it may be found in pieces."""
FIRM = 1.7
"""Times the common darkness of strokes around, which a firm stroke exceeds."""
MOST = 60


@dataclass(frozen=True)
class Row:
    """A line of print: its ends in pixels of the picture, the thickness across, and how clearly it stands out."""

    begin: tuple[float, float]
    end: tuple[float, float]
    thickness: float
    weight: float

    @property
    def length(self) -> float:
        return float(np.hypot(self.end[0] - self.begin[0], self.end[1] - self.begin[1]))

    @property
    def angle(self) -> float:
        """Radians."""
        return float(np.arctan2(self.end[1] - self.begin[1], self.end[0] - self.begin[0]))


@dataclass(frozen=True)
class Search:
    """How to look for rows. ``firm``: only strokes darker than what is common around them, for paper full of fine
    print; ``enlarge``: how many times larger than itself the picture may be looked at; ``largest``: pixels of
    the longer side at most; ``turns``: degrees by which
    it is turned so that rows lie, each good for 25 degrees to both sides."""

    firm: bool
    enlarge: float
    largest: int
    turns: tuple[int, ...]


SEARCHES = (
    Search(False, 1.1, LEVELS[-1], (0, 90)),
    Search(True, 2.2, LEVELS[-1], (0, 90)),
    Search(True, 1.1, LEVELS[2], (45, 135)),
)
"""The usual first, the costly ones where nothing has been found."""


def find_rows(grey: Picture, search: Search) -> list[Row]:
    """Rows in reading direction or against it, in pixels of ``grey`` (rows, columns), the clearest first."""
    found: list[Row] = []
    longer = max(grey.shape)
    for level in LEVELS:
        if level > LEVELS[1] and level > min(search.largest, search.enlarge * longer):
            break
        scale = level / longer
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        work = np.asarray(cv2.resize(grey, None, fx=scale, fy=scale, interpolation=how), np.uint8)
        for turn in search.turns:
            turned, back = _turned(work, turn)
            found += [_back(row, back / scale, scale) for row in _lying_rows(turned, search.firm)]
    found.sort(key=lambda r: -r.weight)
    return found[:MOST]


def _turned(work: Picture, turn: int) -> tuple[Picture, NDArray[np.float64]]:
    """``work`` turned by ``turn`` degrees, and the matrix (2, 3) from its pixels back to those of ``work``."""
    if turn == 0:
        return work, np.eye(2, 3)
    if turn == 90:
        return np.ascontiguousarray(work.T), np.array([[0.0, 1, 0], [1, 0, 0]])
    rows, columns = work.shape
    cosine, sine = np.cos(np.deg2rad(turn)), np.sin(np.deg2rad(turn))
    width, height = (int(abs(a * cosine) + abs(b * sine)) + 1 for a, b in ((columns, rows), (rows, columns)))
    matrix = np.array([[cosine, sine, 0], [-sine, cosine, 0]])
    matrix[:, 2] = np.array([width, height]) / 2 - matrix[:, :2] @ (np.array([columns, rows]) / 2)
    around = float(np.median(work))
    turned = cv2.warpAffine(work, matrix, (width, height), flags=cv2.INTER_LINEAR, borderValue=around)
    return np.asarray(turned, np.uint8), np.asarray(cv2.invertAffineTransform(matrix), np.float64)


def _around(values: NDArray[np.float32], width: int, height: int) -> NDArray[np.float32]:
    """Means over ``width`` x ``height`` pixels, 0 beyond the border; taken at a quarter of the size."""
    rows, columns = values.shape
    size = (max(1, columns // 4), max(1, rows // 4))
    small = cv2.resize(values, size, interpolation=cv2.INTER_AREA)
    small = cv2.boxFilter(small, -1, (width // 4, height // 4), borderType=cv2.BORDER_CONSTANT)
    return np.asarray(cv2.resize(small, (columns, rows), interpolation=cv2.INTER_LINEAR), np.float32)


def strokes(work: Picture, *, firm: bool) -> NDArray[np.float32]:
    """How much darker than its surroundings each pixel is, where the dark is narrow."""
    hat = cv2.morphologyEx(work, cv2.MORPH_BLACKHAT, np.ones((STROKES, STROKES), np.uint8)).astype(np.float32)
    if not firm:
        return hat
    common = _around(hat, STROKES * 7, STROKES * 7)
    return np.asarray(np.maximum(hat - FIRM * common, 0), np.float32)


def _lying_rows(work: Picture, firm: bool) -> list[Row]:
    hat = cv2.GaussianBlur(strokes(work, firm=firm), (3, 3), 0)
    slope = np.abs(cv2.Sobel(hat, cv2.CV_32F, 1, 0, ksize=3))
    # Print has edges on both sides of a place; a lone upright stroke, such as a frame's, has them on one.
    sides = [cv2.boxFilter(slope, -1, (GAP, 3), anchor=(x, 1)) for x in (0, GAP - 1)]
    energy = np.asarray(np.minimum(*sides), np.float32)
    # Against the neighbourhood: print on a pale card and print in a shadow count alike.
    # Beyond the border there is no print: a picture may be cut to the zone alone.
    around = _around(energy, GAP * 8, STROKES * 8)
    mask = ((energy > 1.1 * around) & (energy > 8)).astype(np.uint8)
    mask = np.asarray(cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((2, GAP), np.uint8)), np.uint8)
    rows = []
    for contour in cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[0]:
        box = cv2.minAreaRect(contour)
        row = _as_row(box, float(cv2.contourArea(contour)))
        if row is not None:
            rows.append(row)
    return rows


def _as_row(box: cv2.typing.RotatedRect, area: float) -> Row | None:
    (x, y), (a, b), angle = box
    long, thin = max(a, b), min(a, b)
    turned = np.deg2rad(angle if a >= b else angle + 90)
    if np.cos(turned) < 0:
        turned += np.pi
    if long < 40 or thin < 3 or thin > 26 or long / thin < SLIMMEST or area < 0.5 * long * thin:
        return None
    if abs(np.sin(turned)) > 0.45:
        return None
    dx, dy = np.cos(turned) * long / 2, np.sin(turned) * long / 2
    return Row((x - dx, y - dy), (x + dx, y + dy), thin, long * min(1.0, area / (long * thin)))


def _back(row: Row, matrix: NDArray[np.float64], scale: float) -> Row:
    begin, end = (tuple(float(v) for v in matrix @ [*p, 1.0]) for p in (row.begin, row.end))
    return Row((begin[0], begin[1]), (end[0], end[1]), row.thickness / scale, row.weight / scale)


def direction(row: Row) -> NDArray[np.float64]:
    """Unit vector along ``row``."""
    d = np.array(row.end) - np.array(row.begin)
    return np.asarray(d / max(1e-6, float(np.linalg.norm(d))), np.float64)
