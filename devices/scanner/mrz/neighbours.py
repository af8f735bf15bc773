"""Looks for the lines above and below one that is clearly read, where the profile showed none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from devices.scanner.geometry import Picture
from devices.scanner.mrz.lines_net import LinesNet
from devices.scanner.mrz.look import Look, look
from devices.scanner.mrz.zones import Line

CLEAR = 0.88
"""Clarity of a line that is worth it."""
LONGEST = 26.0
"""Capital heights that such a line is long, at least: 30 characters closely set."""
SPACINGS = (-5.2, -4.6, -4.0, -3.4, -2.8, -2.4, -2.0, -1.6, 1.6, 2.0, 2.4, 2.8, 3.4, 4.0, 4.6, 5.2)
"""Capital heights to the neighbours: the standard's spacing is 2.5 (part 3, 4.1), and prints of all kinds exist."""
APART = 1.2


def with_neighbours(net: LinesNet, grey: Picture, seen: Look) -> list[Line]:
    """The clearest line of ``seen`` and the lines around it, from top to bottom; empty where none is clear."""
    best = int(np.argmax(seen.clear))
    line = seen.lines[best]
    if seen.clear[best] < CLEAR or line.length < LONGEST * line.cap:
        return []
    tried = look(net, grey, [replace(line, begin=line.begin + line.down * s * line.cap) for s in SPACINGS])
    found: list[tuple[float, Line]] = [(0.0, line)]
    for clear, other in sorted(zip(tried.clear, tried.lines, strict=True), key=lambda t: -t[0]):
        middle = other.begin + other.along * other.length / 2
        bend = float(np.polyval(other.bend, other.length / 2)) if other.bend else 0.0
        own = float(np.polyval(line.bend, line.length / 2)) if line.bend else 0.0
        at = float((middle - line.begin) @ line.down) + bend - own
        if clear > CLEAR and all(abs(at - there) > APART * line.cap for there, _ in found):
            found.append((at, other))
    return [kept for _, kept in sorted(found, key=lambda t: t[0])]
