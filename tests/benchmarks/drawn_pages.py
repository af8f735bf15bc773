"""Pages of print at full resolution, drawn from a seed, and the same as a document camera of 8 MP sees them."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from devices.scanner.geometry import Picture, Quad
from kiosk.config import ASSETS

WIDTH, HEIGHT = 3264, 2448
PX_PER_MM = 6.6
"""Of the still: a bed 495 mm wide, on which an A4 has 168 dots an inch."""
FONT = ASSETS / "fonts" / "NotoSansSC-Regular.ttf"
TEXT = (
    "申请人承诺所提供的材料真实有效，并对其真实性负责。出租人将位于本市的房屋出租给承租人居住使用，"
    "租期自二〇二六年三月一日起至二〇二七年二月二十八日止。租金每月支付一次，押金一个月。"
    "本证明仅用于办理居住登记，复印无效。姓名性别民族出生住址公民身份号码签发机关有效期限"
)
SIZES = {"a4": (210.0, 297.0), "card": (85.6, 53.98), "receipt": (80.0, 190.0)}

Rng = np.random.Generator


def page(rng: Rng, shape: str, *, print_: bool = True) -> Picture:
    """A paper at 200 dots an inch (BGR): a letter, a form, a printed card; ``print_`` False: an empty side."""
    wide, high = (round(mm / 25.4 * 200) for mm in SIZES[shape])
    paper = rng.uniform(236, 252) + rng.normal(0, 3, 3)
    if print_ and rng.random() < 0.15:
        paper = np.array([rng.uniform(190, 245) for _ in range(3)])
    sheet = np.full((high, wide, 3), paper.clip(0, 255), np.uint8)
    if not print_:
        grain = cv2.GaussianBlur(rng.normal(0, 6, (high // 4, wide // 4)), (0, 0), 3)
        return np.asarray(np.clip(sheet + cv2.resize(grain, (wide, high))[:, :, None], 0, 255), np.uint8)
    drawing = Image.fromarray(sheet)
    draw = ImageDraw.Draw(drawing)
    size = int(rng.integers(20, 30)) if shape != "card" else int(rng.integers(17, 24))
    margin, y = round(wide * 0.08), round(high * 0.06)
    if shape != "card":
        draw.text((wide // 4, y), TEXT[5:17], font=_font(size * 2), fill=(20, 20, 20))
        y += size * 4
    bottom = high * rng.uniform(0.3, 0.94)
    while y < bottom:
        start = int(rng.integers(0, 60))
        line = (TEXT[start:] + TEXT)[: int((wide - 2 * margin) / size * rng.uniform(0.4, 1.0))]
        if rng.random() < 0.15:
            draw.line((margin, y + size * 1.4, wide - margin, y + size * 1.4), fill=(60, 60, 60), width=2)
        draw.text((margin, y), line, font=_font(size), fill=tuple(int(v) for v in rng.integers(0, 70, 3)))
        y += round(size * rng.uniform(1.5, 2.2))
    if shape == "card" or rng.random() < 0.2:
        x, top, w, h = wide * 0.7, high * 0.2, wide * 0.22, wide * 0.28
        draw.rectangle((x, top, x + w, top + h), fill=tuple(int(v) for v in rng.integers(120, 220, 3)))
        draw.ellipse((x + w * 0.25, top + h * 0.15, x + w * 0.75, top + h * 0.6), fill=(150, 175, 215))
    if shape == "a4" and rng.random() < 0.4:
        x, y, r = wide * rng.uniform(0.5, 0.75), high * rng.uniform(0.5, 0.85), wide * 0.09
        draw.ellipse((x - r, y - r, x + r, y + r), outline=(50, 40, 200), width=7)
        draw.text((x - r * 0.6, y - size), TEXT[60:64], font=_font(size), fill=(50, 40, 200))
    return np.asarray(drawing, np.uint8)


def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(FONT), size)


@dataclass
class Seen:
    """A still (BGR) and the page's corners in it."""

    picture: Picture
    corners: Quad


def laid(rng: Rng, sheet: Picture, shape: str, *, scale: float = PX_PER_MM, away: float = 0.0) -> Seen:
    """``sheet`` on a mat, by hand, in a hall's light. ``scale``: pixels a millimetre; ``away``: so much of its width
    lies outside of the picture."""
    high, wide = sheet.shape[:2]
    w, h = (mm * scale for mm in SIZES[shape])
    if shape == "a4" and rng.random() < 0.5:
        w, h, sheet = h, w, np.ascontiguousarray(np.rot90(sheet))
        high, wide = wide, high
    turn = np.deg2rad(rng.normal(0, 4))
    spin = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    flat = np.array([[-w, -h], [w, -h], [w, h], [-w, h]]) / 2
    corners = flat @ spin.T + rng.normal(0, 0.003 * max(w, h), (4, 2))
    span = np.abs(corners).max(0)
    free = np.maximum((WIDTH / 2, HEIGHT / 2) - span - 30, 0)
    middle = np.array([WIDTH / 2, HEIGHT / 2]) + rng.uniform(-0.5, 0.5, 2) * free
    if away:
        side = 1 if rng.random() < 0.5 else -1
        middle[0] = WIDTH / 2 + side * (WIDTH / 2 - span[0] + away * 2 * span[0])
    corners += middle
    tone = np.array([rng.uniform(35, 95)] * 3) * rng.uniform(0.85, 1.15, 3)
    mat = np.full((HEIGHT, WIDTH, 3), tone, np.float32)
    mat += cv2.resize(rng.normal(0, 5, (HEIGHT // 6, WIDTH // 6)).astype(np.float32), (WIDTH, HEIGHT))[:, :, None]
    source = np.array([[0, 0], [wide, 0], [wide, high], [0, high]], np.float32)
    matrix = cv2.getPerspectiveTransform(source, corners.astype(np.float32))
    flags = cv2.INTER_AREA if scale < 5 else cv2.INTER_LINEAR
    seen = cv2.warpPerspective(sheet, matrix, (WIDTH, HEIGHT), flags=flags).astype(np.float32)
    mask = cv2.warpPerspective(np.full((high, wide), 255, np.uint8), matrix, (WIDTH, HEIGHT))[:, :, None] / 255.0
    shadow = cv2.GaussianBlur(np.roll(mask[:, :, 0], (14, 12), (0, 1)).astype(np.float32), (0, 0), 12)[:, :, None]
    whole = mat * (1 - 0.4 * shadow) * (1 - mask) + np.minimum(seen, 240) * mask
    whole *= _light(rng)
    return Seen(np.asarray(np.clip(whole, 0, 255), np.uint8), np.asarray(corners, np.float32))


def _light(rng: Rng) -> np.ndarray:
    """Uneven light with a cast; (HEIGHT, WIDTH, 3), about 1."""
    y, x = np.mgrid[0:1:48j, 0:1:64j]
    a, b = rng.uniform(-0.25, 0.25, 2)
    field = rng.uniform(0.75, 1.0) * (1 + a * (x - 0.5) + b * (y - 0.5))
    if rng.random() < 0.35:  # the shadow of a head
        at, wide = rng.uniform(0.2, 0.8, 2), rng.uniform(0.15, 0.35)
        field *= 1 - rng.uniform(0.1, 0.35) * np.exp(-(((x - at[0]) ** 2 + (y - at[1]) ** 2) / wide**2))
    cast = 1 + rng.normal(0, 0.05, 3)
    large = cv2.resize(field.astype(np.float32), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    light = large[:, :, None] * cast.astype(np.float32)
    return np.asarray(light / max(1.0, float(light.max())), np.float32)


def developed(rng: Rng, picture: Picture) -> Picture:
    """What a camera makes of it: a little soft, a little noisy."""
    soft = cv2.GaussianBlur(picture, (0, 0), float(rng.uniform(0.4, 1.0)))
    noise = rng.normal(0, rng.uniform(0.5, 2.5), (HEIGHT, WIDTH, 1)).astype(np.float32)
    return np.asarray(np.clip(soft + noise, 0, 255), np.uint8)
