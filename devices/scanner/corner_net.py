"""The corner network: where a page is in a picture, and whether there is one. Trained by ``tools/corner_net``."""

from __future__ import annotations

import itertools
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from devices.scanner.geometry import Picture, Quad, around, halved
from kiosk.config import ASSETS

Floats = NDArray[np.float32]

MODEL = ASSETS / "models" / "page_corners.onnx"
SIZE = 224
"""Pixels of the square that the network sees."""
MARGIN_CELLS = 8
"""Cells of the heat map beyond each side of the picture (32 pixels of the network's input)."""
WINDOW = 3
"""Half width in cells of the window whose centre of mass is the corner."""
CANDIDATES = 6
FAINT = 0.01
"""Mass below which a peak of the four maps together is no candidate."""
ANY_NAME = 0.25
"""Weight of what the other maps say about a corner: a page turned by 45 degrees has no clear "top left"."""


class CornerNet:
    """The exported network in OpenCV. One for each thread: OpenCV's networks keep their buffers."""

    def __init__(self, model: Path = MODEL, size: int = SIZE) -> None:
        self._net, self._size = cv2.dnn.readNetFromONNX(str(model)), size

    def __call__(self, picture: Picture) -> tuple[Quad, float]:
        """Corners in pixels of ``picture`` (BGR; TL, TR, BR, BL, a little outside where cut off), and presence 0..1."""
        blob = cv2.dnn.blobFromImage(shrunk(picture, self._size), 1 / 255.0, swapRB=True)
        self._net.setInput(blob)
        heat, logit = self._net.forward(["heat", "presence"])
        corners = decoded(np.asarray(heat[0], np.float32)) * (picture.shape[1], picture.shape[0])
        return np.asarray(corners, np.float32), float(1 / (1 + np.exp(-float(logit.ravel()[0]))))


def shrunk(picture: Picture, size: int) -> Picture:
    """``picture`` as a ``size`` square; large ones are halved first, which is several times faster than one step."""
    while min(picture.shape[:2]) >= 4 * size:
        picture = halved(picture)
    if min(picture.shape[:2]) >= 2 * size:
        picture = np.asarray(cv2.resize(picture, (2 * size, 2 * size), interpolation=cv2.INTER_LINEAR), np.uint8)
    return np.asarray(cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA), np.uint8)


def decoded(heat: Floats) -> Floats:
    """Logits (4, n, n) to corners (4, 2): x, y in 0..1 of the picture, a little beyond it where a corner is cut off.

    Each map alone may choose a corner that another map has chosen as well, when the page is turned by about 45 degrees
    or when two pages compete. So the peaks of all maps together are the candidates, and of every four that form a
    clockwise quadrilateral the likeliest win.
    """
    cells = heat.shape[-1]
    flat = heat.reshape(4, -1)
    chance = np.exp(flat - flat.max(1, keepdims=True))
    chance = (chance / chance.sum(1, keepdims=True)).reshape(heat.shape)
    points, mass = _candidates(chance)
    alike = np.log(mass + ANY_NAME * mass.sum(1, keepdims=True) + 1e-4)
    fours = np.array(list(itertools.permutations(range(len(points)), 4)), np.intp).reshape(-1, 4)
    scores = alike[fours, np.arange(4)].sum(1)
    for choice in np.argsort(-scores):
        best = points[fours[choice]]
        if _convex(best):
            break
    else:
        best = around(np.array([_centre(c, *np.unravel_index(int(c.argmax()), c.shape)) for c in chance], np.float32))
    return np.asarray((best + 0.5 - MARGIN_CELLS) / (cells - 2 * MARGIN_CELLS), np.float32)


def _candidates(chance: Floats) -> tuple[Floats, Floats]:
    """Peaks of the four maps together, (k, 2) in cells, and the mass that each map has around them, (k, 4)."""
    rest = chance.sum(0)
    points: list[Floats] = []
    mass: list[Floats] = []
    for _ in range(CANDIDATES):
        y, x = np.unravel_index(int(rest.argmax()), rest.shape)
        part = chance[(slice(None), *_window(int(y), int(x)))].sum((1, 2))
        if float(part.sum()) < FAINT:
            break
        points.append(_centre(rest, y, x))
        mass.append(part)
        rest[_window(int(y), int(x))] = 0
    return np.array(points, np.float32).reshape(-1, 2), np.array(mass, np.float32).reshape(-1, 4)


def _window(y: int, x: int) -> tuple[slice, slice]:
    return slice(max(0, y - WINDOW), y + WINDOW + 1), slice(max(0, x - WINDOW), x + WINDOW + 1)


def _centre(weights: Floats, y: np.intp, x: np.intp) -> Floats:
    """Centre of mass around cell (y, x): (x, y) in cells."""
    rows, columns = _window(int(y), int(x))
    part = weights[rows, columns]
    total = max(float(part.sum()), 1e-12)
    at_x = np.arange(columns.start, columns.start + part.shape[1])
    at_y = np.arange(rows.start, rows.start + part.shape[0])
    return np.array([(part.sum(0) @ at_x) / total, (part.sum(1) @ at_y) / total], np.float32)


def _convex(corners: Floats) -> bool:
    """Whether the corners run clockwise (y down) around a convex quadrilateral of more than two cells."""
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = corners.tolist()
    one = (bx - ax) * (cy - by) - (by - ay) * (cx - bx)
    two = (cx - bx) * (dy - cy) - (cy - by) * (dx - cx)
    three = (dx - cx) * (ay - dy) - (dy - cy) * (ax - dx)
    four = (ax - dx) * (by - ay) - (ay - dy) * (bx - ax)
    return bool(min(one, two, three, four) > 0 and one + two + three + four > 8)
