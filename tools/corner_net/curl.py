"""Pages that do not lie flat: bowed or kinked sides and the light on the waves. The corners stay where they are."""

from __future__ import annotations

import cv2
import numpy as np

from tools.corner_net.documents import Document
from tools.corner_net.noise import Field, Rng, chance

MARGIN = 0.07
"""Room that is added on every side, as a share of that side's length."""


def curled(rng: Rng, document: Document) -> Document:
    """The document on a canvas larger by ``MARGIN`` on each side, its sides bowed by up to 4 % of their length."""
    height, width = document.cover.shape[:2]
    mx, my = round(width * MARGIN), round(height * MARGIN)
    v, u = np.mgrid[-my : height + my, -mx : width + mx].astype(np.float32)
    u, v = u / width, v / height
    strength = rng.choice([0.006, 0.015, 0.03])
    dx = _bow(rng, v) * _across(rng, u, strength)
    dy = _bow(rng, u) * _across(rng, v, strength)
    map_x, map_y = (u - dx) * width, (v - dy) * height
    image = cv2.remap(document.image, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    cover = cv2.remap(document.cover, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0)
    slope = cv2.Sobel(dx + dy, cv2.CV_32F, 1, 0, ksize=5) + cv2.Sobel(dx + dy, cv2.CV_32F, 0, 1, ksize=5)
    light = 1 + rng.uniform(0, 0.16) * slope / (float(np.abs(slope).max()) + 1e-6) * min(1.0, strength / 0.02)
    lit = (image * light[..., None]).clip(0, 255).astype(np.uint8)
    return Document(lit, np.asarray(cover, np.uint8), document.card)


def _bow(rng: Rng, t: Field) -> Field:
    """0 at both ends, 1 at the peak: an arch, a wave, or the kink of a fold."""
    inside = t.clip(0, 1)
    kind = rng.random()
    if kind < 0.5:
        return np.asarray(np.sin(np.pi * inside ** rng.uniform(0.6, 1.7)), np.float32)
    if kind < 0.75:
        return np.asarray(np.sin(2 * np.pi * inside) * np.sin(np.pi * inside), np.float32)
    peak = rng.uniform(0.3, 0.7)
    return np.asarray(np.minimum(inside / peak, (1 - inside) / (1 - peak)), np.float32)


def _across(rng: Rng, t: Field, strength: float) -> Field:
    """How far the sides move, from one side to the other; signed share of the length."""
    first, last = rng.normal(0, strength / 1.6, 2)
    if chance(rng, 0.4):
        last = 0.0
    return np.asarray((first * (1 - t) + last * t).clip(-0.05, 0.05), np.float32)
