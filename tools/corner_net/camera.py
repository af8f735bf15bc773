"""What light and lens do to the scene: shadows, glare, colour cast, darkness, blur, noise."""

from __future__ import annotations

import cv2
import numpy as np

from tools.corner_net.noise import Field, Image, Rng, chance, fractal, smooth


def lighting(rng: Rng, height: int, width: int, calm: bool) -> Field:
    """Brightness over the frame: a gradient, the soft or hard shadows of a person, an arm or a phone, a vignette."""
    light = np.ones((height, width), np.float32)
    if chance(rng, 0.7):
        light *= 1 + rng.uniform(0.05, 0.4 if calm else 0.8) * (smooth(rng, height, width, 2, 2) - 0.5)
    if chance(rng, 0.25 if calm else 0.45):
        for _ in range(int(rng.integers(1, 4))):
            light *= _shadow(rng, height, width)
    if not calm and chance(rng, 0.15):
        light *= 1 - rng.uniform(0.1, 0.5) * (fractal(rng, height, width, 4, 4, 2) > 0.5)
    if chance(rng, 0.25):
        y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
        light *= 1 - rng.uniform(0.05, 0.3) * (x * x + y * y)
    return light


def _shadow(rng: Rng, height: int, width: int) -> Field:
    """One shadow; small fields are enlarged because its edge is soft anyway."""
    h, w = height // 4, width // 4
    mask = np.zeros((h, w), np.float32)
    corner = np.array([rng.choice([-0.2, 1.2]), rng.uniform(-0.2, 1.2)])
    if chance(rng, 0.5):
        corner = corner[::-1]
    centre = corner * 0.6 + rng.uniform(0, 1, 2) * 0.4
    angles = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(4, 9))))
    radius = rng.uniform(0.15, 0.8) * rng.uniform(0.6, 1, len(angles))
    points = (centre + np.stack([np.cos(angles), np.sin(angles)], 1) * radius[:, None]) * (w, h)
    cv2.fillPoly(mask, [points.astype(np.int32)], 1.0)
    blur = float(np.exp(rng.uniform(np.log(0.5), np.log(h * 0.15))))
    mask = np.asarray(cv2.GaussianBlur(mask, (0, 0), blur), np.float32)
    return np.asarray(1 - rng.uniform(0.1, 0.6) * cv2.resize(mask, (width, height)), np.float32)


def expose(rng: Rng, image: Image, calm: bool) -> Image:
    """The finished photograph: light, cast, tone curve, blur and noise; all of them mild if ``calm``."""
    height, width = image.shape[:2]
    picture: Field = image.astype(np.float32) / np.float32(255)
    picture *= lighting(rng, height, width, calm)[..., None]
    if chance(rng, 0.12):
        at, size = rng.uniform(0, 1, 2) * (width, height), rng.uniform(0.03, 0.25) * width
        y, x = np.mgrid[0:height, 0:width].astype(np.float32)
        spot = np.exp(-(((x - at[0]) / size) ** 2 + ((y - at[1]) / (size * rng.uniform(0.4, 1.5))) ** 2))
        picture += rng.uniform(0.2, 1.2) * spot[..., None]
    if chance(rng, 0.75):
        # From the red of a bulb to the blue of shade, and a little towards green or magenta.
        warm, tint = rng.normal(0, 0.11), rng.normal(0, 0.035)
        picture *= np.array([1 - warm, 1 + tint, 1 + warm], np.float32)
    picture = _exposed(rng, picture, calm)
    if chance(rng, 0.6):
        picture = np.clip(picture, 0, 1.2) ** rng.uniform(0.75, 1.25)
    if chance(rng, 0.25):
        # Haze of a dirty or flaring lens.
        low, high = rng.uniform(0, 0.2), rng.uniform(0.75, 1.1)
        picture = low + picture * (high - low)
    if chance(rng, 0.12 if calm else 0.5):
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.3, 1.4)), np.float32)
    elif chance(rng, 0.2):
        picture = picture + rng.uniform(0.2, 1.0) * (picture - cv2.GaussianBlur(picture, (0, 0), 1.0))
    if chance(rng, 0.02 if calm else 0.12):
        picture = _moved(rng, picture)
    if chance(rng, 0.6):
        noise = rng.standard_normal((height, width, 3), dtype=np.float32)
        if chance(rng, 0.4):
            noise = np.asarray(cv2.blur(noise, (3, 3)) * 2, np.float32)
        picture = picture + noise * (
            rng.uniform(0.002, 0.012 if calm else 0.035) if calm or chance(rng, 0.8) else rng.uniform(0.03, 0.055)
        )
    if chance(rng, 0.06):
        grey = picture.mean(2, keepdims=True)
        picture = grey + (picture - grey) * rng.uniform(0, 0.4)
    return np.asarray((picture * 255).clip(0, 255), np.uint8)


def _exposed(rng: Rng, picture: Field, calm: bool) -> Field:
    """As a camera meters: a middle tone for the whole, without burning out much; one in eight is left too dark."""
    reduced = cv2.resize(picture, (32, 32), interpolation=cv2.INTER_AREA)
    bright = float(np.percentile(reduced, 97)) + 1e-3
    gain = (rng.uniform(0.45, 0.72) if calm else rng.uniform(0.3, 0.62)) / (float(reduced.mean()) + 0.02)
    gain = min(gain, rng.uniform(0.8, 1.15) / bright) if chance(rng, 0.85) else gain
    if not calm and chance(rng, 0.2):
        gain *= rng.uniform(0.35, 0.7)
    lit = picture * gain
    # Film and sensors roll off towards white instead of clipping.
    return np.asarray(np.where(lit > 0.85, 0.85 + 0.15 * np.tanh((lit - 0.85) / 0.15), lit), np.float32)


def _moved(rng: Rng, picture: Field) -> Field:
    """Motion blur of 3 to 7 pixels."""
    size = int(rng.choice([3, 5, 7]))
    kernel = np.zeros((size, size), np.float32)
    angle, half = rng.uniform(0, np.pi), size // 2
    step = np.array([np.cos(angle), np.sin(angle)]) * half
    a, b = (tuple(int(v) for v in np.round(half + s * step)) for s in (-1, 1))
    cv2.line(kernel, a, b, 1.0)
    return np.asarray(cv2.filter2D(picture, -1, kernel / kernel.sum()), np.float32)
