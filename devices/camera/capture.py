"""Decides when a page lies still and is good enough, and when the bed must be cleared for the next one."""

from __future__ import annotations

from dataclasses import dataclass, field

from devices.scanner.bed import BedReference
from devices.scanner.detect import SURE, PageFinder
from devices.scanner.finish import finished
from devices.scanner.geometry import Picture, Quad, shift
from devices.scanner.judge import judge, touches_edge
from devices.scanner.proportions import rectified
from kiosk.ipc.device_messages import PreviewHint

STEADY_FRAMES = 5
STEADY_SHIFT = 0.012
"""Largest movement of a corner between frames, as a share of the picture's width: the network's own unrest is 0.004."""
EMPTY_FRAMES = 3
"""Frames without a page until the bed counts as cleared."""


@dataclass(frozen=True)
class Look:
    """What was seen in one frame; ``page`` is set in the one frame that is to be kept."""

    hint: PreviewHint
    quad: Quad | None = None
    page: Picture | None = None


@dataclass
class AutoCapture:
    """Fed with frames, answers with what to tell the citizen and, once, with the page.

    ``shape`` is what the step asks for. The network and the empty bed must agree before anything is taken.
    """

    finder: PageFinder
    bed: BedReference
    shape: str = "free"
    _last: Quad | None = None
    _steady: int = 0
    _taken: Quad | None = None
    _away: int = field(default=0)

    def look(self, frame: Picture) -> Look:
        """Judge one frame (BGR)."""
        height, width = frame.shape[:2]
        found = self.finder.glance(frame)
        if found is None:
            return self._nothing(frame)
        quad = found.quad
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
        if self.bed.hand(frame, quad):
            self._steady = 0
            return Look(PreviewHint.HAND, quad)
        # Two detectors must agree; before the bed is known, the one must be sure.
        agreed = self.bed.agrees(frame, quad)
        if self._steady < STEADY_FRAMES or agreed is False or (agreed is None and found.presence < SURE):
            return Look(PreviewHint.HOLD_STILL, quad)
        return self._take(frame, quad)

    def _nothing(self, frame: Picture) -> Look:
        self._last, self._steady = None, 0
        self._away += 1
        if self._away >= EMPTY_FRAMES:
            self._taken = None
            self.bed.learn(frame)
        return Look(PreviewHint.NO_PAGE)

    def _take(self, frame: Picture, glimpse: Quad) -> Look:
        quad = self.finder.settle(frame, glimpse)
        page, paper = rectified(frame, quad, self.shape)
        fault = judge(page, paper, self.shape).fault
        if fault is not None:
            return Look(fault, quad)
        return self._keep(glimpse, finished(page, self.shape))

    def _keep(self, quad: Quad | None, page: Picture) -> Look:
        """Take ``page`` and wait for the bed to be cleared."""
        self._taken, self._steady = quad, 0
        return Look(PreviewHint.CAPTURED, quad, page)

    def take_now(self, frame: Picture) -> Look:
        """Take the picture as it is: straightened where a page is found, whole where not."""
        found = self.finder.look(frame)
        if found is None:
            return self._keep(None, frame)
        page, _paper = rectified(frame, found.quad, self.shape)
        return self._keep(found.quad, finished(page, self.shape))
