"""A document of a random kind with its outline: rounded, torn, dog-eared, punched; and the light on its folds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from tools.corner_net import cards, papers
from tools.corner_net.noise import Field, Image, Rng, chance, fractal, scaled, smooth


@dataclass(frozen=True)
class Document:
    """``image`` (h, w, 3) BGR and ``cover`` (h, w), 255 where the document is; corners at the image's own corners."""

    image: Image
    cover: Image
    card: bool


KINDS: tuple[tuple[Callable[[Rng, bool], Image], float], ...] = (
    (papers.letter, 0.22),
    (papers.form, 0.17),
    (papers.receipt, 0.07),
    (papers.written, 0.11),
    (cards.card, 0.14),
    (cards.passport, 0.05),
    (cards.cover, 0.11),
    (cards.blank, 0.06),
    (cards.photograph, 0.03),
    (cards.spread, 0.04),
)


def document(rng: Rng, held_out: bool) -> Document:
    """A document at rest and flat, drawn with the fonts of its set."""
    weights = np.array([w for _, w in KINDS])
    draw = KINDS[int(rng.choice(len(KINDS), p=weights / weights.sum()))][0]
    image = draw(rng, held_out)
    height, width = image.shape[:2]
    cover = np.full((height, width), 255, np.uint8)
    is_card = draw is cards.card
    if is_card:
        # ID-1 corners have a radius of 3.18 mm (ISO/IEC 7810), 3.7 % of the width.
        _round(cover, round(width * rng.uniform(0.03, 0.045)))
    elif draw in {cards.passport, cards.photograph} and chance(rng, 0.5):
        _round(cover, round(width * rng.uniform(0.01, 0.03)))
    elif draw is papers.receipt and chance(rng, 0.5):
        _tear(rng, cover, ends_only=True)
    elif chance(rng, 0.05):
        _tear(rng, cover, ends_only=False)
    if not is_card and chance(rng, 0.06):
        _dog_ear(rng, image, cover)
    if chance(rng, 0.5):
        image = scaled(image, 0.93 + 0.12 * fractal(rng, height, width, 3, 3))
    if not is_card and chance(rng, 0.3):
        image = scaled(image, _folds(rng, height, width))
    if chance(rng, 0.15):
        image = _outlined(rng, image, cover)
    return Document(image, cover, is_card)


def _round(cover: Image, radius: int) -> None:
    """Cuts the four corners to quarter circles."""
    height, width = cover.shape[:2]
    cover[:] = 0
    cv2.rectangle(cover, (radius, 0), (width - radius - 1, height - 1), 255, -1)
    cv2.rectangle(cover, (0, radius), (width - 1, height - radius - 1), 255, -1)
    for x in (radius, width - radius - 1):
        for y in (radius, height - radius - 1):
            cv2.circle(cover, (x, y), radius, 255, -1, cv2.LINE_AA)


def _tear(rng: Rng, cover: Image, ends_only: bool) -> None:
    """Ragged edges, or the saw of a receipt printer; the corners stay virtual."""
    height, width = cover.shape[:2]
    for side in (0, 1) if ends_only else rng.choice(4, 2, replace=False):
        length = width if side < 2 else height
        depth = rng.uniform(1, 5)
        ragged = fractal(rng, 2, length, 2, 40, 3)[0] * depth
        if ends_only and chance(rng, 0.5):
            ragged = (np.arange(length) % int(rng.integers(4, 12))) / 4 * depth
        strip = np.arange(12)[:, None] < ragged[None, :]
        if side == 0:
            cover[:12][strip] = 0
        elif side == 1:
            cover[-12:][strip[::-1]] = 0
        elif side == 2:
            cover[:, :12][strip.T] = 0
        else:
            cover[:, -12:][strip.T[:, ::-1]] = 0


def _dog_ear(rng: Rng, image: Image, cover: Image) -> None:
    """One corner turned over: the triangle goes, its back lies on the page."""
    height, width = cover.shape[:2]
    a, b = (rng.uniform(0.04, 0.14, 2) * min(width, height)).astype(int)
    right, low = chance(rng, 0.5), chance(rng, 0.5)
    x0, y0 = (width - 1 if right else 0), (height - 1 if low else 0)
    dx, dy = (-1 if right else 1), (-1 if low else 1)
    first, second = (x0 + dx * a, y0), (x0, y0 + dy * b)
    cv2.fillConvexPoly(cover, np.array([(x0, y0), first, second], np.int32), 0)
    if chance(rng, 0.7):
        # The corner mirrored in the crease.
        n = np.array([b * dx, a * dy], np.float64) / np.hypot(a, b)
        tip = np.array([x0, y0]) + 2 * (a * b / np.hypot(a, b)) * n
        tone = float(rng.uniform(170, 245))
        cv2.fillConvexPoly(image, np.array([tip, first, second]).astype(np.int32), (tone, tone, tone))


def _folds(rng: Rng, height: int, width: int) -> Field:
    """Brightness of a sheet that was folded in two, three or four, or crumpled a little."""
    light = np.ones((height, width), np.float32)
    for axis in (0, 1):
        if chance(rng, 0.6):
            length = (height, width)[axis]
            cuts = int(rng.integers(2, 5))
            tone = rng.uniform(0.88, 1.06, cuts).astype(np.float32)
            at = np.arange(length) * cuts // length
            profile = tone[at]
            near = np.abs(np.arange(length) * cuts / length % 1 - 0) * length / cuts
            profile = profile - (rng.uniform(-0.1, 0.2) * np.exp(-near / 1.5) * (at > 0)).astype(np.float32)
            light *= profile[:, None] if axis == 0 else profile[None, :]
    if chance(rng, 0.3):
        cells = int(rng.integers(4, 12))
        crease = smooth(rng, height, width, cells, cells)
        slope = np.asarray(cv2.Sobel(crease, cv2.CV_32F, 1, 1, ksize=5), np.float32)
        light += rng.uniform(0.02, 0.12) * np.tanh(slope / (slope.std() + 1e-6))
    return light


def _outlined(rng: Rng, image: Image, cover: Image) -> Image:
    """A darker or lighter rim, as of a laminated card, a thick board or a cut edge that catches light."""
    width = int(rng.integers(1, 4))
    inner = cv2.erode(cover, np.ones((2 * width + 1,) * 2, np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=0)
    image = image.copy()
    rim = (inner == 0) & (cover > 0)
    image[rim] = (image[rim] * rng.uniform(0.5, 1.2)).clip(0, 255).astype(np.uint8)
    return image
