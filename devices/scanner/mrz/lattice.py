"""From the network's steps to a grid of characters: monospaced print has its characters at even distances."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from devices.scanner.mrz.lines_net import BLANK

Array = NDArray[np.float32]

ODDS = 5.0
"""Limit of a place's logarithmic odds of holding a character: one blot or one gap must not decide."""
SLACK = 0.28
"""Share of the pitch by which neighbouring characters may come closer or part."""
STIFF = 14.0
"""Cost of a whole pitch's deviation, squared, against the odds."""
FINE = 2
"""Places tried for each step of the network."""
NOWHERE = -1e6
"""Score of what lies outside of the strip."""


@dataclass(frozen=True)
class Grid:
    """``count`` characters at ``places`` (steps of the network, fractional), with the logarithms of what they may be
    (count, 37), and the ``odds`` (sum of the places' logarithmic odds of being characters at all)."""

    places: Array
    logs: Array
    odds: float
    pitch: float


def log_softmax(logits: Array) -> Array:
    top = logits.max(-1, keepdims=True)
    return np.asarray(logits - top - np.log(np.exp(logits - top).sum(-1, keepdims=True)), np.float32)


def pitch_of(logits: Array) -> float | None:
    """Steps from one character to the next (usual: 3.0 to 4.6), or None where there is no regular print."""
    printed = 1 - np.exp(log_softmax(logits)[:, BLANK])
    if float(printed.sum()) < 8:
        return None
    signal = np.interp(np.arange(len(printed) * FINE) / FINE, np.arange(len(printed)), printed)
    signal -= signal.mean()
    power = np.abs(np.fft.rfft(signal, 16 * len(signal)))
    periods = 16 * len(signal) / np.maximum(1, np.arange(len(power))) / FINE
    inside = (periods > 2.2) & (periods < 6.5)
    if not inside.any():
        return None
    best = int(np.argmax(np.where(inside, power, 0)))
    return float(periods[best])


def align(logits: Array, count: int, pitch: float) -> Grid:
    """The best place of ``count`` characters, ``pitch`` steps apart, in ``logits`` (steps, 38)."""
    logs = log_softmax(logits)
    blank = np.exp(logs[:, BLANK])
    # The middle of a character shows two or three steps that are not blank.
    odds = np.clip(np.log1p(-np.minimum(blank, 1 - 1e-6)) - logs[:, BLANK], -ODDS, ODDS)
    steps = len(odds)
    fine = np.interp(np.arange(steps * FINE) / FINE, np.arange(steps), _smooth(odds))
    places, total = _spaced(fine.astype(np.float32), count, pitch * FINE)
    at = np.asarray(places / FINE, np.float32)
    return Grid(at, _named(logs, at), total, pitch)


def _smooth(values: NDArray[np.floating]) -> Array:
    padded = np.pad(values, 1, mode="edge")
    return np.asarray(0.25 * padded[:-2] + 0.5 * padded[1:-1] + 0.25 * padded[2:], np.float32)


def _spaced(value: Array, count: int, pitch: float) -> tuple[Array, float]:
    """Dynamic programming over places: the sum of values less the strain of uneven distances is largest."""
    size = len(value)
    jumps = np.arange(max(1, int(np.floor(pitch * (1 - SLACK)))), int(np.ceil(pitch * (1 + SLACK))) + 1)
    strain = (STIFF * ((jumps - pitch) / pitch) ** 2).astype(np.float32)
    # One window a place: what may have come before it, the nearest last.
    padded = np.full(size + int(jumps[-1]), NOWHERE, np.float32)
    windows = sliding_window_view(padded, len(jumps))[:size]
    cost = strain[::-1]
    score = value.copy()
    came = np.zeros((count, size), np.int32)
    rows = np.arange(size)
    for n in range(1, count):
        padded[jumps[-1] :] = score
        before = windows - cost
        best = before.argmax(1)
        came[n] = jumps[len(jumps) - 1 - best]
        score = before[rows, best] + value
    at = int(score.argmax())
    total = max(float(score[at]), -ODDS * count)
    places = np.zeros(count, np.float32)
    for n in range(count - 1, -1, -1):
        places[n] = at
        at = max(0, at - int(came[n, at]))
    return places, total


def _named(logs: Array, places: Array) -> Array:
    """What each place may be: the steps around it, each as much as it is no blank; normalised over the symbols."""
    near = np.clip(np.round(places).astype(int)[:, None] + np.arange(-1, 2), 0, len(logs) - 1)
    weight = np.exp(-(((near - places[:, None]) / 0.8) ** 2)) * (1 - np.exp(logs[near, BLANK]) + 1e-3)
    symbols = logs[near][..., :BLANK]
    own = symbols - np.logaddexp.reduce(symbols, axis=-1, keepdims=True)
    return log_softmax((weight[..., None] * own).sum(1) / np.maximum(1e-6, weight.sum(1))[:, None])
