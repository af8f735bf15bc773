"""The scale of the bed: how many millimetres of it the camera's picture shows, from a paper of known size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from devices.camera.sources import FrameSource
from devices.scanner.detect import SURE, PageFinder
from devices.scanner.geometry import shift, side_lengths, touches_edge
from devices.scanner.proportions import Paper

STEADY = 5
STEADY_SHIFT = 0.004
"""Share of the picture's width that a corner may move between pictures."""
SQUARE = 0.03
"""How far the paper's measured proportions may be from its true ones: more, and it is another paper, or tilted."""


class NotCalibrated(Exception):
    """Says why, and what to do."""


@dataclass(frozen=True)
class Bed:
    """``bed_mm``: millimetres in the width of the picture; ``dpi`` of a still; pixels of the still."""

    bed_mm: float
    dpi: float
    width: int
    height: int


def measured(source: FrameSource, paper: Paper, pictures: int = 150) -> Bed:
    """Wait until ``paper`` lies still, and measure it on a still. Raises NotCalibrated and SourceLost."""
    finder, last, steady = PageFinder(), None, 0
    for _ in range(pictures):
        frame = source.read()
        found = finder.glance(frame)
        same = found is not None and last is not None and shift(found.quad, last) < STEADY_SHIFT * frame.shape[1]
        steady, last = steady + 1 if same else 0, None if found is None else found.quad
        if steady >= STEADY:
            break
    else:
        raise NotCalibrated(f"no {paper.name} lies still under the camera")
    still = source.still()
    height, width = still.shape[:2]
    page = finder.look(still)
    if page is None or page.presence < SURE or touches_edge(page.quad, width, height):
        raise NotCalibrated("the paper is not whole in the picture: move it to the middle")
    short, long = sorted(side_lengths(page.quad))
    if abs(long / short / paper.ratio - 1) > SQUARE:
        raise NotCalibrated(
            f"what lies there is {long / short:.2f} times as long as wide, a {paper.name} {paper.ratio:.2f}"
        )
    scale = float(np.sqrt(long / paper.long * short / paper.short))
    return Bed(width / scale, scale * 25.4, width, height)


def frame_rate(source: FrameSource, clock: Callable[[], float], pictures: int = 30) -> float:
    """Pictures a second that ``source`` truly sends, which in little light are fewer than it says. ``clock`` tells
    seconds. Raises SourceLost."""
    source.read()
    began = clock()
    for _ in range(pictures):
        source.read()
    return pictures / max(clock() - began, 1e-6)
