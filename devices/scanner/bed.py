"""The empty bed, as a fixed camera knows it: what lies on it is what differs. Independent of the corner network."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from devices.scanner.geometry import Picture, Quad

WIDE = 320
"""Pixels of the pictures that are compared."""
DIFFERENT = 22
"""Difference in any channel (0-255) that is a thing and not light or noise."""
EXPOSURE = 1.8
"""By this factor the light may have changed at most; beyond it, nothing can be compared."""
LEARNING = 0.2
"""Weight of a new picture of the empty bed: the light of a hall changes over minutes."""
COVERED, BESIDE = 0.75, 0.35
"""A quadrilateral agrees if so much of it differs from the bed, and at most so much, of its area, differs beside it."""
HAND = 0.012
"""Share of the picture beside the page that differs and reaches the border: a hand or an arm."""


class BedReference:
    """Learns the empty bed while nothing lies on it, then tells what differs from it."""

    def __init__(self) -> None:
        self._bed: NDArray[np.float32] | None = None

    @property
    def known(self) -> bool:
        return self._bed is not None

    def learn(self, picture: Picture) -> None:
        """``picture`` shows the empty bed."""
        small = _small(picture)
        if self._bed is None or self._bed.shape != small.shape:
            self._bed = small
        else:
            self._bed += LEARNING * (small - self._bed)

    def difference(self, picture: Picture) -> NDArray[np.uint8] | None:
        """1 where something lies, WIDE pixels wide; None before the bed is known, or in another light."""
        if self._bed is None:
            return None
        small = _small(picture)
        if small.shape != self._bed.shape:
            return None
        # The camera's own exposure moves when white paper comes in: what has not changed gives the ratio.
        ratio = float(np.median((small.mean(2) + 8) / (self._bed.mean(2) + 8)))
        if not 1 / EXPOSURE < ratio < EXPOSURE:
            return None
        apart = np.abs(small - self._bed * ratio).max(2)
        mask = (apart > DIFFERENT).astype(np.uint8)
        mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
        return np.asarray(cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8)), np.uint8)

    def agrees(self, picture: Picture, quad: Quad) -> bool | None:
        """Whether what lies on the bed is what ``quad`` (pixels of ``picture``) says; None before the bed is known."""
        mask = self.difference(picture)
        if mask is None:
            return None
        inside = _inside(mask, quad, picture)
        area = float(inside.sum())
        covered = float((mask & inside).sum()) / max(area, 1.0)
        beside = float((mask & ~inside & 1).sum()) / max(area, 1.0)
        return covered >= COVERED and beside <= BESIDE

    def hand(self, picture: Picture, quad: Quad) -> bool:
        """Whether something beside the page reaches in over the picture's border."""
        mask = self.difference(picture)
        if mask is None:
            return False
        grown = np.asarray(cv2.dilate(_inside(mask, quad, picture), np.ones((7, 7), np.uint8)), np.uint8)
        rest = (mask & (1 - grown)).astype(np.uint8)
        _count, labels, stats, _ = cv2.connectedComponentsWithStats(rest)
        border = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
        return any(stats[n, cv2.CC_STAT_AREA] > HAND * mask.size for n in border if n)


def _small(picture: Picture) -> NDArray[np.float32]:
    size = (WIDE, max(1, round(picture.shape[0] * WIDE / picture.shape[1])))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.GaussianBlur(small, (0, 0), 1.5), np.float32)


def _inside(mask: NDArray[np.uint8], quad: Quad, picture: Picture) -> NDArray[np.uint8]:
    inside = np.zeros_like(mask)
    corners = quad * (mask.shape[1] / picture.shape[1], mask.shape[0] / picture.shape[0])
    cv2.fillConvexPoly(inside, np.round(corners).astype(np.int32), 1)
    return inside
