"""Sheets: letters, forms, receipts, notebook pages, handwriting, invoices. Long side about 420 pixels."""

from __future__ import annotations

import itertools

import numpy as np

from tools.corner_net.lettering import Sheet
from tools.corner_net.noise import Colour, Image, Rng, any_colour, chance, colour
from tools.corner_net.pictures import picture

LONG = 420


def paper_colour(rng: Rng) -> Colour:
    """White mostly; cream, grey recycled or tinted at times."""
    kind = rng.random()
    if kind < 0.75:
        return colour(rng, (0.05, 0.65), (0, 0.05), (0.9, 1))
    if kind < 0.92:
        return colour(rng, (0.08, 0.16), (0.03, 0.22), (0.8, 0.98))
    return colour(rng, (0, 1), (0.1, 0.45), (0.7, 1))


def _ink(rng: Rng) -> Colour:
    return (
        colour(rng, (0.55, 0.7), (0.3, 1), (0.2, 0.7)) if chance(rng, 0.2) else colour(rng, (0, 1), (0, 0.3), (0, 0.35))
    )


def _size(rng: Rng) -> tuple[int, int]:
    """A4, A5, B5 and Letter, upright mostly."""
    ratio = (1.414, 1.414, 1.414, 1.294, 1.5, 1.35)[int(rng.integers(6))]
    narrow = round(LONG / ratio)
    return (narrow, LONG) if chance(rng, 0.85) else (LONG, narrow)


def letter(rng: Rng, held_out: bool) -> Image:
    """Title, paragraphs, sometimes columns and a picture."""
    width, height = _size(rng)
    sheet = Sheet(rng, width, height, paper_colour(rng), held_out)
    margin, ink, size = width * rng.uniform(0.05, 0.14), _ink(rng), rng.uniform(5.5, 11)
    y = height * rng.uniform(0.03, 0.1)
    if chance(rng, 0.8):
        sheet.text(margin + width * rng.uniform(0, 0.25), y, size * rng.uniform(1.3, 2.4), width * 0.5, ink)
        y += size * rng.uniform(2.5, 5)
    columns = int(rng.choice([1, 1, 1, 2, 3]))
    pitch = size * rng.uniform(1.25, 2.2)
    bottom = height * (rng.uniform(0.2, 0.6) if chance(rng, 0.25) else rng.uniform(0.75, 0.97))
    step = (width - 2 * margin) / columns
    for column in range(columns):
        x, at = margin + column * step, y
        while at < bottom:
            full = rng.uniform(0.2, 0.7) if chance(rng, 0.15) else 0.95
            sheet.text(x, at, size, step * full, ink)
            at += pitch * (1.7 if chance(rng, 0.08) else 1)
    for _ in range(int(rng.choice([0, 0, 0, 1, 2, 4]))):
        w, h = int(width * rng.uniform(0.12, 0.8)), int(height * rng.uniform(0.06, 0.35))
        sheet.paste(picture(rng, w, h), rng.uniform(0, width - w), rng.uniform(0, height - h))
    _ornament(sheet, ink)
    return sheet.image()


def form(rng: Rng, held_out: bool) -> Image:
    """Tables with ruled cells, some filled, some shaded; often inside a heavy frame."""
    width, height = _size(rng)
    sheet = Sheet(rng, width, height, paper_colour(rng), held_out)
    ink, margin = _ink(rng), width * rng.uniform(0.03, 0.12)
    if chance(rng, 0.8):
        sheet.text(width * 0.25, height * 0.03, rng.uniform(9, 18), width * 0.5, ink)
    y, bottom = height * rng.uniform(0.08, 0.18), height * rng.uniform(0.7, 0.97)
    row, line = rng.uniform(9, 30), int(rng.choice([1, 1, 1, 2]))
    left, right = margin, width - margin
    cuts = [left, *sorted(rng.uniform(left, right, int(rng.integers(1, 9)))), right]
    while y < bottom:
        if chance(rng, 0.15):
            cuts = [left, *sorted(rng.uniform(left, right, int(rng.integers(0, 7)))), right]
        sheet.line((left, y), (right, y), ink, line)
        for a, b in itertools.pairwise(cuts):
            if chance(rng, 0.06):
                sheet.box(a, y, b - a, row, any_colour(rng, (0.6, 1)), ink)
            sheet.line((a, y), (a, y + row), ink, line)
            if chance(rng, 0.7) and b - a > 14:
                sheet.text(a + 2, y + 1, min(row * 0.7, 10), (b - a - 6) * rng.uniform(0.3, 1), ink, chance(rng, 0.2))
        sheet.line((right, y), (right, y + row), ink, line)
        y += row
    sheet.line((left, y), (right, y), ink, line)
    _ornament(sheet, ink)
    return sheet.image()


def receipt(rng: Rng, held_out: bool) -> Image:
    """Narrow and long thermal slip."""
    height = LONG
    width = int(height / rng.uniform(1.6, 5.0))
    sheet = Sheet(rng, width, height, colour(rng, (0.05, 0.7), (0, 0.08), (0.85, 1)), held_out)
    ink = colour(rng, (0.6, 0.75), (0, 0.4), (0.1, 0.5))
    y, size = height * 0.03, rng.uniform(5, 9)
    while y < height * rng.uniform(0.8, 0.99):
        if chance(rng, 0.1):
            sheet.line((width * 0.06, y + 3), (width * 0.94, y + 3), ink)
        elif chance(rng, 0.6):
            sheet.text(width * 0.06, y, size, width * 0.5, ink)
            sheet.text(width * 0.7, y, size, width * 0.22, ink)
        else:
            sheet.text(width * rng.uniform(0.06, 0.3), y, size * rng.uniform(1, 1.6), width * 0.5, ink)
        y += size * rng.uniform(1.2, 2)
    if chance(rng, 0.4):
        _code(sheet, width * 0.2, height * 0.82, width * 0.6)
    return sheet.image()


def written(rng: Rng, held_out: bool) -> Image:
    """Handwriting on blank, ruled, squared or punched paper."""
    width, height = _size(rng)
    sheet = Sheet(rng, width, height, paper_colour(rng), held_out)
    pitch, rule = rng.uniform(10, 24), colour(rng, (0.5, 0.95), (0.1, 0.6), (0.5, 0.95))
    style = rng.random()
    if style < 0.45:
        for y in np.arange(pitch * rng.uniform(1, 3), height, pitch):
            sheet.line((0, float(y)), (width, float(y)), rule)
    if style < 0.2:
        for x in np.arange(pitch, width, pitch):
            sheet.line((float(x), 0), (float(x), height), rule)
    if chance(rng, 0.2):
        x = width * rng.uniform(0.05, 0.2)
        sheet.line((x, 0), (x, height), (80, 80, 220))
    if chance(rng, 0.15):
        for y in np.arange(8, height, rng.uniform(10, 40)):
            sheet.box(5, float(y), 6, 6, (60, 60, 60), None)
    pen, y = _ink(rng), pitch * 1.2
    left, end = width * rng.uniform(0.03, 0.15), height * rng.uniform(0.1, 1.0)
    while y < end:
        sheet.text(left, y, pitch * rng.uniform(0.6, 0.95), (width - left) * rng.uniform(0.3, 0.97), pen, True)
        y += pitch * (1 if chance(rng, 0.85) else 2)
    return sheet.image()


def _code(sheet: Sheet, x: float, y: float, width: float) -> None:
    """A bar code or a two-dimensional code."""
    if chance(sheet.rng, 0.5):
        at = x
        while at < x + width:
            w = float(sheet.rng.uniform(1, 4))
            sheet.box(at, y, w, width * 0.35, (20, 20, 20), None)
            at += w + float(sheet.rng.uniform(1, 4))
    else:
        side = int(max(12, width * 0.5))
        cells = (sheet.rng.random((17, 17)) > 0.5).astype(np.uint8) * 255
        grown = np.kron(cells, np.ones((max(1, side // 17),) * 2, np.uint8))
        sheet.paste(np.repeat(grown[..., None], 3, 2), x, y)


def _ornament(sheet: Sheet, ink: Colour) -> None:
    """Frame, header band, stamp, code, logo: each at times."""
    rng, width, height = sheet.rng, sheet.width, sheet.height
    if chance(rng, 0.2):
        inset = width * rng.uniform(0.015, 0.09)
        edge = any_colour(rng, (0, 0.6))
        sheet.box(inset, inset, width - 2 * inset, height - 2 * inset, None, edge, int(rng.integers(1, 7)))
    if chance(rng, 0.12):
        sheet.box(0, 0, width, height * rng.uniform(0.04, 0.2), any_colour(rng), None)
    if chance(rng, 0.06):
        sheet.box(0, 0, width * rng.uniform(0.04, 0.3), height, any_colour(rng), None)
    if chance(rng, 0.2):
        r = width * rng.uniform(0.05, 0.1)
        x, y = rng.uniform(r, width - r), rng.uniform(height * 0.5, height - r)
        sheet.draw.ellipse((x - r, y - r, x + r, y + r), outline=(205, 40, 45), width=max(1, int(r / 9)))
    if chance(rng, 0.2):
        _code(sheet, width * rng.uniform(0.05, 0.7), height * rng.uniform(0.03, 0.9), width * rng.uniform(0.1, 0.25))
    if chance(rng, 0.25):
        w = width * rng.uniform(0.06, 0.2)
        sheet.box(width * 0.05, height * 0.03, w, w * 0.5, any_colour(rng), ink)
