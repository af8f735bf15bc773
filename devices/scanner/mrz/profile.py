"""How much print lies at each height of a strip that holds several lines."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from devices.scanner.geometry import Picture
from devices.scanner.mrz.rows import strokes

SLANTS = np.linspace(-0.06, 0.06, 25)
"""Slopes tried against the seed's own direction."""


def energy_of(work: Picture, firm: bool) -> NDArray[np.float32]:
    """Edges across the reading direction that belong to narrow dark strokes."""
    slope = np.abs(cv2.Sobel(strokes(work, firm=firm), cv2.CV_32F, 1, 0, ksize=3))
    return np.minimum(np.asarray(slope, np.float32), 3 * float(slope.mean()) + 1)


def straightest(energy: NDArray[np.float32]) -> tuple[float, NDArray[np.float32]]:
    """The slope along which the profile is sharpest, and that profile (rows,)."""
    rows, columns = energy.shape
    blocks = min(24, columns // 8)
    width = columns // blocks
    means = energy[:, : blocks * width].reshape(rows, blocks, width).mean(2)
    centres = (np.arange(blocks) + 0.5) * width - columns / 2
    best, sharpest, y = 0.0, -1.0, np.arange(rows)
    profile = means.mean(1)
    for slant in SLANTS:
        total = np.zeros(rows, np.float32)
        for block in range(blocks):
            total += np.interp(y + slant * centres[block], y, means[:, block]).astype(np.float32)
        sharp = float(np.square(np.diff(total)).sum()) * (1 - abs(slant))
        if sharp > sharpest:
            best, sharpest, profile = float(slant), sharp, total / blocks
    return best, profile.astype(np.float32)


def bands(profile: NDArray[np.float32]) -> list[tuple[float, float]]:
    """Middle and height of each run of the profile above half of its local peak."""
    smooth = cv2.GaussianBlur(profile[:, None], (1, 3), 0)[:, 0]
    floor = float(np.percentile(smooth, 15))
    peak = float(smooth.max())
    if peak <= floor + 1e-3:
        return []
    found = []
    over = smooth > floor + 0.3 * (peak - floor)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], over.astype(np.int8), [0]])))
    for start, stop in edges.reshape(-1, 2):
        top = float(smooth[start:stop].max())
        inside = np.flatnonzero(smooth[start:stop] > floor + 0.5 * (top - floor)) + start
        height = float(inside[-1] - inside[0] + 1)
        if height >= 4:
            found.append((float(inside[0] + inside[-1] + 1) / 2, height))
    return found
