"""The network that reads strips of print, run by OpenCV. Trained by ``tools/mrz_net``, which says what it knows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Lock

import cv2
import numpy as np
from numpy.typing import NDArray

from kiosk.config import ASSETS

MODEL = ASSETS / "models" / "mrz_lines.onnx"
SYMBOLS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ<"
BLANK = len(SYMBOLS)
HEIGHT = 24
"""Rows of a strip."""
CAP = 15.0
"""Rows of them that a capital takes."""
STRIDE = 4
"""Columns of a strip for each step of the output."""

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Seen:
    """What the network says of strips: logits (n, steps, 38), and for each step how far the line's middle lies
    below the strip's, and the logarithm of the height of its capitals, both against ``CAP``: (n, steps) each."""

    logits: Array
    middle: Array
    height: Array


class LinesNet:
    """One network; calls are serialised, as OpenCV's networks hold their inputs."""

    def __init__(self, model: Path) -> None:
        self._net = cv2.dnn.readNetFromONNX(str(model))
        self._lock = Lock()

    def read(self, strips: Array) -> Seen:
        """``strips`` (n, 24, width), grey; the width is a multiple of 4."""
        count = len(strips)
        mean = strips.reshape(count, -1).mean(1)[:, None, None]
        deviation = np.maximum(4.0, strips.reshape(count, -1).std(1))[:, None, None]
        with self._lock:
            self._net.setInput(((strips - mean) / deviation)[:, None].astype(np.float32))
            out = np.asarray(self._net.forward(), np.float32)
        out = out.transpose(0, 2, 1)
        return Seen(out[..., : BLANK + 1], out[..., BLANK + 1], out[..., BLANK + 2])


@cache
def lines_net() -> LinesNet:
    """The process's network, loaded at first use."""
    return LinesNet(MODEL)
