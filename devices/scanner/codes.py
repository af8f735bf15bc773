"""QR codes and barcodes on a page or in the live picture."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import zxingcpp

from devices.scanner.geometry import Picture, Quad, reduced

QUICK = 1600
"""Pixels on the longer side for the first look: a quarter of the time of the whole picture, and it finds nearly all."""


@dataclass(frozen=True)
class Code:
    """``text`` as it stands in the code, nothing rewritten; ``kind`` as zxing names it; corners in pixels."""

    text: str
    kind: str
    corners: Quad


def read_codes(picture: Picture, *, thorough: bool = True) -> list[Code]:
    """All codes of ``picture`` (BGR or grey). ``thorough`` looks at every pixel where the quick look finds nothing."""
    grey = picture if picture.ndim == 2 else np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)
    if grey.size == 0 or min(grey.shape) < 3:
        return []
    if max(grey.shape) <= QUICK:
        return _read(picture, 1.0, thorough)
    small, scale = reduced(grey, QUICK)
    return _read(small, scale, False) or (_read(picture, 1.0, True) if thorough else [])


def _read(picture: Picture, scale: float, thorough: bool) -> list[Code]:
    found = zxingcpp.read_barcodes(
        picture,
        # The default rewrites the control characters of GS1 codes.
        text_mode=zxingcpp.TextMode.Plain,
        try_rotate=True,
        try_downscale=thorough,
        try_invert=thorough,
    )
    codes = []
    for one in found:
        p = one.position
        corners = [(q.x, q.y) for q in (p.top_left, p.top_right, p.bottom_right, p.bottom_left)]
        codes.append(
            Code(one.text, str(one.format).removeprefix("BarcodeFormat."), np.array(corners, np.float32) / scale)
        )
    return codes
