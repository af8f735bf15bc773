"""From the live picture to the still: where the same corners are in the finer picture."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from devices.scanner.geometry import Picture, Quad

WIDE = 96
"""Pixels that both pictures are compared at."""
ALIKE = 0.9
"""Correlation from which both show the same scene at the same moment."""


def mapped(live: Picture, still: Picture, quads: list[Quad]) -> list[Quad] | None:
    """``quads`` of ``live`` in pixels of ``still``; None if the still shows another scene.

    A camera whose live picture is wider than its still cuts the top and bottom off, one whose still is wider the
    sides: which of it is so is seen by comparing.
    """
    height, width = still.shape[:2]
    live_ratio, still_ratio = live.shape[1] / live.shape[0], width / height
    whole = (0.0, 0.0, float(width), float(height))
    windows = [whole]
    if live_ratio > still_ratio * 1.01:
        high = width / live_ratio
        windows.append((0.0, (height - high) / 2, float(width), high))
    elif live_ratio < still_ratio / 1.01:
        wide = height * live_ratio
        windows.append(((width - wide) / 2, 0.0, wide, float(height)))
    small = _small(live)
    likeness, (left, top, wide, high) = max((_alike(small, _small(_part(still, w))), w) for w in windows)
    if likeness < ALIKE:
        return None
    scale = np.array([wide / live.shape[1], high / live.shape[0]])
    return [np.asarray(q * scale + (left, top), np.float32) for q in quads]


def _part(still: Picture, window: tuple[float, float, float, float]) -> Picture:
    left, top, wide, high = (round(v) for v in window)
    return still[top : top + high, left : left + wide]


def _small(picture: Picture) -> NDArray[np.float32]:
    step = max(1, picture.shape[1] // (4 * WIDE))
    grey = cv2.cvtColor(np.ascontiguousarray(picture[::step, ::step]), cv2.COLOR_BGR2GRAY)
    return np.asarray(cv2.resize(grey, (WIDE, WIDE), interpolation=cv2.INTER_AREA), np.float32)


def _alike(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    a, b = a - a.mean(), b - b.mean()
    spread = float(a.std() * b.std())
    # A scene without any contrast is an empty, even one: nothing can have moved in it.
    return float((a * b).mean() / spread) if spread > 1.0 else 1.0
