"""Invented photographs for covers, cards and prints: portraits, landscapes, objects. Nobody's face."""

from __future__ import annotations

import cv2
import numpy as np

from tools.corner_net.noise import Image, Rng, any_colour, blend, chance, colour, fractal, shade


def picture(rng: Rng, width: int, height: int) -> Image:
    """A picture of a random kind, BGR, (height, width, 3)."""
    kind = rng.random()
    if kind < 0.35:
        return portrait(rng, width, height)
    if kind < 0.65:
        return landscape(rng, width, height)
    return objects(rng, width, height)


def portrait(rng: Rng, width: int, height: int) -> Image:
    """Head and shoulders before a plain or blurred wall."""
    image = blend(fractal(rng, height, width, 2, 2, 2), any_colour(rng, (0.4, 1)), any_colour(rng, (0.5, 1)))
    skin = colour(rng, (0.02, 0.09), (0.2, 0.6), (0.35, 0.98))
    cx, cy, r = width / 2 + rng.normal(0, width * 0.04), height * rng.uniform(0.36, 0.46), min(width, height) * 0.24
    hair = colour(rng, (0.03, 0.12), (0, 0.6), (0.03, 0.6))
    _disc(image, cx, cy - r * 0.15, r * rng.uniform(1.05, 1.3), r * rng.uniform(1.3, 1.6), hair)
    _disc(image, cx, height * 1.02, width * rng.uniform(0.34, 0.5), height * 0.34, any_colour(rng))
    _disc(image, cx, cy, r * 0.82, r * 1.12, skin)
    for side in (-1, 1):
        _disc(image, cx + side * r * 0.33, cy - r * 0.1, r * 0.13, r * 0.07, (40, 40, 50))
    _disc(image, cx, cy + r * 0.55, r * 0.28, r * 0.07, shade(skin, 0.65))
    return image


def landscape(rng: Rng, width: int, height: int) -> Image:
    """Sky, ridges, foreground."""
    sky = np.linspace(0, 1, height, dtype=np.float32)[:, None].repeat(width, 1)
    image = blend(sky, colour(rng, (0.5, 0.65), (0.2, 0.8), (0.4, 1)), colour(rng, (0, 1), (0, 0.5), (0.6, 1)))
    for layer in range(int(rng.integers(1, 5))):
        ridge = height * (0.35 + 0.15 * layer) + height * 0.25 * (fractal(rng, 2, width, 2, 4)[0] - 0.5)
        mask = np.arange(height)[:, None] > ridge[None, :]
        image[mask] = any_colour(rng, (0.1, 0.8))
    grain = 0.8 + 0.4 * fractal(rng, height, width, 8, 8)
    return np.asarray((image * grain[..., None]).clip(0, 255), np.uint8)


def objects(rng: Rng, width: int, height: int) -> Image:
    """Shapes of any colour, as on a cover or an advertisement."""
    image = blend(fractal(rng, height, width, 2, 2, 2), any_colour(rng), any_colour(rng))
    for _ in range(int(rng.integers(1, 14))):
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        a, b = rng.uniform(0.03, 0.4, 2) * min(width, height)
        if chance(rng, 0.5):
            _disc(image, x, y, a, b, any_colour(rng))
        else:
            corners = np.array([x, y]) + rng.normal(0, max(a, 2), (int(rng.integers(3, 7)), 2))
            cv2.fillPoly(image, [corners.astype(np.int32)], any_colour(rng), cv2.LINE_AA)
    return image


def _disc(image: Image, x: float, y: float, a: float, b: float, colour_: tuple[float, float, float]) -> None:
    cv2.ellipse(image, (int(x), int(y)), (max(1, int(a)), max(1, int(b))), 0, 0, 360, colour_, -1, cv2.LINE_AA)
