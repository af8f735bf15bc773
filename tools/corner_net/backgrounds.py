"""Surfaces to lay a page on, 512 x 512 pixels each, drawn from noise; no photograph is used."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from tools.corner_net.noise import (
    Field,
    Image,
    Rng,
    any_colour,
    blend,
    chance,
    colour,
    fractal,
    scaled,
    shade,
    smooth,
)

SIZE = 512


def _axes() -> tuple[Field, Field]:
    y, x = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32) / SIZE
    return x, y


def wood(rng: Rng) -> Image:
    """Grain along x, from pale birch to dark walnut, in one sheet or in planks."""
    _, y = _axes()
    rows = int(rng.integers(3, 14))
    bend = fractal(rng, SIZE, SIZE, rows, 2, 3)
    rings = 0.5 + 0.5 * np.sin(2 * np.pi * (y * rng.uniform(2, 16) + bend * rng.uniform(1, 7)))
    fibres = smooth(rng, SIZE, SIZE, SIZE, int(rng.integers(4, 30)))
    grain = rng.uniform(0.1, 0.6) * rings + rng.uniform(0.1, 0.5) * fibres + 0.3 * bend
    kind = rng.random()
    hue, value = ((0.04, 0.11), (0.55, 0.95)) if kind < 0.55 else ((0.01, 0.09), (0.15, 0.55))
    base = colour(rng, hue, (0.1, 0.35) if kind > 0.9 else (0.25, 0.75), value)
    picture = blend(np.asarray(grain / grain.max(), np.float32), shade(base, rng.uniform(0.55, 0.95)), base)
    if chance(rng, 0.4):
        planks = int(rng.integers(2, 9))
        edges = np.arange(1, planks) * SIZE // planks
        tone = np.repeat(rng.uniform(0.8, 1.1, planks).astype(np.float32), -(-SIZE // planks))[:SIZE]
        picture = scaled(picture, np.repeat(tone[:, None], SIZE, 1))
        gap = int(rng.integers(1, 5))
        for edge in edges:
            picture[edge : edge + gap] = (picture[edge : edge + gap] * rng.uniform(0.2, 0.7)).astype(np.uint8)
    return picture


def cloth(rng: Rng) -> Image:
    """Weave with stripes, checks or a printed repeat."""
    x, y = _axes()
    pitch = rng.uniform(40, 160)
    weave = 0.5 + 0.25 * np.sin(2 * np.pi * pitch * x) + 0.25 * np.sin(2 * np.pi * pitch * y)
    base = any_colour(rng)
    picture = blend(np.asarray(0.6 * weave + 0.4 * fractal(rng, SIZE, SIZE, 4, 4), np.float32), shade(base, 0.7), base)
    kind = rng.random()
    if kind < 0.5:
        other = np.array(any_colour(rng), np.float32)
        for axis in (0, 1) if kind < 0.3 else (0,):
            bands = smooth(rng, 1, SIZE, 2, int(rng.integers(6, 50)))[0] > rng.uniform(0.5, 0.8)
            mask = np.broadcast_to(bands[:, None] if axis == 0 else bands[None, :], (SIZE, SIZE))
            picture[mask] = (picture[mask] * 0.5 + other * 0.5).astype(np.uint8)
    elif kind < 0.75:
        tile = int(rng.integers(32, 128))
        motif = np.zeros((tile, tile), np.uint8)
        for _ in range(int(rng.integers(2, 7))):
            centre = tuple(int(v) for v in rng.integers(0, tile, 2))
            axes = tuple(int(v) for v in rng.integers(3, tile // 4 + 2, 2))
            cv2.ellipse(motif, centre, axes, float(rng.uniform(0, 180)), 0, 360, 255, -1)
        mask = np.tile(motif, (SIZE // tile + 1, SIZE // tile + 1))[:SIZE, :SIZE] > 0
        picture[mask] = (picture[mask] * 0.3 + np.array(any_colour(rng)) * 0.7).astype(np.uint8)
    return picture


def metal(rng: Rng) -> Image:
    """Brushed sheet with a long reflection."""
    brushed = smooth(rng, SIZE, SIZE, SIZE, int(rng.integers(2, 12)))
    glow = smooth(rng, SIZE, SIZE, 2, int(rng.integers(3, 8)))
    base = colour(rng, (0, 1), (0, 0.12), (0.25, 0.9))
    return blend(np.asarray(0.35 * brushed + 0.65 * glow, np.float32), shade(base, 0.5), shade(base, 1.15))


def marble(rng: Rng) -> Image:
    """Stone with veins."""
    turbulence = fractal(rng, SIZE, SIZE, 4, 4, 6, 0.6)
    veins = np.abs(np.sin(np.pi * (turbulence * rng.uniform(2, 7)))) ** rng.uniform(0.15, 0.8)
    dark = chance(rng, 0.35)
    base = colour(rng, (0, 1), (0, 0.25), (0.08, 0.3) if dark else (0.6, 0.97))
    return blend(np.asarray(veins, np.float32), shade(base, 2.2 if dark else 0.6), base)


def granite(rng: Rng) -> Image:
    """Speckles of two or three colours."""
    picture = np.full((SIZE, SIZE, 3), any_colour(rng, (0.1, 0.9)), np.float32)
    for _ in range(int(rng.integers(2, 4))):
        cells = int(rng.integers(60, 300))
        mask = smooth(rng, SIZE, SIZE, cells, cells) > rng.uniform(0.6, 0.85)
        picture[mask] = any_colour(rng)
    return (
        np.asarray(picture * (0.85 + 0.3 * fractal(rng, SIZE, SIZE, 3, 3)[..., None]), np.float32)
        .clip(0, 255)
        .astype(np.uint8)
    )


def carpet(rng: Rng) -> Image:
    """Pile with a mirrored ornament, or plain."""
    pile = rng.random((SIZE, SIZE), dtype=np.float32)
    if chance(rng, 0.6):
        half = fractal(rng, SIZE // 2, SIZE // 2, 6, 6, 3)
        ornament = np.block([[half, half[:, ::-1]], [half[::-1], half[::-1, ::-1]]])
    else:
        ornament = fractal(rng, SIZE, SIZE, 6, 6)
    levels = int(rng.integers(2, 6))
    palette = np.array([any_colour(rng, (0.05, 0.8)) for _ in range(levels)], np.float32)
    picture = palette[(ornament * levels).astype(int).clip(0, levels - 1)] * (0.65 + 0.6 * pile[..., None])
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.6, 1.2)).clip(0, 255), np.uint8)


def leather(rng: Rng) -> Image:
    """Cells around random points, dark in between."""
    seeds = np.full((SIZE, SIZE), 255, np.uint8)
    count = int(rng.integers(800, 5000))
    seeds[rng.integers(0, SIZE, count), rng.integers(0, SIZE, count)] = 0
    distance = cv2.distanceTransform(seeds, cv2.DIST_L2, 3)
    cells = np.clip(1.2 - distance / distance.max() * rng.uniform(0.5, 1.4), 0, 1)
    base = any_colour(rng, (0.05, 0.7))
    return blend(np.asarray(cells, np.float32), shade(base, 0.5), shade(base, 1.2))


def tiles(rng: Rng) -> Image:
    """Square or long tiles with joints; a cutting mat is a dark one with thin pale joints."""
    base = any_colour(rng)
    picture = scaled(np.full((SIZE, SIZE, 3), base, np.uint8), 0.85 + 0.3 * fractal(rng, SIZE, SIZE, 5, 5))
    joint = shade(base, rng.uniform(1.2, 2.0)) if chance(rng, 0.4) else shade(base, rng.uniform(0.3, 0.8))
    pitch = int(rng.integers(16, 200))
    width = int(rng.integers(1, 6))
    rows = pitch if chance(rng, 0.6) else int(pitch * rng.uniform(0.3, 3)) + 8
    for at in range(0, SIZE, pitch):
        cv2.line(picture, (at, 0), (at, SIZE), joint, width)
    for at in range(0, SIZE, rows):
        cv2.line(picture, (0, at), (SIZE, at), joint, width)
    return picture


def plain(rng: Rng) -> Image:
    """One colour with a little unevenness: a painted desk, a wall, a sheet of plastic; often nearly white."""
    base = colour(rng, (0, 1), (0, 0.15), (0.7, 1.0)) if chance(rng, 0.4) else any_colour(rng)
    spread = rng.uniform(0.02, 0.25)
    picture = scaled(np.full((SIZE, SIZE, 3), base, np.uint8), 1 - spread * fractal(rng, SIZE, SIZE, 2, 2, 3))
    if chance(rng, 0.4):
        picture = scaled(picture, 1 + rng.uniform(0.02, 0.2) * (rng.random((SIZE, SIZE), dtype=np.float32) - 0.5))
    return picture


def gloss(rng: Rng) -> Image:
    """Dark polished table with reflections of lamps and windows."""
    base = any_colour(rng, (0.03, 0.3))
    picture = scaled(np.full((SIZE, SIZE, 3), base, np.uint8), 0.6 + 0.7 * fractal(rng, SIZE, SIZE, 2, 2))
    light = np.zeros((SIZE, SIZE), np.float32)
    for _ in range(int(rng.integers(1, 5))):
        points = rng.integers(0, SIZE, (4, 2)).astype(np.int32)
        cv2.fillConvexPoly(light, cv2.convexHull(points), float(rng.uniform(20, 120)))
    light = np.asarray(cv2.GaussianBlur(light, (0, 0), rng.uniform(2, 30)), np.float32)
    return np.asarray((picture + light[..., None]).clip(0, 255), np.uint8)


def scenery(rng: Rng) -> Image:
    """Something out of focus: a room, a street, a crowd; blobs and bars of any colour."""
    picture = blend(fractal(rng, SIZE, SIZE, 3, 3), any_colour(rng), any_colour(rng))
    for _ in range(int(rng.integers(6, 40))):
        at = rng.integers(0, SIZE, 2)
        size = rng.integers(8, SIZE // 2, 2) if chance(rng, 0.4) else rng.integers(4, 80, 2)
        x, y, w, h = (int(v) for v in (*at, *size))
        if chance(rng, 0.5):
            cv2.ellipse(
                picture, (x, y), (w // 2 + 1, h // 2 + 1), float(rng.uniform(0, 180)), 0, 360, any_colour(rng), -1
            )
        else:
            cv2.rectangle(picture, (x, y), (x + w, y + h), any_colour(rng), -1)
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.8, 12)), np.uint8)


def terrazzo(rng: Rng) -> Image:
    """Chips in cement. Kept for validation."""
    picture = np.full((SIZE, SIZE, 3), any_colour(rng, (0.5, 0.95)), np.uint8)
    for _ in range(int(rng.integers(60, 250))):
        centre = rng.integers(0, SIZE, 2)
        chip = (centre + rng.normal(0, rng.uniform(3, 12), (6, 2))).astype(np.int32)
        cv2.fillConvexPoly(picture, cv2.convexHull(chip), any_colour(rng))
    return picture


def wicker(rng: Rng) -> Image:
    """Basket weave. Kept for validation."""
    x, y = _axes()
    n = rng.uniform(8, 30)
    checks = (np.floor(x * n) + np.floor(y * n)) % 2
    strand = np.where(checks > 0, np.abs(np.sin(np.pi * x * n * 3)), np.abs(np.sin(np.pi * y * n * 3)))
    base = colour(rng, (0.05, 0.13), (0.2, 0.7), (0.3, 0.95))
    return blend(np.asarray(strand, np.float32), shade(base, 0.5), base)


TRAIN: tuple[tuple[Callable[[Rng], Image], float], ...] = (
    (wood, 0.27),
    (plain, 0.2),
    (cloth, 0.1),
    (marble, 0.07),
    (metal, 0.05),
    (granite, 0.05),
    (carpet, 0.06),
    (leather, 0.04),
    (tiles, 0.06),
    (gloss, 0.05),
    (scenery, 0.05),
)
EVERYDAY = ((wood, 0.5), (plain, 0.25), (gloss, 0.1), (marble, 0.05), (metal, 0.05), (cloth, 0.05))
VALID = ((terrazzo, 0.2), (wicker, 0.2), (wood, 0.3), (plain, 0.15), (scenery, 0.15))


def surface(rng: Rng, held_out: bool, everyday: bool = False) -> Image:
    """A surface of a random kind, BGR; ``held_out`` draws nearly half of them from kinds that training never sees.

    ``everyday`` keeps to what desks and counters are made of.
    """
    kinds = VALID if held_out else EVERYDAY if everyday else TRAIN
    weights = np.array([w for _, w in kinds])
    return kinds[int(rng.choice(len(kinds), p=weights / weights.sum()))][0](rng)
