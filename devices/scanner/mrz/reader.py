"""Reads the machine-readable zone of a picture."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

import cv2
import numpy as np

from devices.scanner.geometry import Picture, Quad
from devices.scanner.mrz.attempts import settle
from devices.scanner.mrz.formats import Fit, fits, placed
from devices.scanner.mrz.lines_net import LinesNet, lines_net
from devices.scanner.mrz.look import look
from devices.scanner.mrz.neighbours import with_neighbours
from devices.scanner.mrz.reading import MrzReading
from devices.scanner.mrz.rows import SEARCHES, find_rows
from devices.scanner.mrz.zones import Line, find_zones

LARGEST = 2400
"""Pixels of the longer side that are worked on; a zone over a third of them has ten pixels a character."""
SMALLEST = 14
ZONES = 5
"""Zones tried in each search."""
SURE, ENOUGH = 3.0, 2.2
"""Score a character of a zone that is read at once, and of one that is a zone at all (5.0 is perfect)."""
LONGER = 3
"""Times that lines are made longer because their print goes on."""
UNREADABLE = 0.4
"""Share of doubtful characters above which a reading is worth nothing."""
PRINT = 0.68
"""Clarity below which they are no machine-readable lines."""
OUT_OF_STEP = 0.7
"""Characters by which lines of a zone may begin or end apart: on 146 documents they do by 0.5 at most. Where an end of
a line is hidden, by a finger or by a lamp that shines back, the rest of it would be read in the wrong places."""


@dataclass(frozen=True)
class Found:
    """A zone's best format, its lines where they lie, and the score a character."""

    fit: Fit
    lines: list[Line]
    score: float


def read_mrz(picture: Picture) -> MrzReading | None:
    """The zone in ``picture`` (BGR or grey, 8 bit, any size), or None where none can be read."""
    grey, scale = work_picture(picture)
    if grey is None:
        return None
    net = lines_net()
    found = find_zone(net, grey)
    if found is None or not _in_step(found):
        return None
    said, attempts = settle(net, grey, found.fit, found.lines)
    if sum(map(len, said.doubtful)) > UNREADABLE * said.margins.size:
        return None
    quad = _quad(found.lines) / np.float32(scale)
    return MrzReading(said.kind, said.lines, said.doubtful, said.checks, said.repaired, quad, attempts)


def find_zone(net: LinesNet, grey: Picture) -> Found | None:
    """The zone that fits a format best, looked for in the usual places first."""
    best: Found | None = None
    for search in SEARCHES:
        for zone in islice(find_zones(grey, find_rows(grey, search), firm=search.firm), ZONES):
            found = _first_look(net, grey, zone)
            if found is not None and (best is None or found.score > best.score):
                best = found
            if best is not None and best.score > SURE:
                return best
        if best is not None and best.score > ENOUGH:
            return best
    return best if best is not None and best.score > ENOUGH else None


def work_picture(picture: Picture) -> tuple[Picture | None, float]:
    """``picture`` in grey and at most ``LARGEST`` long, and its size against the original; None where it is none."""
    if (
        picture.dtype != np.uint8
        or picture.ndim not in {2, 3}
        or (picture.ndim == 3 and picture.shape[2] not in {1, 3, 4})
    ):
        return None, 1.0
    longer = max(picture.shape[:2])
    if min(picture.shape[:2]) < SMALLEST or longer < 8 * SMALLEST:
        return None, 1.0
    # Every n-th pixel of a picture far too large: to look at all of them would take seconds.
    skip = max(1, longer // (3 * LARGEST))
    picture = picture[::skip, ::skip]
    scale = min(1.0, LARGEST / max(picture.shape[:2]))
    if scale < 1:
        size = tuple(max(1, round(n * scale)) for n in picture.shape[1::-1])
        picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    if picture.ndim == 3:
        grey = picture[:, :, 0] if picture.shape[2] == 1 else cv2.cvtColor(picture[:, :, :3].copy(), cv2.COLOR_BGR2GRAY)
        picture = np.asarray(grey, np.uint8)
    if min(picture.shape) < SMALLEST:
        return None, 1.0
    return np.ascontiguousarray(picture), max(picture.shape) / longer


def _first_look(net: LinesNet, grey: Picture, lines: list[Line]) -> Found | None:
    """What a zone may be, read forwards or, where that is not clear, backwards."""
    best: Found | None = None
    for way in (lines, [line.turned() for line in reversed(lines)]):
        seen = look(net, grey, way)
        for _ in range(LONGER):
            if seen.cut:
                seen = look(net, grey, seen.lines)
        found = _fitted(net, grey, seen.lines) if seen.clarity > PRINT else None
        if found is None or found.score < SURE:
            more = with_neighbours(net, grey, seen)
            found = (_fitted(net, grey, more) if len(more) > 1 else None) or found
        if found is not None and (best is None or found.score > best.score):
            best = found
        if best is not None and best.score > SURE:
            break
    return best


def _fitted(net: LinesNet, grey: Picture, lines: list[Line]) -> Found | None:
    """The best format of ``lines``, which have been set straight, after a look at them."""
    found = fits(look(net, grey, lines))
    if not found:
        return None
    score = found[0].score / sum(len(g.places) for g in found[0].grids)
    return Found(found[0], placed(found[0], lines), score)


def _in_step(found: Found) -> bool:
    """Whether the lines stand below one another, as they do where each is seen from end to end."""
    along, origin = found.lines[0].along, found.lines[0].begin
    begins = [float((line.begin - origin) @ along) for line in found.lines]
    ends = [begin + line.length for begin, line in zip(begins, found.lines, strict=True)]
    pitch = float(np.median([line.length for line in found.lines])) / (len(found.fit.grids[0].places) - 1)
    return max(float(np.ptp(begins)), float(np.ptp(ends))) < OUT_OF_STEP * pitch


def _quad(lines: list[Line]) -> Quad:
    first, last = lines[0], lines[-1]
    corners = []
    for line, side, end in ((first, -1, 0.0), (first, -1, 1.0), (last, 1, 1.0), (last, 1, 0.0)):
        bend = float(np.polyval(line.bend, end * line.length)) if line.bend else 0.0
        wide = (end * 2 - 1) * line.cap
        at = line.begin + line.along * (end * line.length + wide) + line.down * (bend + side * line.cap)
        corners.append(at)
    return np.array(corners, np.float32)
