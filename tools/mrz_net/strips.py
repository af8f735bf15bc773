"""Photographs a canvas and cuts the strip that the network sees."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from tools.mrz_net.canvas import Canvas, Field, canvas, coarse
from tools.mrz_net.config import Strip
from tools.mrz_net.contents import Rng
from tools.mrz_net.glyphs import CAP


@dataclass(frozen=True)
class Sample:
    """``strip`` (rows, columns) uint8; for each character class, x, y in strip pixels; ``cap`` and ``pitch`` too."""

    strip: NDArray[np.uint8]
    classes: NDArray[np.int64]
    centres: Field
    cap: float
    pitch: float


def sample(rng: Rng, shape: Strip) -> Sample:
    """One drawn strip of ``stored_height`` x ``stored_width``."""
    cap = shape.cap * float(np.exp(rng.normal(0, 0.10)))
    stretch = float(np.exp(rng.normal(0, 0.05)))
    to_strip = np.array([cap / CAP * stretch, cap / CAP])  # strip pixels per canvas pixel
    size = np.array([shape.stored_width, shape.stored_height])
    drawn = canvas(rng, *(int(v) for v in np.ceil(size / to_strip * [1.02, 1.0] + [40, 100])))
    middle = np.array(drawn.grey.shape[::-1]) / 2
    # Small prints dominate: they decide. A camera's pixel is the canvas's divided by ``shrink``.
    height = float(np.exp(rng.uniform(np.log(4.6), np.log(26.0))))
    shrink = height / CAP
    tilt, shear = rng.normal(0, 0.012), rng.normal(0, 0.05)
    turn = np.array([[1, shear - tilt], [tilt, 1]]) * shrink
    shift = np.array([rng.normal(0, 0.4), rng.normal(0, 1.3)]) / to_strip
    window = np.ceil(size / to_strip * shrink).astype(int) + 6
    offset = window / 2 - turn @ (middle + shift)
    photo = _exposed(rng, drawn, turn, offset, window, height)
    seen = drawn.centres @ turn.T + offset
    scale = to_strip / shrink
    origin = window / 2 - size / 2 / scale
    matrix = np.array([[scale[0], 0, -origin[0] * scale[0]], [0, scale[1], -origin[1] * scale[1]]])
    # Pixel centres: a strip's pixel i covers i..i+1 of the coordinates above.
    matrix[:, 2] += (matrix[:, :2] @ [0.5, 0.5]) - 0.5
    if scale[1] < 0.8:
        photo = cv2.GaussianBlur(photo, (0, 0), 0.4 / scale[1])
    how = (cv2.INTER_CUBIC, cv2.INTER_LINEAR)[int(rng.random() < 0.25)]
    strip = cv2.warpAffine(photo, matrix, (int(size[0]), int(size[1])), flags=how, borderMode=cv2.BORDER_REPLICATE)
    centres = np.asarray((seen - origin) * scale, np.float32)
    return Sample(strip, drawn.classes, centres, cap, drawn.pitch * float(to_strip[0]))


def _exposed(
    rng: Rng,
    drawn: Canvas,
    turn: NDArray[np.float64],
    offset: NDArray[np.float64],
    window: NDArray[np.int64],
    cap: float,
) -> NDArray[np.uint8]:
    """The camera's picture, or a scanner's: blur, light, noise, JPEG, sharpening."""
    softness = abs(rng.normal(0, 0.45)) + 0.3
    grey = cv2.GaussianBlur(drawn.grey, (0, 0), max(0.3, softness / min(1.0, cap / CAP)))
    columns, rows = int(window[0]), int(window[1])
    photo = cv2.warpAffine(
        grey, np.column_stack([turn, offset]), (columns, rows), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    photo = np.asarray(photo, np.float32)
    if rng.random() < 0.25:
        photo = cv2.GaussianBlur(photo, (0, 0), rng.uniform(0.05, 0.13) * cap).astype(np.float32)
    if rng.random() < 0.15:
        photo = _moved(rng, photo, rng.uniform(0.05, 0.28) * cap)
    if rng.random() < 0.4:
        photo *= 1 + coarse(rng, rows, columns, max(8, columns // int(rng.integers(1, 5)))) * rng.uniform(0.05, 0.25)
    if rng.random() < 0.1:  # the border of a shadow
        x, y = np.arange(columns)[None], np.arange(rows)[:, None]
        edge = (x - rng.uniform(0, columns)) + (y - rows / 2) * rng.normal(0, 2)
        photo *= (1 - rng.uniform(0.2, 0.6) / (1 + np.exp(-edge / rng.uniform(1, 12)))).astype(np.float32)
    if rng.random() < 0.3:
        photo = photo ** rng.uniform(0.6, 1.6) if photo.min() > 0 else np.maximum(photo, 0) ** rng.uniform(0.6, 1.6)
    if rng.random() < 0.4:
        soft = cv2.GaussianBlur(photo, (0, 0), rng.uniform(0.6, 1.5))
        photo = photo + (photo - soft) * rng.uniform(0.3, 2.0)
    if rng.random() < 0.5:
        photo = photo + rng.standard_normal(photo.shape, dtype=np.float32) * rng.choice([0.01, 0.02, 0.04, 0.07])
    taken = np.clip(photo * 255, 0, 255).astype(np.uint8)
    if rng.random() < 0.7:
        quality = int(rng.integers(25, 97))
        taken = cv2.imdecode(cv2.imencode(".jpg", taken, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], 0)
    if rng.random() < 0.12:  # scaled up or down and back by somebody before us
        between = rng.uniform(0.75, 1.8)
        other = cv2.resize(taken, None, fx=between, fy=between, interpolation=cv2.INTER_LINEAR)
        taken = cv2.resize(other, (columns, rows), interpolation=cv2.INTER_AREA)
    return np.asarray(taken, np.uint8)


def _moved(rng: Rng, photo: Field, length: float) -> Field:
    kernel = np.zeros((9, 9), np.float32)
    angle = rng.uniform(0, np.pi)
    step = np.array([np.cos(angle), np.sin(angle)]) * min(length, 7) / 2 * 16
    centre = np.array([4, 4]) * 16
    a, b = ((int(p[0]), int(p[1])) for p in (centre - step, centre + step))
    cv2.line(kernel, a, b, 1.0, 1, cv2.LINE_8, 4)
    return np.asarray(cv2.filter2D(photo, -1, kernel / max(1.0, kernel.sum())), np.float32)
