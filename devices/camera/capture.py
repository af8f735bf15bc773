"""Decides when a page lies still and is good enough, and when the bed must be cleared for the next one."""

from __future__ import annotations

from dataclasses import dataclass, field

from devices.scanner.detect import find_page
from devices.scanner.geometry import Picture, Quad, shift, straighten
from devices.scanner.quality import page_fault, touches_edge
from kiosk.ipc.device_messages import PreviewHint

STEADY_FRAMES = 5
STEADY_SHIFT = 0.008
"""Largest movement of a corner between frames, as a share of the picture's width."""


@dataclass(frozen=True)
class Look:
    """What was seen in one frame; ``page`` is set in the one frame that is to be kept."""

    hint: PreviewHint
    quad: Quad | None = None
    page: Picture | None = None


@dataclass
class AutoCapture:
    """Fed with frames, answers with what to tell the citizen and, once, with the page."""

    _last: Quad | None = None
    _steady: int = 0
    _taken: Quad | None = None
    _away: int = field(default=0)

    def look(self, frame: Picture) -> Look:
        """Judge one frame (BGR)."""
        height, width = frame.shape[:2]
        quad = find_page(frame)
        if quad is None:
            self._last, self._steady = None, 0
            self._away += 1
            if self._away >= 3:
                self._taken = None
            return Look(PreviewHint.NO_PAGE)
        self._away = 0
        limit = STEADY_SHIFT * width
        if self._taken is not None:
            if shift(quad, self._taken) < 6 * limit:
                return Look(PreviewHint.TAKE_AWAY, quad)
            self._taken = None
        moved = self._last is None or shift(quad, self._last) > limit
        self._last, self._steady = quad, 0 if moved else self._steady + 1
        if touches_edge(quad, width, height):
            return Look(PreviewHint.CUT_OFF, quad)
        if self._steady < STEADY_FRAMES:
            return Look(PreviewHint.HOLD_STILL, quad)
        page = straighten(frame, quad)
        fault = page_fault(page)
        if fault is not None:
            return Look(fault, quad)
        return self.keep(quad, page)

    def keep(self, quad: Quad | None, page: Picture) -> Look:
        """Take ``page`` and wait for the bed to be cleared."""
        self._taken, self._steady = quad, 0
        return Look(PreviewHint.CAPTURED, quad, page)

    def take_now(self, frame: Picture) -> Look:
        """Take the picture as it is: straightened where a page is found, whole where not."""
        quad = find_page(frame)
        return self.keep(quad, frame if quad is None else straighten(frame, quad))
