"""Is a page good enough to keep? Each answer is one thing that the citizen can change, with a measured limit.

The limits were set on rendered pages (``tests/benchmarks/quality.py``, which prints what each of them catches and
what it refuses wrongly).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from devices.scanner.geometry import Picture, level_of, reduced
from devices.scanner.proportions import EXPECTED, EXPECTED_TOLERANCE, RECEIPT, SIZE, Paper, receipt_of
from devices.scanner.text_lines import ink, letters_in_lines
from kiosk.ipc.device_messages import PreviewHint

LONG = 1000
"""Pixels on the longer side that a page is judged at."""
JUDGED_DPI = 170
"""At most."""
DARK = 62.0
"""Brightest tenth of a page (0-255) below which noise is as strong as print."""
BLUR = 0.6
"""Share of the fine detail that one more blur takes away [the measure of Crete et al. 2007, turned around]: print in
focus loses 0.77 and more, print that is soft but readable 0.65, print that cannot be read 0.55 and less."""
BLUR_FACE = 0.42
"""The same of a photograph of a face, which has few hard edges."""
GLARE = 0.012
"""Share of the page that is burnt out."""
FINGER = 0.004
"""Share of the page, at its border, that has the colour of skin and none of the page's."""
MOST_TINT = 10
"""Of the light, in Cr and Cb. A stronger one is the paper's own."""
APART = 16
"""Distance in Cr and Cb from the paper's colour from which skin is no paper, whatever the light."""
BLANK = 0.0012
"""Share of the page that is ink."""
PLAIN = 2.5
"""Unevenness (0-255) of a page without anything on it: paper, noise and folds stay below 2, soft print is above 4."""
PRINT = 40
"""Letters in lines from which a paper is no photograph."""
LIVE_DPI, STILL_DPI = 60.0, 140.0
"""Fewer dots an inch are too few: of a preview, which cannot do better, and of a picture that is kept for ever. At 140,
print of 8 points has letters of 9 pixels."""
UNKNOWN = 11.7
"""Inches that the longer side of a page of unknown size is taken for, where the bed has no scale: an A4."""


@dataclass(frozen=True)
class Judged:
    """What was measured; ``fault`` is the first thing to change, or None for a good page."""

    fault: PreviewHint | None
    light: float
    sharpness: float
    glare: float
    finger: float
    ink: float
    dpi: float


def judge(
    page: Picture, paper: Paper | None, shape: str, *, bed_px_per_mm: float = 0.0, least_dpi: float = LIVE_DPI
) -> Judged:
    """Judge a straightened page (BGR, as the camera saw it, its light not yet evened).

    ``bed_px_per_mm``: the calibration of a fixed camera, by which the paper's true size is known; 0: unknown.
    """
    long = max(page.shape[:2])
    # What is soft at 400 dots an inch is sharp to the eye: small papers are judged at fewer pixels.
    small, _scale = reduced(page, LONG if paper is None else min(LONG, round(paper.long / 25.4 * JUDGED_DPI)))
    grey = np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.uint8)
    light = level_of(grey, 0.9)
    sharp, burnt, skin = sharpness(grey), glare(small, grey), finger(small)
    inked = cv2.countNonZero(ink(small)) / grey.size
    dpi = long / (paper.long / 25.4) if paper is not None else bed_px_per_mm * 25.4 or long / UNKNOWN
    empty, smooth = inked < BLANK, uneven(grey) < PLAIN
    checks = (
        (PreviewHint.TOO_DARK, light < DARK),
        (PreviewHint.WRONG_KIND, wrong_kind(page, shape, bed_px_per_mm)),
        (PreviewHint.FINGER, skin > FINGER),
        (PreviewHint.BLANK, empty and smooth),
        # Of a page with too few pixels nobody can say whether it is sharp.
        (PreviewHint.SMALL, dpi < least_dpi),
        # Light and dark, and not one line of print or edge in it: too soft for any.
        (PreviewHint.BLURRED, sharp < (BLUR_FACE if shape == "photo" else BLUR) or empty),
        (PreviewHint.GLARE, burnt > GLARE),
    )
    fault = next((hint for hint, wrong in checks if wrong), None)
    return Judged(fault, light, sharp, burnt, skin, inked, dpi)


def sharpness(grey: NDArray[np.uint8]) -> float:
    """How much of the strongest detail a further blur takes away, in the direction in which that is least: near 1 for
    sharp print, near 0 for a soft picture. A paper that was moved is soft in one direction alone.

    Only edges count, so a page with little print is judged by that little, and no more than noise counts for nothing.
    """
    detail = np.asarray(cv2.absdiff(grey, cv2.blur(grey, (17, 17))), np.uint8)
    limit = max(12.0, level_of(detail, 0.98) * 0.5)
    strong = np.asarray(cv2.threshold(detail, limit, 255, cv2.THRESH_BINARY)[1], np.uint8)
    flat = cv2.threshold(detail, limit * 0.3, 255, cv2.THRESH_BINARY_INV)[1]
    calm = np.asarray(cv2.erode(flat, np.ones((5, 5), np.uint8)), np.uint8)
    least = 1.0
    for down, right, line in _DIRECTIONS:
        straight = line.shape[0] == 1 or line.shape[1] == 1
        blurred = cv2.blur(grey, line.shape[::-1]) if straight else cv2.filter2D(grey, -1, line)
        soft = np.asarray(blurred, np.uint8)
        edges, soft_edges = _steps(grey, down, right), _steps(soft, down, right)
        there, quiet = _later(strong, down, right), _later(calm, down, right)
        noise = cv2.mean(edges, quiet)[0]
        clear = cv2.subtract(edges, np.full_like(edges, min(255, round(2 * noise))))
        whole = cv2.mean(clear, there)[0]
        least = min(least, cv2.mean(cv2.subtract(clear, soft_edges), there)[0] / whole if whole else 0.0)
    return least


_LINE = 7
_DIRECTIONS = (
    (1, 0, np.ones((_LINE, 1), np.float32) / _LINE),
    (0, 1, np.ones((1, _LINE), np.float32) / _LINE),
    (1, 1, np.eye(_LINE, dtype=np.float32) / _LINE),
    (1, -1, np.ascontiguousarray(np.fliplr(np.eye(_LINE, dtype=np.float32))) / _LINE),
)
"""Steps down and to the right, and the line that blurs in that direction."""


def _later(grey: NDArray[np.uint8], down: int, right: int) -> NDArray[np.uint8]:
    """The pixels that have a neighbour so many steps up and to the left."""
    columns = slice(right, None) if right > 0 else slice(None, right or None)
    return grey[down:, columns]


def _steps(grey: NDArray[np.uint8], down: int, right: int) -> NDArray[np.uint8]:
    """Differences to the neighbours in one direction."""
    rows = slice(None, -down if down else None)
    columns = slice(None, -right) if right > 0 else slice(-right, None)
    return np.asarray(cv2.absdiff(_later(grey, down, right), grey[rows, columns]), np.uint8)


def uneven(grey: NDArray[np.uint8]) -> float:
    """How much a page differs from plain paper in any light (standard deviation, 0-255)."""
    rim = max(2, round(max(grey.shape) * 0.03))
    # Twice the mean of a square, at the same cost for any size of it.
    ground = cv2.blur(cv2.blur(grey, (61, 61)), (61, 61))
    flat = cv2.absdiff(grey, ground)[rim:-rim, rim:-rim]
    return float(cv2.meanStdDev(np.asarray(flat, np.uint8))[1][0, 0])


def glare(small: Picture, grey: NDArray[np.uint8]) -> float:
    """Share of the page that is burnt out: much brighter than the paper around it, without any print in it."""
    paper = level_of(grey, 0.5)
    limit = max(250.0, min(254.0, paper + 6))
    if paper >= 250:
        return 0.0  # the paper itself is at the camera's limit: evenly lit, whatever else
    least = cv2.min(cv2.min(small[:, :, 0], small[:, :, 1]), small[:, :, 2])
    burnt = cv2.threshold(least, limit - 0.5, 1, cv2.THRESH_BINARY)[1]
    solid = cv2.morphologyEx(burnt, cv2.MORPH_OPEN, np.ones((11, 11), np.uint8))
    return cv2.countNonZero(solid) / solid.size


def finger(small: Picture) -> float:
    """Share of the page that is skin and reaches in from its border."""
    height, width = small.shape[:2]
    work = cv2.resize(small, (max(8, width // 4), max(8, height // 4)), interpolation=cv2.INTER_AREA)
    ycc = cv2.cvtColor(work, cv2.COLOR_BGR2YCrCb)
    y, cr, cb = (ycc[:, :, i].astype(np.int16) for i in range(3))
    bright = y >= np.median(y)
    paper_cr, paper_cb = (int(np.median(tone[bright])) for tone in (cr, cb))
    tint_cr, tint_cb = (int(np.clip(tone - 128, -MOST_TINT, MOST_TINT)) for tone in (paper_cr, paper_cb))
    # Under a warm lamp white paper has the colour of skin, so the light's tint is taken off. On tinted paper that takes
    # a finger's own colour away: there it is what has the colour of skin and differs from the paper.
    apart = np.hypot(cr - paper_cr, cb - paper_cb) > APART
    toned = (y > 50) & (_skin(cr - tint_cr, cb - tint_cb) | (_skin(cr, cb) & apart))
    opened = cv2.morphologyEx(toned.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    skin = cv2.morphologyEx(opened, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(skin)
    if count == 1:
        return 0.0
    rim = np.zeros_like(skin)
    rim[:2] = rim[-2:] = 1
    rim[:, :2] = rim[:, -2:] = 1
    total = 0
    for number in np.unique(labels[(rim > 0) & (labels > 0)]).tolist():
        _x, _y, w, h, area = stats[number].tolist()
        thick = min(w, h) / min(labels.shape)
        # A tinted edge is long and thin; a finger reaches in. A picture that fills the page is no finger.
        if thick > 0.03 and area < 0.3 * labels.size and max(w, h) < 0.9 * max(labels.shape):
            total += area
    return total / labels.size


def _skin(cr: NDArray[np.int16], cb: NDArray[np.int16]) -> NDArray[np.bool_]:
    return np.asarray((cr > 136) & (cr < 178) & (cb > 92) & (cb < 126) & (cr - 128 > 0.35 * (128 - cb)))


def wrong_kind(page: Picture, shape: str, bed_px_per_mm: float) -> bool:
    """Whether the page cannot be the paper that is asked for, by its proportions and, on a known bed, its size; where
    a photograph is asked for, also by print: an A4 has nearly the proportions of one."""
    short, long = sorted(page.shape[:2])
    ratio = long / max(short, 1)
    if shape == RECEIPT:
        return receipt_of(ratio, long / bed_px_per_mm if bed_px_per_mm else 0.0) is None
    papers = EXPECTED.get(shape, ())
    if not papers:
        return False
    fitting = [p for p in papers if abs(ratio / p.ratio - 1) <= EXPECTED_TOLERANCE]
    if not fitting or (shape == "photo" and letters_in_lines(page) >= PRINT):
        return True
    return bed_px_per_mm > 0 and all(abs(long / bed_px_per_mm / p.long - 1) > SIZE for p in fitting)
