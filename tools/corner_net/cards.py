"""Cards, passports, covers, prints and screens of colour: documents whose edge is not white paper."""

from __future__ import annotations

import cv2
import numpy as np

from tools.corner_net.lettering import Sheet
from tools.corner_net.noise import Colour, Image, Rng, any_colour, blend, chance, colour, fractal, shade, smooth
from tools.corner_net.papers import LONG, paper_colour
from tools.corner_net.pictures import picture


def _base(rng: Rng, width: int, height: int, pale: bool) -> Image:
    """Gradient ground, with guilloche lines at times."""
    value = (0.65, 1.0) if pale else (0.05, 0.9)
    first = any_colour(rng, value)
    second = any_colour(rng, value) if chance(rng, 0.5) else shade(first, rng.uniform(0.75, 1.2))
    image = blend(smooth(rng, height, width, 2, 2), first, second)
    if chance(rng, 0.5):
        x, lines = np.arange(width), int(rng.integers(4, 30))
        ink, swing = shade(first, rng.uniform(0.7, 0.95)), rng.uniform(2, height * 0.2)
        wave = swing * np.sin(x / width * rng.uniform(2, 20) + rng.uniform(0, 6))
        for i in range(lines):
            points = np.stack([x, wave + height * i / lines], 1).astype(np.int32)
            cv2.polylines(image, [points], False, ink, 1, cv2.LINE_AA)
    return image


def card(rng: Rng, held_out: bool) -> Image:
    """ID-1 proportions (85.60 x 53.98 mm), front with portrait or a plain back."""
    width, height = 340, 214
    sheet = Sheet(rng, width, height, (255, 255, 255), held_out)
    pale = chance(rng, 0.75)
    sheet.paste(_base(rng, width, height, pale), 0, 0)
    ink: Colour = colour(rng, (0, 1), (0, 0.6), (0, 0.4)) if pale else colour(rng, (0, 1), (0, 0.2), (0.8, 1))
    if chance(rng, 0.25):
        sheet.box(0, rng.uniform(0, 20), width, rng.uniform(14, 50), any_colour(rng), None)
    left = 14.0
    if chance(rng, 0.75):
        w = int(width * rng.uniform(0.2, 0.36))
        h = int(w * rng.uniform(1.2, 1.4))
        x = rng.choice([0.04, 0.07, 0.62]) * width
        sheet.paste(picture(rng, w, h), x, (height - h) * rng.uniform(0.3, 0.8))
        left = x + w + 10 if x < width / 2 else left
    y, size = rng.uniform(8, 30), rng.uniform(8, 15)
    while y < height * rng.uniform(0.7, 1.0):
        sheet.text(left, y, size * rng.uniform(0.7, 1.2), (width - left) * rng.uniform(0.2, 0.6), ink)
        y += size * rng.uniform(1.3, 2.2)
    if chance(rng, 0.3):
        sheet.box(width * 0.1, height * 0.35, 40, 32, (120, 190, 215), (80, 130, 150))
    if chance(rng, 0.25):
        for row in range(3):
            sheet.text(8, height * (0.7 + 0.09 * row), 12, width * 0.92, (30, 30, 30))
    return sheet.image()


def passport(rng: Rng, held_out: bool) -> Image:
    """One data page, or the open booklet of two pages, ID-3 (125 x 88 mm each)."""
    opened = chance(rng, 0.5)
    width, height = (300, 422) if opened else (LONG, 296)
    sheet = Sheet(rng, width, height, (255, 255, 255), held_out)
    sheet.paste(_base(rng, width, height, True), 0, 0)
    top = height // 2 if opened else 0
    page = height - top
    if opened:
        sheet.paste(_base(rng, width, top, True), 0, 0)
        for row in range(int(rng.integers(0, 9))):
            sheet.text(20, 20 + row * 16, 8, width * rng.uniform(0.2, 0.85), (90, 80, 80))
        sheet.line((0, top), (width, top), (140, 140, 140), 2)
    w = int(width * 0.27)
    sheet.paste(picture(rng, w, int(w * 1.3)), width * 0.05, top + page * 0.16)
    for row in range(int(rng.integers(4, 9))):
        sheet.text(
            width * 0.38,
            top + page * (0.08 + 0.085 * row),
            rng.uniform(7, 11),
            width * rng.uniform(0.2, 0.55),
            (50, 40, 40),
        )
    for row in range(2):
        sheet.text(width * 0.03, top + page * (0.8 + 0.09 * row), 12, width * 0.9, (25, 25, 25))
    return sheet.image()


def cover(rng: Rng, held_out: bool) -> Image:
    """Book, magazine or notebook cover: full-bleed picture or plain colour, big letters, bands."""
    height = LONG
    width = int(height / rng.uniform(1.2, 1.55))
    if chance(rng, 0.3):
        width, height = height, width
    sheet = Sheet(rng, width, height, (255, 255, 255), held_out)
    if chance(rng, 0.5):
        sheet.paste(picture(rng, width, height), 0, 0)
    else:
        sheet.paste(_base(rng, width, height, chance(rng, 0.4)), 0, 0)
    for _ in range(int(rng.integers(0, 3))):
        h = height * rng.uniform(0.05, 0.4)
        sheet.box(0, rng.uniform(0, height - h), width, h, any_colour(rng), None)
    if chance(rng, 0.2):
        inset = width * rng.uniform(0.02, 0.1)
        sheet.box(inset, inset, width - 2 * inset, height - 2 * inset, None, any_colour(rng), int(rng.integers(1, 6)))
    for _ in range(int(rng.integers(0, 4))):
        w, h = int(width * rng.uniform(0.15, 0.8)), int(height * rng.uniform(0.1, 0.4))
        sheet.paste(picture(rng, w, h), rng.uniform(0, width - w), rng.uniform(0, height - h))
    for _ in range(int(rng.integers(1, 9))):
        size = float(rng.choice([8, 10, 14, 22, 40, 64]))
        sheet.text(
            width * rng.uniform(0, 0.5),
            rng.uniform(0, height - size),
            size,
            width * rng.uniform(0.2, 0.6),
            any_colour(rng),
        )
    return sheet.image()


def blank(rng: Rng, held_out: bool) -> Image:
    """An empty or nearly empty sheet, a card back, an envelope, a sheet of coloured paper."""
    height = LONG
    width = int(height / rng.uniform(1.0, 1.6))
    tint = paper_colour(rng) if chance(rng, 0.75) else any_colour(rng, (0.6, 1))
    sheet = Sheet(rng, width, height, tint, held_out)
    for _ in range(int(rng.integers(1, 4))):
        y = rng.uniform(0.03, 0.95) * height
        sheet.text(width * rng.uniform(0.05, 0.5), y, rng.uniform(6, 20), width * 0.4, (50, 50, 50), chance(rng, 0.5))
    return sheet.image()


def photograph(rng: Rng, held_out: bool) -> Image:
    """A print with or without white border."""
    width, height = (LONG, int(LONG / rng.uniform(1.2, 1.6)))
    if chance(rng, 0.4):
        width, height = height, width
    sheet = Sheet(rng, width, height, (245, 248, 248), held_out)
    border = int(rng.choice([0, 0, 8, 14, 24]))
    sheet.paste(picture(rng, width - 2 * border, height - 2 * border), border, border)
    return sheet.image()


def spread(rng: Rng, held_out: bool) -> Image:
    """An open book or magazine: two text pages and the shadow of the fold between them."""
    from tools.corner_net.papers import letter

    one, two = letter(rng, held_out), letter(rng, held_out)
    pages = [cv2.resize(p, (LONG // 2, 300), interpolation=cv2.INTER_AREA) for p in (one, two)]
    image = np.hstack(pages).astype(np.float32)
    x = np.abs(np.arange(image.shape[1]) - image.shape[1] / 2) / (image.shape[1] * rng.uniform(0.02, 0.1))
    fold = 1 - rng.uniform(0.15, 0.6) * np.exp(-x)
    grain = 0.97 + 0.06 * fractal(rng, image.shape[0], image.shape[1], 3, 3)
    return np.asarray((image * fold[None, :, None] * grain[..., None]).clip(0, 255), np.uint8)
