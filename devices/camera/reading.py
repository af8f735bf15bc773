"""The live camera as a reader: the machine-readable zone of a travel document, or a code that is shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from devices.camera.capture import STEADY_FRAMES, STEADY_SHIFT, Look
from devices.scanner.codes import read_codes
from devices.scanner.detect import PageFinder
from devices.scanner.geometry import Picture, Quad, shift
from devices.scanner.mrz import read_mrz
from kiosk.ipc.device_messages import CodeRead, PreviewHint, ZoneRead

MARGIN = 0.08
"""The page of a passport is cut out with so much around it: the zone stands at its very edge."""
MOST_READS = 2
"""A document that lies still is read so often; then somebody must move it."""


@dataclass
class ZoneReader:
    """Fed with frames; once a document lies still, its zone is read from the finest picture there is."""

    finder: PageFinder
    _last: Quad | None = None
    _steady: int = 0
    _reads: int = 0

    def look(self, frame: Picture, still: Callable[[], Picture] | None = None) -> Look:
        found = self.finder.glance(frame)
        if found is None:
            self._last, self._steady, self._reads = None, 0, 0
            return Look(PreviewHint.NO_PAGE)
        limit = STEADY_SHIFT * frame.shape[1]
        if self._last is None or shift(found.quad, self._last) > limit:
            self._steady = self._reads = 0
        self._last, self._steady = found.quad, self._steady + 1
        if self._reads >= MOST_READS:
            return Look(PreviewHint.NO_ZONE, (found.quad,))
        if self._steady < STEADY_FRAMES:
            return Look(PreviewHint.HOLD_STILL, (found.quad,))
        return self._read(found.quad, frame if still is None else still())

    def take_now(self, frame: Picture, still: Callable[[], Picture] | None = None) -> Look:
        """Read again, whatever was tried before."""
        self._reads = 0
        self._steady = STEADY_FRAMES
        return self.look(frame, still)

    def _read(self, quad: Quad, fine: Picture) -> Look:
        self._reads += 1
        found = self.finder.glance(fine)
        reading = read_mrz(fine if found is None else _around(fine, found.quad))
        if reading is None:
            return Look(PreviewHint.HOLD_STILL if self._reads < MOST_READS else PreviewHint.NO_ZONE, (quad,))
        self._reads = MOST_READS
        doubtful = [sorted(places) for places in reading.doubtful]
        return Look(PreviewHint.CAPTURED, (quad,), said=ZoneRead(lines=list(reading.lines), doubtful=doubtful))


@dataclass
class CodeWatcher:
    """Fed with frames; tells of each code once, as long as it is held there."""

    _shown: str = ""

    def look(self, frame: Picture, _still: Callable[[], Picture] | None = None) -> Look:
        codes = [c for c in read_codes(frame, thorough=False) if c.text]
        if not codes:
            self._shown = ""
            return Look(PreviewHint.NO_PAGE)
        first = codes[0]
        if first.text == self._shown:
            return Look(PreviewHint.CAPTURED, (first.corners,))
        self._shown = first.text
        return Look(PreviewHint.CAPTURED, (first.corners,), said=CodeRead(text=first.text))

    def take_now(self, frame: Picture, still: Callable[[], Picture] | None = None) -> Look:
        self._shown = ""
        return self.look(frame, still)


def _around(picture: Picture, quad: Quad) -> Picture:
    """The box around ``quad`` with a margin: fewer lines of other papers to look through."""
    low, high = quad.min(0), quad.max(0)
    room = (high - low) * MARGIN
    left, top = (int(v) for v in np.maximum(low - room, 0))
    right, bottom = (int(v) for v in np.minimum(high + room, (picture.shape[1], picture.shape[0])))
    return np.ascontiguousarray(picture[top:bottom, left:right])
