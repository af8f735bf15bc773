"""Which format some lines have, and where its characters stand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from devices.scanner.mrz.grammar import cost, layout, size
from devices.scanner.mrz.lattice import Array, Grid, align, log_softmax, pitch_of
from devices.scanner.mrz.lines_net import BLANK, CAP, STRIDE
from devices.scanner.mrz.look import MARGIN, Look, stretch
from devices.scanner.mrz.zones import Line
from kiosk.model.mrz import MrzFormat

NEAR = 4.0
"""Characters by which a line's length may differ from a format's, as seen in the network's steps."""


@dataclass(frozen=True)
class Fit:
    """A format that fits some consecutive lines, with their grids; ``score`` in logarithms, higher is better."""

    kind: MrzFormat
    first: int
    grids: list[Grid]
    score: float


def fits(seen: Look) -> list[Fit]:
    """Formats for windows of consecutive lines, the best first."""
    found = []
    pitches = [pitch_of(logits) for logits in seen.logits]
    known = [p for p in pitches if p is not None]
    if not known:
        return []
    usual = max(zip(seen.clear, pitches, strict=True), key=lambda c: c[0] if c[1] else -1.0)[1] or known[0]
    close = [p if p is not None and abs(p / usual - 1) < 0.06 else usual for p in pitches]
    lengths = [_length(logits, pitch) for logits, pitch in zip(seen.logits, close, strict=True)]
    windows = [(k, i) for k in MrzFormat for i in range(len(seen.lines) - size(k)[0] + 1)]
    # Where the lengths tell the format, the others need no look.
    likely = [
        (kind, first)
        for kind, first in windows
        if sum(abs(lengths[i] - size(kind)[1]) > NEAR for i in range(first, first + size(kind)[0])) < 2
    ]
    grids: dict[tuple[int, int], Grid] = {}
    for kind, first in likely or windows:
        count, length = size(kind)
        window = range(first, first + count)
        for i in window:
            if (i, length) not in grids:
                grids[i, length] = align(seen.logits[i], length, close[i])
        chosen = [grids[i, length] for i in window]
        found.append(Fit(kind, first, chosen, _score(kind, chosen)))
    return sorted(found, key=lambda f: -f.score)


def _length(logits: Array, pitch: float) -> float:
    """Characters in the longest run of print."""
    start, stop = stretch(1 - np.exp(log_softmax(logits)[:, BLANK]), 2.2 * pitch)
    return (stop - start) / pitch + 0.4


def placed(fit: Fit, cut: list[Line]) -> list[Line]:
    """The lines of ``fit``, from the middle of their first character to that of their last, where ``cut`` are the
    lines as they were cut."""
    found = []
    for grid, line in zip(fit.grids, cut[fit.first :], strict=False):
        unit = line.cap / CAP
        first, last = ((float(p) + 0.5) * STRIDE * unit - MARGIN * line.cap for p in (grid.places[0], grid.places[-1]))
        bend = np.atleast_1d(np.poly1d(line.bend or (0.0,))(np.poly1d([1, first])).coeffs)
        found.append(Line(line.begin + line.along * first, line.along, last - first, line.cap, tuple(bend)))
    return found


def _score(kind: MrzFormat, grids: list[Grid]) -> float:
    taken = cost(layout(kind))
    return sum(grid.odds + float((grid.logs - taken[i]).max(1).sum()) for i, grid in enumerate(grids))
