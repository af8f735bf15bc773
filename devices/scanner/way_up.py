"""Which way up a page lies: a network looks at a few pieces of its print. Trained by ``tools/upright_net``."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from devices.scanner.geometry import Picture, reduced
from kiosk.config import ASSETS

Grey = NDArray[np.uint8]
MODEL = ASSETS / "models" / "page_way_up.onnx"
SIDE = 96
"""Pixels of a piece."""
PAGE = 1000
"""Pixels that a whole page's longer side is looked at with: print of 10 points has letters of 12 pixels."""
CARD = 640
"""The same of a card, whose letters are larger by its size."""
PIECES = 12
LEAST, LEAST_CARD, LEAST_PIECES = 700, 480, 6
"""Pixels of the longer side of a page and of a card, and pieces, below which nothing is said: letters of 4 pixels look
the same turned."""
MARGIN, MARGIN_TURNED = 4.1, 2.0
"""Log-odds a piece, of at most 5, by which one way must win before a page is turned: at one look, and with the pieces
also looked at from their other three sides, where what misleads the network points every way. Full pages of print reach
4.5 to 5; handwriting and few lines of print 1 to 4.5. For a wrong way a bank card reaches 3.7 at one look, and 1.0
from four sides, as does the cover of a book."""
LEAST_INK = 0.015
"""Share of a piece that is ink; below it says nothing."""


class WayUp:
    """The exported network in OpenCV. One for each thread."""

    def __init__(self, model: Path = MODEL) -> None:
        self._net = cv2.dnn.readNetFromONNX(str(model))

    def quarter_turns(self, page: Picture, *, card: bool = False) -> int:
        """How many quarter turns counter-clockwise the print of ``page`` (BGR) stands from upright: 0 to 3.

        0 also where there is too little print, or where the pieces do not agree.
        """
        if max(page.shape[:2]) < (LEAST_CARD if card else LEAST):
            return 0
        small, _scale = reduced(page, CARD if card else PAGE)
        grey = np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.uint8)
        places = inked_places(grey, SIDE, PIECES)
        if len(places) < LEAST_PIECES:
            return 0
        pieces = np.stack([normalised(grey[y : y + SIDE, x : x + SIDE]) for x, y in places])[:, None]
        said = self._chances(pieces)
        best, lead = _winner(said)
        if lead > MARGIN:
            return best
        others = [np.roll(self._chances(np.rot90(pieces, k, (2, 3))), -k) for k in (1, 2, 3)]
        best, lead = _winner(np.mean([said, *others], 0))
        return best if lead > MARGIN_TURNED else 0

    def _chances(self, pieces: NDArray[np.float32]) -> NDArray[np.float64]:
        """Log-probability of each of the four ways, a piece."""
        self._net.setInput(np.ascontiguousarray(pieces))
        logits = np.asarray(self._net.forward(), np.float64)
        top = logits.max(1, keepdims=True)
        # No single piece may decide: a stamp or a picture is sure of itself and means nothing.
        chance = (logits - top - np.log(np.exp(logits - top).sum(1, keepdims=True))).clip(-5, 0)
        return np.asarray(chance.mean(0), np.float64)


def _winner(chances: NDArray[np.float64]) -> tuple[int, float]:
    """The likeliest way, and by how much it leads."""
    second, best = (int(n) for n in np.argsort(chances)[-2:])
    return best, float(chances[best] - chances[second])


def upright(page: Picture, quarter_turns: int) -> Picture:
    """``page`` turned back clockwise by so many quarters."""
    return np.ascontiguousarray(np.rot90(page, -quarter_turns))


def inked_places(grey: Grey, side: int, most: int) -> list[tuple[int, int]]:
    """Left top corners (x, y) of the pieces that hold the most print, ``most`` at most; they overlap by no more than
    a half."""
    height, width = grey.shape
    if height < side or width < side:
        return []
    ink = _ink(grey)
    step = side // 2
    sums = cv2.integral(ink)
    found = []
    for y in range(0, height - side + 1, step):
        for x in range(0, width - side + 1, step):
            share = (sums[y + side, x + side] - sums[y, x + side] - sums[y + side, x] + sums[y, x]) / (side * side)
            # More than half ink is a picture or a shadow, not print.
            if LEAST_INK < share < 0.5:
                found.append((float(share), x, y))
    found.sort(reverse=True)
    return [(x, y) for _, x, y in found[:most]]


def _ink(grey: Grey) -> NDArray[np.uint8]:
    """1 where something thin and dark is."""
    dark = cv2.morphologyEx(grey, cv2.MORPH_BLACKHAT, np.ones((11, 11), np.uint8))
    limit, _ = cv2.threshold(dark, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    return (dark > max(limit * 0.8, 20)).astype(np.uint8)


def normalised(piece: Grey) -> NDArray[np.float32]:
    """1 is ink, 0 is paper, whatever the light."""
    part = piece.astype(np.float32)
    paper = cv2.GaussianBlur(cv2.dilate(part, np.ones((9, 9))), (0, 0), 5.0)
    depth = np.clip(paper - part, 0, None)
    return np.asarray(np.clip(depth / max(float(np.percentile(depth, 97)), 20.0), 0, 1), np.float32)
