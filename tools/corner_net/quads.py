"""Overlap of quadrilaterals."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray


def iou(a: NDArray[np.floating], b: NDArray[np.floating]) -> float:
    """Intersection over union of the convex quadrilaterals ``a`` and ``b``, (4, 2) each, in the same unit; 0..1."""
    # OpenCV's clipping works in single precision: bring the shapes to a middling size around the origin first.
    both = np.concatenate([a, b]).astype(np.float64)
    centre, size = both.mean(0), max(float(np.ptp(both)), 1e-9)
    one, two = (np.asarray((q - centre) / size * 1000, np.float32) for q in (a, b))
    if not (cv2.isContourConvex(one) and cv2.isContourConvex(two)):
        return _by_mask(one, two)
    shared = float(cv2.intersectConvexConvex(one, two)[0])
    total = cv2.contourArea(one) + cv2.contourArea(two) - shared
    return shared / total if total > 0 else 0.0


def _by_mask(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """The same by counting pixels, for shapes that are not convex."""
    masks = []
    for quad in (a, b):
        mask = np.zeros((2100, 2100), np.uint8)
        cv2.fillPoly(mask, [np.asarray((quad + 1050) * 8, np.int32)], 1, cv2.LINE_8, 3)
        masks.append(mask > 0)
    union = int((masks[0] | masks[1]).sum())
    return int((masks[0] & masks[1]).sum()) / union if union else 0.0
