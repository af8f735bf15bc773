"""Is the page good enough to keep? Each answer is one thing that the citizen can change."""

from __future__ import annotations

import cv2
import numpy as np

from devices.scanner.geometry import Picture, Quad
from kiosk.ipc.device_messages import PreviewHint

DARK = 70.0
"""Mean grey of a page below which print is hard to read (8 bit)."""
BLUR = 18.0
"""Variance of the Laplacian at 800 pixels' width; a page in focus has hundreds, a moved one a handful."""
GLARE = 0.06
EDGE = 0.004


def touches_edge(quad: Quad, width: int, height: int) -> bool:
    """Whether a corner lies at or beyond the picture's border: the page is cut off."""
    margin = EDGE * max(width, height)
    x, y = quad[:, 0], quad[:, 1]
    return bool((x < margin).any() or (y < margin).any() or (x > width - margin).any() or (y > height - margin).any())


def page_fault(page: Picture) -> PreviewHint | None:
    """What is wrong with a straightened page (BGR), or None."""
    scale = 800 / max(page.shape[:2])
    grey = cv2.cvtColor(page, cv2.COLOR_BGR2GRAY)
    if scale < 1:
        grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    if float(grey.mean()) < DARK:
        return PreviewHint.TOO_DARK
    if float(cv2.Laplacian(grey, cv2.CV_64F).var()) < BLUR:
        return PreviewHint.BLURRED
    # A reflection burns out a patch: fully white, without any print in it, unlike white paper (below 250).
    burnt = cv2.erode((grey >= 254).astype(np.uint8), np.ones((9, 9), np.uint8))
    paper_is_white = float(np.median(grey)) >= 250
    return PreviewHint.GLARE if not paper_is_white and float(burnt.mean()) > GLARE else None
