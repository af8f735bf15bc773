"""From a straightened page as the camera saw it to the page that is kept: level lines, even light, white paper."""

from __future__ import annotations

from devices.scanner.geometry import Picture
from devices.scanner.light import Mode, even_light, in_mode
from devices.scanner.text_lines import ink, skew, turned

AS_IT_IS = frozenset({"card", "photo"})
"""Shapes that have their own colours and borders: neither their light nor their lines are touched."""
LEAST_SKEW = 0.4
"""Degrees below which a line looks level, and turning would only soften it."""


def finished(page: Picture, shape: str, mode: Mode = Mode.COLOUR) -> Picture:
    """``page`` (BGR) ready to be kept. ``shape`` is what the step asks for."""
    if shape not in AS_IT_IS:
        page = even_light(page)
        angle = skew(ink(page))
        if abs(angle) >= LEAST_SKEW:
            page = turned(page, angle)
    return in_mode(page, mode)
