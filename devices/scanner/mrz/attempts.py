"""One attempt after another at lines whose format is known, each a little apart, until nothing is doubtful."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from devices.scanner.geometry import Picture
from devices.scanner.mrz.decide import Decision, decide
from devices.scanner.mrz.evidence import Logs
from devices.scanner.mrz.formats import Fit
from devices.scanner.mrz.grammar import size
from devices.scanner.mrz.lattice import align, pitch_of
from devices.scanner.mrz.lines_net import LinesNet
from devices.scanner.mrz.look import look
from devices.scanner.mrz.zones import Line

NARROW = 2.0
"""Capital heights looked at before and after a line whose ends are known well."""
JITTER = ((0.8, 1.08), (-0.8, 0.94), (0.0, 1.15))
"""Strip pixels down, and height of capitals against the measured one, of the attempts after the first."""


def settle(net: LinesNet, grey: Picture, fit: Fit, lines: list[Line]) -> tuple[Decision, int]:
    """What ``lines`` says after as many attempts as it needs, and their number."""
    attempts = [np.stack([g.logs for g in fit.grids])]
    said = decide(fit.kind, attempts)
    for shift, scale in JITTER:
        again = _again(net, grey, fit, lines, shift, scale)
        if again is not None:
            attempts.append(again)
            said = decide(fit.kind, attempts)
        if len(attempts) > 1 and said.settled:
            break
    return said, len(attempts)


def _again(net: LinesNet, grey: Picture, fit: Fit, lines: list[Line], shift: float, scale: float) -> Logs | None:
    """The logarithms (lines, characters, 37) of one more attempt at ``lines``, those of ``fit``, ``shift`` strip pixels
    down and with capitals of another height."""
    own = [replace(line, cap=line.cap * scale) for line in lines]
    seen = look(net, grey, own, shift, NARROW)
    pitches = [p for p in map(pitch_of, seen.logits) if p is not None]
    if not pitches:
        return None
    usual = float(np.median(pitches))
    return np.stack([align(logits, size(fit.kind)[1], usual).logs for logits in seen.logits])
