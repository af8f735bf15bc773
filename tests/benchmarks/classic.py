"""Classic page detectors, written anew from how their recipes go, as the measure that ours is held to.

No weights, no training: contours, thresholds and straight lines. Each takes a BGR picture and gives corners (4, 2) in
pixels, or None.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from devices.scanner.geometry import Picture, Quad, ordered

WORK = 500
"""Pixels of the longer side that they look at."""


def edges_and_polygon(picture: Picture) -> Quad | None:
    """Canny, the largest contours, the first that four corners approximate: the recipe of most tutorials."""
    small, scale = _small(picture)
    grey = cv2.GaussianBlur(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), (5, 5), 0)
    contours, _ = cv2.findContours(cv2.Canny(grey, 75, 200), cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    for contour in sorted(contours, key=cv2.contourArea, reverse=True)[:5]:
        corners = cv2.approxPolyDP(contour, 0.02 * cv2.arcLength(contour, True), True)
        if len(corners) == 4:
            return ordered(np.asarray(corners, np.float32)) / scale
    return None


def largest_contour(picture: Picture) -> Quad | None:
    """Canny, Otsu, the largest contour, and of it the outermost point in each quarter."""
    small, scale = _small(picture)
    grey = cv2.GaussianBlur(cv2.Canny(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), 50, 200), (3, 3), 0)
    _, thick = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    contours, _ = cv2.findContours(thick, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    if not contours:
        return None
    points = np.asarray(max(contours, key=cv2.contourArea), np.float32).reshape(-1, 2)
    (x, y), _size, _angle = cv2.minAreaRect(points)
    away = points - (x, y)
    far = np.linalg.norm(away, axis=1)
    corners = []
    for right, below in ((False, False), (True, False), (True, True), (False, True)):
        mine = ((away[:, 0] > 0) == right) & ((away[:, 1] > 0) == below)
        if not mine.any():
            return None
        corners.append(points[mine][far[mine].argmax()])
    return np.array(corners, np.float32) / scale


def bright_sheet(picture: Picture) -> Quad | None:
    """In each of five channels Otsu's threshold, both ways; of the largest blobs the one that fills its own
    quadrilateral best."""
    small, scale = _small(picture)
    hsv, lab = cv2.cvtColor(small, cv2.COLOR_BGR2HSV), cv2.cvtColor(small, cv2.COLOR_BGR2LAB)
    best, score = None, 0.0
    for channel in (hsv[:, :, 1], hsv[:, :, 2], *cv2.split(lab)):
        soft = cv2.medianBlur(np.asarray(channel, np.uint8), 7)
        for kind in (cv2.THRESH_BINARY, cv2.THRESH_BINARY_INV):
            _, mask = cv2.threshold(soft, 0, 255, kind + cv2.THRESH_OTSU)
            contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
            for contour in sorted(contours, key=cv2.contourArea, reverse=True)[:2]:
                hull = cv2.convexHull(contour)
                corners = cv2.approxPolyDP(hull, 0.03 * cv2.arcLength(hull, True), True)
                area = cv2.contourArea(contour)
                if len(corners) != 4 or not 0.05 < area / (small.shape[0] * small.shape[1]) < 0.95:
                    continue
                fills = area / max(cv2.contourArea(corners), 1.0)
                if fills > score:
                    best, score = ordered(np.asarray(corners, np.float32)) / scale, fills
    return best


DETECTORS: dict[str, Callable[[Picture], Quad | None]] = {
    "edges and polygon": edges_and_polygon,
    "largest contour": largest_contour,
    "bright sheet, 5 channels": bright_sheet,
}


def _small(picture: Picture) -> tuple[Picture, float]:
    scale = min(1.0, WORK / max(picture.shape[:2]))
    return np.asarray(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8), scale
