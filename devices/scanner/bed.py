"""The empty bed, as a fixed camera knows it: what lies on it is what differs. Independent of the corner network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
RIM = 8
"""Per cent of the height, at the top and at the bottom, that the light is compared at."""
LEARNING = 0.2
"""Weight of a new picture of the empty bed: the light of a hall changes over minutes."""
CALM = 3
"""Pictures in a row that show the same: nothing moves over the bed."""
UNREST, NOTHING = 0.004, 0.002
"""Share of the picture that may differ between two of those, and from the bed while nothing lies on it."""
PATIENCE = 80
"""Calm pictures after which the bed itself must have changed, a mat that was moved say: something that is no paper to
the network lies where nothing lay. Five seconds while somebody scans."""
COVERED, BESIDE = 0.75, 0.35
"""A quadrilateral agrees if so much of it differs from the bed, and at most so much, of its area, differs beside it."""
HAND = 0.012
"""Share of the picture beside the page that differs and reaches the border: a hand or an arm."""
LEAST_PART = 0.005
"""Share of the picture that a paper covers at least: a passport photograph on a bed for A3 covers 0.012."""
SOLID = 0.8
"""Share of its own smallest turned rectangle that a paper fills; a hand, a cable or two papers together fill less."""

Mask = NDArray[np.uint8]


@dataclass(frozen=True)
class OnBed:
    """What differs from the empty bed in one picture of ``height`` by ``width`` pixels; ``mask`` is 1 there."""

    mask: Mask
    height: int
    width: int

    def agrees(self, quad: Quad, others: Sequence[Quad] = ()) -> bool:
        """Whether a thing lies where ``quad`` says, and little beside it but ``others``."""
        inside = self._inside(quad)
        rest = (1 - inside) & self._outside(others)
        return self.covered(quad) and float((self.mask & rest).sum()) <= BESIDE * max(float(inside.sum()), 1.0)

    def covered(self, quad: Quad) -> bool:
        """Whether something lies over ``quad``, or is held over it."""
        inside = self._inside(quad)
        return float((self.mask & inside).sum()) >= COVERED * max(float(inside.sum()), 1.0)

    def hand(self, quads: Sequence[Quad]) -> bool:
        """Whether something beside the papers reaches in over the picture's border."""
        rest = (self.mask & self._outside(quads)).astype(np.uint8)
        _count, labels, stats, _ = cv2.connectedComponentsWithStats(rest)
        border = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
        return any(stats[n, cv2.CC_STAT_AREA] > HAND * self.mask.size for n in border if n)

    def reaches_out(self) -> bool:
        """Whether something lies at the picture's border."""
        return self.hand(())

    def parts(self) -> list[tuple[int, int, int, int]]:
        """Boxes (left, top, width, height in pixels of the picture) of the things that may be papers of their own."""
        count, labels, stats, _ = cv2.connectedComponentsWithStats(self.mask)
        rows, columns = self.mask.shape
        scale = self.width / columns
        found = []
        for n in range(1, count):
            x, y, w, h, area = (int(v) for v in stats[n])
            if area < LEAST_PART * self.mask.size or x == 0 or y == 0 or x + w == columns or y + h == rows:
                continue
            points = cv2.findNonZero((labels[y : y + h, x : x + w] == n).astype(np.uint8))
            (_cx, _cy), (long, short), _angle = cv2.minAreaRect(points)
            # A row of pixels has its centres one pixel less apart than it is wide.
            if area >= SOLID * (long + 1) * (short + 1):
                found.append((round(x * scale), round(y * scale), round(w * scale), round(h * scale)))
        return found

    def _inside(self, quad: Quad) -> Mask:
        inside = np.zeros_like(self.mask)
        corners = quad * (self.mask.shape[1] / self.width, self.mask.shape[0] / self.height)
        cv2.fillConvexPoly(inside, np.round(corners).astype(np.int32), 1)
        return inside

    def _outside(self, quads: Sequence[Quad]) -> Mask:
        """1 where none of ``quads`` is, nor its edge."""
        inside = np.zeros_like(self.mask)
        if not quads:
            return np.asarray(1 - inside, np.uint8)
        for quad in quads:
            inside |= self._inside(quad)
        return np.asarray(1 - cv2.dilate(inside, np.ones((7, 7), np.uint8)), np.uint8)


class BedReference:
    """Learns the empty bed while nothing lies on it, then tells what differs from it."""

    def __init__(self) -> None:
        self._bed: NDArray[np.float32] | None = None
        self._before: NDArray[np.float32] | None = None
        self._calm = 0

    @property
    def known(self) -> bool:
        return self._bed is not None

    def learn(self, picture: Picture) -> None:
        """``picture`` shows the empty bed."""
        self._bed = _small(picture)

    def forget(self) -> None:
        """What was learned is wrong: begin anew."""
        self._bed, self._before, self._calm = None, None, 0

    def offer(self, picture: Picture) -> None:
        """``picture`` shows no page, but may show a hand, or a thing that is none. It is learned once it is calm."""
        small, before = _small(picture), self._before
        self._before = small
        self._calm = self._calm + 1 if before is not None and _apart(small, before) <= UNREST else 1
        if self._calm < CALM:
            return
        mask = self._against(small)
        if mask is None or self._calm >= PATIENCE:
            self._bed = small
        elif self._bed is not None and mask.mean() <= NOTHING:
            self._bed += LEARNING * (small - self._bed)

    def look(self, picture: Picture) -> OnBed | None:
        """What lies on the bed; None before the bed is known, or in another light."""
        mask = self._against(_small(picture))
        return None if mask is None else OnBed(mask, picture.shape[0], picture.shape[1])

    def _against(self, small: NDArray[np.float32]) -> Mask | None:
        """1 where a small picture differs from the bed."""
        if self._bed is None or small.shape != self._bed.shape:
            return None
        # The camera's own exposure moves when white paper comes in. The rim shows bed, however large the paper is.
        ratios = (small.mean(2) + 8) / (self._bed.mean(2) + 8)
        rim = max(1, RIM * small.shape[0] // 100)
        ratio = float(np.median(np.concatenate([ratios[:rim].ravel(), ratios[-rim:].ravel()])))
        if not 1 / EXPOSURE < ratio < EXPOSURE:
            return None
        mask = (np.abs(small - self._bed * ratio).max(2) > DIFFERENT).astype(np.uint8)
        mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
        return np.asarray(cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8)), np.uint8)


def _apart(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Share of two small pictures that differs."""
    return float((np.abs(a - b).max(2) > DIFFERENT).mean()) if a.shape == b.shape else 1.0


def _small(picture: Picture) -> NDArray[np.float32]:
    size = (WIDE, max(1, round(picture.shape[0] * WIDE / picture.shape[1])))
    # Every second or fourth pixel first: an average by an odd factor over the whole picture costs ten times as much.
    step = max(1, picture.shape[1] // (2 * WIDE))
    small = cv2.resize(picture[::step, ::step], size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.GaussianBlur(small, (0, 0), 1.5), np.float32)
