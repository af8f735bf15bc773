"""Draws whole documents of invented holders, photographed: ``python -m tools.mrz_net.specimens --out DIR --count 300``.

For measuring, and for the tests' pictures; the network never learns from them. The folder has the layout that
``evaluate`` reads.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from kiosk.model.mrz import MrzFormat
from tools.mrz_net.canvas import coarse
from tools.mrz_net.contents import Rng, zone
from tools.mrz_net.glyphs import FONTS, OCR_B

MM = 12
"""Pixels a millimetre of the drawn document."""
SHAPES = {
    MrzFormat.TD1: (85.6, 54.0),
    MrzFormat.TD2: (105.0, 74.0),
    MrzFormat.TD3: (125.0, 88.0),
    MrzFormat.MRV_A: (120.0, 80.0),
    MrzFormat.MRV_B: (105.0, 74.0),
}
"""Width and height in millimetres (Doc 9303 parts 4 to 7)."""
PITCH, CAPITAL, SPACING = 2.54, 2.6, 6.35
"""Millimetres (part 3, 4.1; size 1 of OCR-B)."""
LATIN = (
    "truetype/liberation/LiberationSans-Regular.ttf",
    "truetype/dejavu/DejaVuSans-Bold.ttf",
    "truetype/liberation/LiberationSerif-Regular.ttf",
    "truetype/dejavu/DejaVuSansCondensed.ttf",
)
WORDS = "Surname Given names Nationality Date of birth Passport No UTOPIA 12.08.1974 SPECIMEN Sex F Authority".split()  # noqa: SIM905
Field = NDArray[np.float32]


def document(rng: Rng, kind: MrzFormat, lines: list[str]) -> NDArray[np.uint8]:
    """A page with its zone at the bottom, BGR, ``MM`` pixels a millimetre."""
    width, height = (round(v * MM) for v in SHAPES[kind])
    paper = rng.uniform(170, 255, 3)
    field = coarse(rng, height, width, int(rng.integers(60, 300)))[..., None] * rng.uniform(0, 14, 3)
    page = paper - np.abs(field)
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    for _ in range(int(rng.integers(0, 4))):
        wave = rng.uniform(5, 60) * np.sin(x * rng.uniform(0.003, 0.03) + rng.uniform(0, 6)) + rng.normal(0, 0.4) * x
        print_ = np.clip(np.sin((y + wave) * rng.uniform(0.1, 0.9)) * rng.uniform(1, 3), 0, 1)
        page -= print_[..., None] * rng.uniform(0, 45, 3)
    picture = Image.fromarray(np.clip(page, 0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(picture)
    top = height - (len(lines) * SPACING + 5.0) * MM
    _print_fields(rng, draw, width, top)
    ink = tuple(int(v) for v in rng.uniform(0, 70, 3))
    size = 200
    box = ImageFont.truetype(str(FONTS / OCR_B[0]), size).getbbox("H")
    face = ImageFont.truetype(str(FONTS / OCR_B[int(rng.integers(2))]), round(size * CAPITAL * MM / (box[3] - box[1])))
    left = (width - len(lines[0]) * PITCH * MM) / 2
    for n, text in enumerate(lines):
        for i, symbol in enumerate(text):
            draw.text((left + i * PITCH * MM, top + n * SPACING * MM), symbol, font=face, fill=ink)
    out = np.asarray(picture).copy()
    _portrait(rng, out, top)
    return out


def _print_fields(rng: Rng, draw: ImageDraw.ImageDraw, width: int, bottom: float) -> None:
    y = 3.0 * MM
    while y < bottom - 5 * MM:
        size = int(rng.uniform(1.6, 4.2) * MM)
        face = ImageFont.truetype(str(FONTS / LATIN[int(rng.integers(len(LATIN)))]), size)
        words = " ".join(WORDS[int(rng.integers(len(WORDS)))] for _ in range(int(rng.integers(1, 5))))
        draw.text(
            (width * rng.uniform(0.33, 0.5), y), words, font=face, fill=tuple(int(v) for v in rng.uniform(0, 120, 3))
        )
        y += size * rng.uniform(1.2, 1.9)


def _portrait(rng: Rng, page: NDArray[np.uint8], bottom: float) -> None:
    x0, y0, x1 = 4 * MM, 8 * MM, round(page.shape[1] * 0.3)
    y1 = min(round(bottom - 2 * MM), y0 + round((x1 - x0) * 1.3))
    if y1 - y0 > 20:
        tone = 128 + 50 * coarse(rng, y1 - y0, x1 - x0, int(rng.integers(20, 90)))
        page[y0:y1, x0:x1] = np.clip(tone, 0, 255).astype(np.uint8)[..., None]


def photograph(rng: Rng, page: NDArray[np.uint8], pitch: float) -> NDArray[np.uint8]:
    """``page`` on a bed, seen from a little aside, turned; ``pitch``: pixels from character to character."""
    height, width = page.shape[:2]
    scale = pitch / (PITCH * MM)
    page = cv2.GaussianBlur(page, (0, 0), max(0.3, 0.45 / scale)).astype(np.uint8)
    turned = int(rng.choice([0, 0, 0, 0, 1, 2, 3]))
    tilt = np.deg2rad(rng.normal(0, 5)) + turned * np.pi / 2
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32) - [width / 2, height / 2]
    turn = np.array([[np.cos(tilt), -np.sin(tilt)], [np.sin(tilt), np.cos(tilt)]])
    seen = corners @ turn.T * scale * (1 + rng.normal(0, 0.02, (4, 1)))
    low, high = seen.min(0), seen.max(0)
    room = (high - low) * rng.uniform(0.01, 0.35, 2)
    seen = (seen - low + room * rng.random(2)).astype(np.float32)
    size = np.ceil(high - low + room).astype(int)
    bed = np.clip(rng.uniform(20, 220, 3) + coarse(rng, int(size[1]), int(size[0]), 5)[..., None] * 6, 0, 255)
    matrix = cv2.getPerspectiveTransform(np.add(corners, [width / 2, height / 2]).astype(np.float32), seen)
    photo = bed.astype(np.uint8)
    cv2.warpPerspective(
        page, matrix, (int(size[0]), int(size[1])), dst=photo, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_TRANSPARENT
    )
    return _taken(rng, photo, pitch)


def _taken(rng: Rng, photo: NDArray[np.uint8], pitch: float) -> NDArray[np.uint8]:
    light = np.asarray(photo, np.float32)
    rows, columns = photo.shape[:2]
    if rng.random() < 0.5:
        light *= 1 + 0.15 * coarse(rng, rows, columns, max(rows, columns) // 2)[..., None]
    if rng.random() < 0.4:
        light *= rng.uniform(0.45, 1.1)
    if rng.random() < 0.35:
        light = cv2.GaussianBlur(light, (0, 0), rng.uniform(0.05, 0.11) * pitch).astype(np.float32)
    if rng.random() < 0.5:
        light += rng.standard_normal(light.shape, dtype=np.float32) * rng.uniform(1, 10)
    taken = np.clip(light, 0, 255).astype(np.uint8)
    quality = int(rng.integers(40, 96))
    return np.asarray(cv2.imdecode(cv2.imencode(".jpg", taken, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], 1), np.uint8)


def specimen(seed: tuple[int, int], pitches: tuple[float, float] = (5.5, 22.0)) -> tuple[NDArray[np.uint8], list[str]]:
    """One photographed document and its lines; sizes are even on a logarithmic scale."""
    rng = np.random.default_rng(seed)
    kind = list(MrzFormat)[int(rng.integers(5))]
    lines = zone(rng, kind)
    pitch = float(np.exp(rng.uniform(*np.log(pitches))))
    return photograph(rng, document(rng, kind, lines), pitch), lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=60606)
    parser.add_argument("--pitch", type=float, nargs=2, default=(5.5, 22.0), help="pixels from character to character")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    truth = []
    for number in range(arguments.count):
        picture, lines = specimen((arguments.seed, number), tuple(arguments.pitch))
        name = f"{number:04d}.png"
        cv2.imwrite(str(arguments.out / name), picture)
        truth.append({"file": name, "lines": lines})
    (arguments.out / "truth.json").write_text(json.dumps(truth, indent=1))


if __name__ == "__main__":
    main()
