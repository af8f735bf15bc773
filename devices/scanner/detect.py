"""Finds the page by its outline. Good on a plain bed; the learned detector takes over on cluttered ones."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from devices.scanner.geometry import Picture, Quad, ordered

WORK_WIDTH = 480
MIN_AREA = 0.015
"""Share of the picture; an identity photograph on an A4 bed is near 2 %."""
MAX_AREA = 0.97


def find_page(picture: Picture) -> Quad | None:
    """The corners of the largest page in ``picture`` (BGR), or None where there is none."""
    scale = WORK_WIDTH / picture.shape[1]
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    best: Quad | None = None
    best_score = 0.0
    for mask in _masks(small.astype(np.uint8)):
        for contour in cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[0]:
            score, quad = _as_quad(np.asarray(contour, np.int32), small.shape[0] * small.shape[1])
            if quad is not None and score > best_score:
                best, best_score = quad, score
    return None if best is None else best / scale


def _masks(small: Picture) -> list[Picture]:
    """Candidate masks: brighter than the bed, other than the bed's colour, and closed edges."""
    blurred = cv2.bilateralFilter(small, 7, 40, 40)
    grey = cv2.cvtColor(blurred, cv2.COLOR_BGR2GRAY)
    saturation = cv2.cvtColor(blurred, cv2.COLOR_BGR2HSV)[:, :, 1]
    _, bright = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    _, colourless = cv2.threshold(saturation, 0, 255, cv2.THRESH_BINARY_INV + cv2.THRESH_OTSU)
    border = np.concatenate([blurred[:4].reshape(-1, 3), blurred[-4:].reshape(-1, 3)])
    distance = np.abs(blurred.astype(np.int16) - np.median(border, 0).astype(np.int16)).max(2)
    other = np.where(distance > 28, 255, 0)
    edges = cv2.dilate(cv2.Canny(grey, 40, 120), np.ones((3, 3), np.uint8), iterations=2)
    kernel = np.ones((5, 5), np.uint8)
    masks = [np.asarray(m, np.uint8) for m in (bright, colourless, other, edges)]
    return [np.asarray(cv2.morphologyEx(m, cv2.MORPH_CLOSE, kernel), np.uint8) for m in masks]


def _as_quad(contour: NDArray[np.int32], total: int) -> tuple[float, Quad | None]:
    hull = cv2.convexHull(contour)
    area = cv2.contourArea(hull)
    if not MIN_AREA * total <= area <= MAX_AREA * total:
        return 0.0, None
    perimeter = cv2.arcLength(hull, True)
    for tolerance in (0.01, 0.02, 0.03, 0.05, 0.08):
        corners = cv2.approxPolyDP(hull, tolerance * perimeter, True)
        if len(corners) == 4:
            quad_area = cv2.contourArea(corners)
            # A page fills its outline: a hand, a cable or two papers do not.
            fill = cv2.contourArea(contour) / max(quad_area, 1.0)
            if fill < 0.8 or area / max(quad_area, 1.0) > 1.08:
                return 0.0, None
            return area * fill, ordered(np.asarray(corners, np.float32))
        if len(corners) < 4:
            break
    return 0.0, None
