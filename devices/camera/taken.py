"""What a taken page looked like, so that it is not taken again, and that its other side is."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from devices.scanner.geometry import Picture, Quad, shift

SIDE = 64
"""Pixels of the small square that a page is compared as."""
SAME = 0.76
"""Correlation from which two pictures show the same side: the same page in other light, a little soft and with corners
3 pixels off reaches 0.88 at least; different papers of one layout and one letterhead reach 0.66 at most."""
CONTRAST = 2.5
"""Standard deviation (0-255) below which a page is blank, and tells nothing by what is on it."""
SURE_FRAMES = 8
"""Frames that another side must have been seen before it counts: a hand passes over in fewer."""

Small = NDArray[np.float32]


@dataclass
class Taken:
    """A page that was taken, where it lay (pixels of the live picture) and what it looked like."""

    quad: Quad
    look: Small
    _other: int = field(default=0)

    def lies_at(self, quad: Quad, limit: float) -> bool:
        return shift(quad, self.quad) < limit * 6

    def is_there(self, frame: Picture, quad: Quad, limit: float) -> bool:
        """Whether ``quad`` in ``frame`` is this page, still lying there; not if it was turned over."""
        if shift(quad, self.quad) >= limit:
            return False
        now = likeness_of(frame, quad)
        # Turned about on the spot, it is the same side.
        same = max(correlation(now, self.look), correlation(np.ascontiguousarray(now[::-1, ::-1]), self.look)) >= SAME
        self._other = 0 if same else self._other + 1
        return self._other < SURE_FRAMES


def likeness_of(frame: Picture, quad: Quad) -> Small:
    """The page in ``quad`` as a SIDE square of grey values, blurred: letters are gone, blocks of print stay."""
    target = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32) * (4 * SIDE)
    matrix = cv2.getPerspectiveTransform(quad.astype(np.float32), target)
    page = cv2.warpPerspective(frame, matrix, (4 * SIDE, 4 * SIDE), borderMode=cv2.BORDER_REPLICATE)
    small = cv2.resize(cv2.cvtColor(page, cv2.COLOR_BGR2GRAY), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    # The rim holds the page's edge and shadow, which any page in that place has.
    return np.asarray(cv2.GaussianBlur(small, (0, 0), 0.7)[3:-3, 3:-3], np.float32)


def correlation(a: Small, b: Small) -> float:
    """-1 to 1; 1 for two blank pages, 0 for a blank and a printed one. Slopes of light do not count."""
    one, two = _flat(a), _flat(b)
    if max(one.std(), two.std()) < CONTRAST:
        return 1.0
    if min(one.std(), two.std()) < CONTRAST:
        return 0.0
    return float((one * two).mean() / (one.std() * two.std()))


def _flat(small: Small) -> Small:
    flat = small - cv2.GaussianBlur(small, (0, 0), 6.0)
    return np.asarray(flat - flat.mean(), np.float32)
