"""A piece of a line in ink on paper, before any camera: capitals ``glyphs.CAP`` pixels high."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from tools.mrz_net.contents import SYMBOLS, Rng, line
from tools.mrz_net.glyphs import CAP, Font, any_font

Field = NDArray[np.float32]


@dataclass(frozen=True)
class Canvas:
    """``grey`` (rows, columns) 0..1; for each character its class and its centre (x, y); ``pitch`` in pixels."""

    grey: Field
    classes: NDArray[np.int64]
    centres: Field
    pitch: float


def canvas(rng: Rng, width: int, height: int) -> Canvas:
    """Paper of ``width`` x ``height`` with a line through its middle, maybe its neighbours, and the print below."""
    face = any_font(rng)
    pitch = face.advance * float(np.exp(rng.normal(0, 0.11)))
    ink = np.zeros((height, width), np.uint8)
    middle = height / 2
    bend = rng.normal(0, 0.012) if rng.random() < 0.4 else 0.0
    text, first = _window(rng, line(rng), width, pitch)
    centres = _set(rng, ink, face, text, first, middle, pitch, bend)
    spacing = CAP * rng.uniform(1.5, 2.9)
    for side in (-1, 1):
        if rng.random() < 0.6:
            other, at = _window(rng, line(rng), width, pitch)
            _set(rng, ink, face, other, first if rng.random() < 0.7 else at, middle + side * spacing, pitch, bend)
    grey = _printed(rng, _ink_gain(rng, ink), spacing)
    classes = np.array([SYMBOLS.index(c) for c in text], np.int64)
    return Canvas(grey, classes, np.array(centres, np.float32).reshape(-1, 2), pitch)


def _window(rng: Rng, text: str, width: int, pitch: float) -> tuple[str, float]:
    """A piece of ``text`` that fills the canvas, sometimes with the line's begin or end in sight."""
    count = int(width / pitch) + 2
    kind = rng.random()
    if kind < 0.25:  # the begin
        return text[:count], width * rng.uniform(0.05, 0.6)
    if kind < 0.5:  # the end
        end = width * rng.uniform(0.4, 0.95)
        shown = text[-min(len(text), int(end / pitch) + 1) :]
        return shown, end - (len(shown) - 1) * pitch
    at = int(rng.integers(0, max(1, len(text) - count + 1)))
    return text[at : at + count], float(rng.uniform(-0.5, 0.5)) * pitch


def _set(
    rng: Rng, ink: NDArray[np.uint8], face: Font, text: str, first: float, middle: float, pitch: float, bend: float
) -> list[tuple[float, float]]:
    """Puts ``text`` into ``ink``; returns the centres of its characters."""
    rows, columns = face.masks.shape[1:]
    wobble = rng.choice([0.0, 0.01, 0.03]) * CAP
    centres = []
    for i, symbol in enumerate(text):
        x = first + i * pitch + rng.normal(0, 0.5) * wobble
        y = middle + bend * (i - len(text) / 2) ** 2 + rng.normal(0, 1) * wobble
        centres.append((x, y))
        left, top = round(x - columns / 2), round(y - CAP / 2) - face.top
        x0, y0 = max(0, left), max(0, top)
        x1, y1 = min(ink.shape[1], left + columns), min(ink.shape[0], top + rows)
        if x1 > x0 and y1 > y0:
            mask = face.masks[SYMBOLS.index(symbol)][y0 - top : y1 - top, x0 - left : x1 - left]
            np.maximum(ink[y0:y1, x0:x1], mask, out=ink[y0:y1, x0:x1])
    return centres


def _ink_gain(rng: Rng, ink: NDArray[np.uint8]) -> Field:
    """Fatter, thinner, blotted or crumbling print; 0..1."""
    kind = rng.random()
    if kind < 0.3:
        ink = cv2.dilate(ink, np.ones((int(rng.integers(1, 4)), int(rng.integers(1, 4))), np.uint8))
    elif kind < 0.4:
        ink = cv2.erode(ink, np.ones((2, 2), np.uint8))
    mask = ink.astype(np.float32) / 255
    if rng.random() < 0.25:  # ink runs along the fibres: blur, disturb, cut
        rough = cv2.GaussianBlur(mask, (0, 0), rng.uniform(1, 2.2))
        rough += coarse(rng, *ink.shape, int(rng.integers(2, 8))) * rng.uniform(0.05, 0.35)
        mask = np.clip((rough - rng.uniform(0.3, 0.55)) * rng.uniform(2, 8) + 0.5, 0, 1).astype(np.float32)
    if rng.random() < 0.15:
        mask *= 1 - np.clip(coarse(rng, *ink.shape, int(rng.integers(3, 30))) * rng.uniform(0.3, 1.0), 0, 0.8)
    return mask


def coarse(rng: Rng, rows: int, columns: int, grain: int) -> Field:
    """Smooth noise with a grain of ``grain`` pixels, mean 0, deviation near 1."""
    small = rng.standard_normal((rows // grain + 2, columns // grain + 2), dtype=np.float32)
    return np.asarray(cv2.resize(small, (columns, rows), interpolation=cv2.INTER_LINEAR), np.float32)


def _printed(rng: Rng, mask: Field, spacing: float) -> Field:
    """Ink over paper: its colour, its guilloche, rules and ghosts around the line."""
    rows, columns = mask.shape
    paper = rng.uniform(0.45, 1.0)
    dark = paper * rng.uniform(0.02, 0.62 if rng.random() < 0.3 else 0.4)
    room = paper - dark
    base = np.full((rows, columns), paper, np.float32)
    x = np.arange(columns, dtype=np.float32)[None]
    y = np.arange(rows, dtype=np.float32)[:, None]
    if rng.random() < 0.45:  # guilloche: bundles of waves
        lines = np.zeros_like(base)
        for _ in range(int(rng.integers(1, 4))):
            wave = rng.uniform(3, 40) * np.sin(x * rng.uniform(0.005, 0.06) + rng.uniform(0, 6))
            tilt = rng.normal(0, 0.5)
            phase = (y + wave + tilt * x) * rng.uniform(0.15, 1.2)
            lines += np.clip(np.sin(phase) * rng.uniform(1, 3), 0, 1)
        base -= lines * room * rng.uniform(0.03, 0.3)
    if rng.random() < 0.3:
        base -= np.clip(coarse(rng, rows, columns, int(rng.integers(20, 120))), -2, 2) * room * rng.uniform(0.02, 0.15)
    if rng.random() < 0.3:
        base += coarse(rng, rows, columns, int(rng.integers(1, 5))) * room * rng.uniform(0.01, 0.1)
    if rng.random() < 0.15:  # large pale letters or a stamp across
        at = (int(rng.integers(-80, columns)), int(rng.integers(20, rows + 40)))
        ghost = np.zeros((rows, columns), np.uint8)
        word = "".join(chr(65 + int(c)) for c in rng.integers(0, 26, 6))
        cv2.putText(ghost, word, at, 0, rng.uniform(1, 6), 255, int(rng.integers(2, 12)))
        base -= ghost.astype(np.float32) / 255 * room * rng.uniform(0.1, 0.45)
    if rng.random() < 0.25:  # a rule, a frame or the card's edge above or below
        side = 1 if rng.random() < 0.5 else -1
        edge = rows / 2 + side * CAP * rng.uniform(0.75, 1.6) + (x - columns / 2) * rng.normal(0, 0.01)
        distance = (y - edge) * side
        band = distance > 0 if rng.random() < 0.5 else np.abs(distance) < rng.uniform(1, 4)
        shade = rng.uniform(0, 1.1)
        mask = np.where(distance > 0, 0, mask).astype(np.float32) if rng.random() < 0.7 else mask
        base = np.where(band, shade, base).astype(np.float32)
    if rng.random() < 0.06:  # a stroke across: a signature, a scratch
        points = (rng.random((4, 2)) * [columns, rows]).astype(np.int32)
        cv2.polylines(base, [points], False, float(rng.uniform(0, 1)), int(rng.integers(1, 4)), cv2.LINE_AA)
    return np.asarray(base * (1 - mask) + dark * mask, np.float32)
