"""Things that lie about: cables, pens, keyboards, screens, cups, coins, notes; and hands that hold or point."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from tools.corner_net.noise import Colour, Image, Rng, any_colour, chance, colour, shade

Point = NDArray[np.float64]
SHIFT = 3
"""Sub-pixel bits of OpenCV's drawing functions."""


def _fixed(points: NDArray[np.float64]) -> NDArray[np.int32]:
    return np.asarray(np.round(points * (1 << SHIFT)), np.int32)


def fill(image: Image, points: Point, paint: Colour) -> None:
    """A filled polygon, sub-pixel corners."""
    cv2.fillPoly(image, [_fixed(points)], paint, cv2.LINE_AA, SHIFT)


def soft_shadow(image: Image, points: Point, strength: float, blur: float) -> None:
    """Darkens the polygon ``points`` with a soft edge of ``blur`` pixels."""
    height, width = image.shape[:2]
    pad = blur * 3
    x0, y0 = (int(max(0, v)) for v in points.min(0) - pad)
    x1, y1 = int(min(width, points[:, 0].max() + pad)), int(min(height, points[:, 1].max() + pad))
    if x1 - x0 < 2 or y1 - y0 < 2:
        return
    mask = np.zeros((y1 - y0, x1 - x0), np.float32)
    cv2.fillPoly(mask, [_fixed(points - (x0, y0))], strength, cv2.LINE_AA, SHIFT)
    k = int(blur * 1.5) * 2 + 1
    mask = np.asarray(cv2.blur(cv2.blur(mask, (k, k)), (k, k)), np.float32)
    part = image[y0:y1, x0:x1]
    part[:] = (part * (1 - mask[..., None])).astype(np.uint8)


def box(rng: Rng, centre: Point, width: float, height: float, angle: float) -> Point:
    """Corners of a turned rectangle, (4, 2)."""
    c, s = np.cos(angle), np.sin(angle)
    half = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * (width / 2, height / 2)
    return np.asarray(centre + half @ np.array([[c, s], [-s, c]]), np.float64)


def _spot(rng: Rng, image: Image) -> tuple[Point, float]:
    """A random place, and the unit of length (a tenth of the frame)."""
    height, width = image.shape[:2]
    return rng.uniform(-0.05, 1.05, 2) * (width, height), max(width, height) / 10


def cable(rng: Rng, image: Image) -> None:
    height, width = image.shape[:2]
    knots = rng.uniform(-0.2, 1.2, (int(rng.integers(4, 7)), 2)) * (width, height)
    t = np.linspace(0, len(knots) - 1.001, 60)
    i, f = t.astype(int), (t % 1)[:, None]
    f = f * f * (3 - 2 * f)
    path = knots[i] * (1 - f) + knots[np.minimum(i + 1, len(knots) - 1)] * f
    path = cv2.GaussianBlur(path, (1, 15), 0, borderType=cv2.BORDER_REPLICATE)
    thick = int(rng.integers(2, 8))
    paint = colour(rng, (0, 1), (0, 0.3), (0.02, 0.25)) if chance(rng, 0.6) else any_colour(rng)
    cv2.polylines(image, [_fixed(path + thick * 0.5)], False, shade(paint, 0.4), thick + 1, cv2.LINE_AA, SHIFT)
    cv2.polylines(image, [_fixed(path)], False, paint, thick, cv2.LINE_AA, SHIFT)
    cv2.polylines(
        image, [_fixed(path - thick * 0.15)], False, shade(paint, 1.5), max(1, thick // 4), cv2.LINE_AA, SHIFT
    )


def pen(rng: Rng, image: Image) -> None:
    at, unit = _spot(rng, image)
    length, thick, angle = unit * rng.uniform(1.5, 4.5), unit * rng.uniform(0.12, 0.5), rng.uniform(0, 2 * np.pi)
    paint = any_colour(rng)
    soft_shadow(image, box(rng, at + thick * 0.5, length, thick, angle), 0.5, thick * 0.4)
    fill(image, box(rng, at, length, thick, angle), paint)
    along, across = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
    fill(image, box(rng, at - across * thick * 0.2, length, thick * 0.2, angle), shade(paint, 1.4))
    if chance(rng, 0.6):
        fill(image, box(rng, at + along * length * 0.35, length * 0.3, thick * 1.1, angle), any_colour(rng))
    tip = np.array(
        [
            at + along * length / 2 + across * thick / 2,
            at + along * length / 2 - across * thick / 2,
            at + along * (length / 2 + thick),
        ]
    )
    fill(image, tip, shade(paint, 0.6))


def rounded(centre: Point, width: float, height: float, angle: float, radius: float) -> Point:
    """Outline of a turned rectangle with round corners, (n, 2)."""
    radius = min(radius, width / 2, height / 2)
    quarter = np.linspace(0, np.pi / 2, 5)
    arc = np.stack([np.cos(quarter), np.sin(quarter)], 1) * radius
    inner = np.array([width / 2 - radius, height / 2 - radius])
    corner = arc + inner
    flip = corner[::-1]
    half = np.concatenate([corner, flip * (-1, 1)])
    outline = np.concatenate([half, -half])
    c, s = np.cos(angle), np.sin(angle)
    return np.asarray(centre + outline @ np.array([[c, s], [-s, c]]), np.float64)


def keyboard(rng: Rng, image: Image) -> None:
    """Caps with letters, and a space bar: without them it would look like a sheet of squared paper."""
    at, unit = _spot(rng, image)
    columns, rows = int(rng.integers(8, 18)), int(rng.integers(4, 7))
    key, angle = unit * rng.uniform(0.35, 0.9), rng.choice([0, np.pi / 2]) + rng.normal(0, 0.25)
    body = colour(rng, (0, 1), (0, 0.15), (0.03, 0.3) if chance(rng, 0.7) else (0.7, 1))
    cap = shade(body, rng.choice([0.45, 0.6, 1.6, 2.4]))
    ink = (235, 235, 235) if sum(cap) < 380 else (40, 40, 40)
    fill(image, rounded(at, key * (columns + 0.6), key * (rows + 0.6), angle, key * rng.uniform(0.1, 0.8)), body)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    gap, bar = rng.uniform(0.72, 0.9), (int(columns * 0.25), int(columns * 0.65))
    for r in range(rows):
        stagger = rng.uniform(0, 0.5) if r else 0.0
        for c in range(columns):
            place = np.array([c - (columns - 1) / 2 + stagger * (c < columns - 1), r - (rows - 1) / 2])
            if r == rows - 1 and bar[0] < c <= bar[1]:
                continue
            centre = at + place * key @ turn
            fill(image, box(rng, centre, key * gap, key * gap, angle), cap)
            letter = _fixed(centre + np.array([[-0.12, -0.15], [0.12, 0.1]]) * key @ turn)
            cv2.line(image, tuple(letter[0]), tuple(letter[1]), ink, 1, cv2.LINE_AA, SHIFT)
        if r == rows - 1:
            middle = np.array([(bar[0] + bar[1]) / 2 - (columns - 1) / 2, r - (rows - 1) / 2])
            fill(image, box(rng, at + middle * key @ turn, key * (bar[1] - bar[0] + gap), key * gap, angle), cap)


def device(rng: Rng, image: Image) -> None:
    """A phone, tablet, laptop or monitor: a round-cornered box with a screen, on or off, and a lens or a button."""
    at, unit = _spot(rng, image)
    width = unit * rng.uniform(1, 7)
    height, angle = width * rng.uniform(0.45, 1.0), rng.choice([0, np.pi / 2]) + rng.normal(0, 0.3)
    body = colour(rng, (0, 1), (0, 0.15), (0.02, 0.25) if chance(rng, 0.8) else (0.6, 0.95))
    radius = height * rng.uniform(0.06, 0.2)
    soft_shadow(image, rounded(at + unit * 0.1, width, height, angle, radius), 0.5, unit * 0.2)
    fill(image, rounded(at, width, height, angle, radius), body)
    fill(image, rounded(at, width * 0.985, height * 0.97, angle, radius), shade(body, rng.uniform(0.7, 1.3)))
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    inner = np.array([width, height]) * rng.uniform(0.84, 0.95, 2)
    lit = chance(rng, 0.5)
    screen = any_colour(rng) if lit else (12.0, 12.0, 12.0)
    fill(image, rounded(at, float(inner[0]), float(inner[1]), angle, radius * 0.4), screen)
    for _ in range(int(rng.integers(4, 20)) if lit else 0):
        icon = at + rng.uniform(-0.42, 0.42, 2) * inner @ turn
        fill(image, rounded(icon, unit * 0.3, unit * 0.3, angle, unit * 0.08), any_colour(rng))
    lens = at + np.array([rng.choice([-0.46, 0.46]), rng.uniform(-0.3, 0.3)]) * (width, height) @ turn
    cv2.circle(image, (int(lens[0]), int(lens[1])), max(1, int(unit * 0.1)), shade(body, 1.8), -1, cv2.LINE_AA)


def disc(rng: Rng, image: Image) -> None:
    """A cup, coin, lid or plate."""
    at, unit = _spot(rng, image)
    radius, paint = unit * rng.uniform(0.2, 1.6), any_colour(rng)
    centre = (int(at[0]), int(at[1]))
    axes = (int(radius) + 1, int(radius * rng.uniform(0.7, 1)) + 1)
    cv2.ellipse(image, (centre[0] + 3, centre[1] + 3), axes, 0, 0, 360, shade(paint, 0.35), -1, cv2.LINE_AA)
    cv2.ellipse(image, centre, axes, 0, 0, 360, paint, -1, cv2.LINE_AA)
    inner = (int(axes[0] * 0.82), int(axes[1] * 0.82))
    cv2.ellipse(image, centre, inner, 0, 0, 360, shade(paint, rng.uniform(0.5, 1.2)), -1, cv2.LINE_AA)


def lump(rng: Rng, image: Image) -> None:
    """Anything irregular: a toy, a plant, keys, a bag, a cushion."""
    at, unit = _spot(rng, image)
    base = any_colour(rng)
    for _ in range(int(rng.integers(1, 9))):
        angles = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(4, 10))))
        radius = unit * rng.uniform(0.2, 1.6) * rng.uniform(0.5, 1, len(angles))
        around = np.stack([np.cos(angles), np.sin(angles)], 1) * radius[:, None]
        fill(image, at + around + rng.normal(0, unit * 0.4, 2), shade(base, rng.uniform(0.4, 1.3)))


def note(rng: Rng, image: Image) -> None:
    """Index tabs or a sticky note, too small to be the page."""
    at, unit = _spot(rng, image)
    side, angle = unit * rng.uniform(0.25, 0.8), rng.uniform(0, np.pi)
    for i in range(int(rng.integers(1, 5))):
        step = np.array([np.cos(angle), np.sin(angle)]) * side * 1.05 * i
        fill(
            image,
            box(rng, at + step, side, side * rng.uniform(0.8, 3), angle),
            colour(rng, (0, 1), (0.3, 0.9), (0.7, 1)),
        )


def skin(rng: Rng) -> Colour:
    return colour(rng, (0.015, 0.09), (0.2, 0.65), (0.3, 1.0))


def _capsule(image: Image, a: Point, b: Point, thick: float, tone: Colour) -> None:
    """A limb with a round end at ``b``, darker towards its sides."""
    for share, light in ((1.0, 0.68), (0.86, 0.86), (0.62, 1.0), (0.3, 1.06)):
        cv2.line(
            image,
            tuple(_fixed(a)),
            tuple(_fixed(b)),
            shade(tone, light),
            max(1, round(thick * share)),
            cv2.LINE_AA,
            SHIFT,
        )


def finger(rng: Rng, image: Image, root: Point, tip: Point, thick: float, tone: Colour) -> None:
    """One finger with its nail and a shadow."""
    along = (tip - root) / max(float(np.linalg.norm(tip - root)), 1.0)
    across = np.array([-along[1], along[0]])
    soft_shadow(
        image,
        np.array(
            [
                root + across * thick * 0.6,
                root - across * thick * 0.6,
                tip - across * thick * 0.6,
                tip + across * thick * 0.6,
            ]
        )
        + thick * 0.15,
        0.4,
        max(1.0, thick * 0.25),
    )
    _capsule(image, root, tip, thick, tone)
    if chance(rng, 0.6):
        nail = tip + along * thick * 0.1
        cv2.ellipse(
            image,
            (int(nail[0]), int(nail[1])),
            (max(1, int(thick * 0.32)), max(1, int(thick * 0.24))),
            float(np.degrees(np.arctan2(along[1], along[0]))),
            0,
            360,
            shade(tone, 1.18),
            -1,
            cv2.LINE_AA,
        )


def hand(rng: Rng, image: Image, target: Point, outward: Point, unit: float, tone: Colour, reach: float) -> None:
    """A hand that comes along ``-outward`` and whose finger tips end ``reach`` pixels beyond ``target``."""
    across = np.array([-outward[1], outward[0]])
    thick = unit * rng.uniform(0.5, 0.8)
    palm = target + outward * thick * rng.uniform(2, 4)
    sleeve = palm + outward * thick * rng.uniform(3, 9) + across * rng.normal(0, 2) * thick
    _capsule(
        image,
        sleeve + outward * thick * 12,
        sleeve,
        thick * rng.uniform(3, 5),
        any_colour(rng) if chance(rng, 0.5) else tone,
    )
    _capsule(image, sleeve, palm + outward * thick * 0.8, thick * 3.2, tone)
    count = int(rng.choice([1, 1, 2, 4]))
    for i in range(count):
        offset = (i - (count - 1) / 2) * thick * 0.95
        tip = target + across * offset - outward * reach * rng.uniform(0.6, 1.1)
        finger(rng, image, palm + across * offset * 0.9, tip, thick, tone)


THINGS: tuple[Callable[[Rng, Image], None], ...] = (
    cable,
    pen,
    keyboard,
    device,
    disc,
    lump,
    note,
    pen,
    cable,
    disc,
    lump,
)


def scatter(rng: Rng, image: Image, count: int) -> None:
    """``count`` random things at random places."""
    for _ in range(count):
        THINGS[int(rng.integers(len(THINGS)))](rng, image)
