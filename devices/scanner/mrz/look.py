"""One look at some lines: cut, read, and where the network says that they lie."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from devices.scanner.geometry import Picture
from devices.scanner.mrz.cut import cut_strips, step_places, strip_width
from devices.scanner.mrz.lattice import Array, log_softmax
from devices.scanner.mrz.lines_net import BLANK, CAP, LinesNet
from devices.scanner.mrz.zones import Line

MARGIN = 4.0
"""Capital heights looked at before and after a line whose ends are known roughly only."""
PRINTED = 0.5
"""Probability of being no blank from which a step counts as printed."""
FEWEST = 25.0
"""Printed steps of a line; one of 30 characters has twice as many."""
FAIR, STRETCHED = 0.6, 12.0
"""Clarity of a line whose ends count for its neighbours, and the capital heights by which they may be longer."""
WHOLE, EDGE = 0.8, 3
"""Clarity of a line that is cut where it is printed up to this many steps from the end of its strip."""
GAP = 10.0
"""Steps without print that end a line, where capitals are 15 rows high."""


@dataclass(frozen=True)
class Look:
    """What the network saw of some lines: logits (n, steps, 38) and the lines as it found them lying."""

    logits: Array
    lines: list[Line]
    clear: list[float]
    """For each line, how sure the network is of its characters; 0 where there are too few."""
    cut: bool
    """Whether print goes on where the strips end; ``lines`` are longer there."""

    @property
    def clarity(self) -> float:
        """Of the two clearest lines."""
        return float(np.mean(sorted(self.clear)[-2:]))


def look(net: LinesNet, grey: Picture, lines: list[Line], shift: float = 0.0, margin: float = MARGIN) -> Look:
    """Reads strips of ``lines`` once."""
    width = strip_width(lines, margin)
    seen = net.read(cut_strips(grey, lines, margin, width, shift))
    printed = 1 - np.exp(log_softmax(seen.logits)[..., BLANK])
    best = np.exp(log_softmax(seen.logits[..., :BLANK])).max(-1)
    ink = printed.sum(1)
    clear = np.where(ink > FEWEST, (best * printed).sum(1) / np.maximum(1.0, ink), 0.0)
    found = [
        _set_straight(line, margin, seen.middle[i] + shift / CAP, seen.height[i], printed[i])
        for i, line in enumerate(lines)
    ]
    more = _cut_ends(printed, clear)
    return Look(seen.logits, _even(found, clear, more), [float(c) for c in clear], any(more))


def _cut_ends(printed: Array, clear: NDArray[np.floating]) -> tuple[bool, bool]:
    """Whether the print of a clear line reaches the begin and the end of its strip."""
    runs = [stretch(p, GAP) for p, c in zip(printed, clear, strict=True) if c > WHOLE]
    last = printed.shape[1] - EDGE
    return any(start < EDGE for start, _ in runs), any(stop > last for _, stop in runs)


def _even(lines: list[Line], clear: NDArray[np.floating], more: tuple[bool, bool]) -> list[Line]:
    """``lines`` from the first begin to the last end of the clear ones among them: all lines of a zone are equally
    long, and the print of one may have a gap. ``more``: whether they are longer still, at their begins and ends."""
    fair = [line for line, c in zip(lines, clear, strict=True) if c > FAIR]
    if not fair:
        return lines
    found = []
    for line in lines:
        begins = [float((other.begin - line.begin) @ line.along) for other in fair]
        ends = [b + other.length - line.length for b, other in zip(begins, fair, strict=True)]
        limit = STRETCHED * line.cap
        before = min(max(0.0, *(-b for b in begins)), limit) + more[0] * limit
        after = min(max(0.0, *ends), limit) + more[1] * limit
        bend = np.atleast_1d(np.poly1d(line.bend or (0.0,))(np.poly1d([1, -before])).coeffs)
        begin, length = line.begin - line.along * before, line.length + before + after
        found.append(Line(begin, line.along, length, line.cap, tuple(float(b) for b in bend)))
    return found


def _set_straight(line: Line, margin: float, middle: Array, height: Array, printed: Array) -> Line:
    """``line`` where the network says that it lies, with its bend, its height and its ends."""
    named = printed > PRINTED
    if int(named.sum()) < 12:
        return line
    start, stop = stretch(printed, GAP * float(np.exp(np.clip(np.median(height[named]), -0.3, 0.3))))
    named[:start], named[stop:] = False, False
    if int(named.sum()) < 12:
        return line
    at = step_places(line, margin, len(printed))
    cap = line.cap * float(np.exp(np.clip(np.median(height[named]), -0.3, 0.3)))
    below = middle * line.cap + (np.polyval(line.bend, np.clip(at, 0, line.length)) if line.bend else 0)
    low, high = float(at[named].min()), float(at[named].max())
    # A bend needs length to be seen; a short line gets a straight one.
    degree = 2 if high - low > 15 * cap else 1
    bend = np.polyfit(at[named], below[named], degree)
    rest = np.abs(np.polyval(bend, at) - below)
    kept = named & (rest < max(0.15 * cap, 2 * float(np.median(rest[named]))))
    if int(kept.sum()) > 8:
        bend = np.polyfit(at[kept], below[kept], degree)
    moved = np.poly1d(bend)(np.poly1d([1, low]))  # counted from the new begin
    # The chord becomes the line's direction, so that it goes on straight beyond its known ends.
    begin, slope = float(moved(0)), float(moved(high - low) - moved(0)) / (high - low)
    rest_of_bend = np.polysub(moved, np.poly1d([slope, begin]))
    along = line.along + line.down * slope
    return Line(
        line.begin + line.along * low + line.down * begin,
        along / np.linalg.norm(along),
        high - low,
        cap,
        tuple(float(c) for c in np.atleast_1d(rest_of_bend.coeffs)),
    )


def stretch(printed: Array, gap: float) -> tuple[int, int]:
    """Begin and end of the longest run of printed steps without a gap of more than ``gap`` steps."""
    at = np.flatnonzero(printed > PRINTED)
    if not len(at):
        return 0, 0
    cuts = np.flatnonzero(np.diff(at) > gap)
    starts, stops = np.concatenate([[0], cuts + 1]), np.concatenate([cuts, [len(at) - 1]])
    best = int(np.argmax(stops - starts))
    return int(at[starts[best]]), int(at[stops[best]]) + 1
