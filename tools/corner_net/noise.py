"""Random fields and colours: the raw material of every drawn surface."""

from __future__ import annotations

import colorsys

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
"""Picture, (height, width, 3), BGR as OpenCV has it."""
Field = NDArray[np.float32]
"""One value a pixel, (height, width), mostly 0..1."""
Rng = np.random.Generator
Colour = tuple[float, float, float]


def chance(rng: Rng, probability: float) -> bool:
    return bool(rng.random() < probability)


def smooth(rng: Rng, height: int, width: int, rows: int, columns: int) -> Field:
    """Random values at ``rows`` x ``columns`` points, interpolated; 0..1."""
    grid = rng.random((max(2, rows), max(2, columns)), dtype=np.float32)
    return np.asarray(cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)


def fractal(rng: Rng, height: int, width: int, rows: int, columns: int, octaves: int = 4, decay: float = 0.5) -> Field:
    """Sum of ``smooth`` fields, each twice as fine and ``decay`` times as strong; stretched to 0..1."""
    total = np.zeros((height, width), np.float32)
    strength = 1.0
    for octave in range(octaves):
        total += strength * smooth(rng, height, width, min(rows << octave, height), min(columns << octave, width))
        strength *= decay
    low, high = float(total.min()), float(total.max())
    return np.asarray((total - low) / max(high - low, 1e-6), np.float32)


def colour(rng: Rng, hue: tuple[float, float], saturation: tuple[float, float], value: tuple[float, float]) -> Colour:
    """BGR 0..255 with hue, saturation and value (0..1) drawn from the given ranges."""
    r, g, b = colorsys.hsv_to_rgb(rng.uniform(*hue) % 1.0, rng.uniform(*saturation), rng.uniform(*value))
    return b * 255, g * 255, r * 255


def any_colour(rng: Rng, value: tuple[float, float] = (0.05, 1.0)) -> Colour:
    """BGR 0..255; half of them nearly grey, as most things are."""
    saturated = (0.0, 0.15) if chance(rng, 0.5) else (0.15, 0.95)
    return colour(rng, (0, 1), saturated, value)


def shade(colour_: Colour, factor: float) -> Colour:
    """The colour lightened or darkened, kept within 0..255."""
    b, g, r = (min(255.0, max(0.0, c * factor)) for c in colour_)
    return b, g, r


def blend(field: Field, low: Colour, high: Colour) -> Image:
    """Colours from ``low`` (where ``field`` is 0) to ``high`` (1)."""
    table = np.linspace(low, high, 256).clip(0, 255).astype(np.uint8)
    return np.asarray(table[(field * 255).clip(0, 255).astype(np.uint8)], np.uint8)


def scaled(image: Image, field: Field) -> Image:
    """``image`` times ``field``, pixel by pixel, clipped."""
    product = image.astype(np.float32) * field[..., None]
    return np.asarray(product.clip(0, 255), np.uint8)
