"""Decides when papers lie still and are good enough, which of them are new, and takes each of them once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from pydantic import BaseModel

from devices.camera.still import mapped
from devices.camera.taken import Taken, likeness_of
from devices.scanner.bed import PATIENCE, BedReference, OnBed
from devices.scanner.codes import read_codes
from devices.scanner.detect import Found, PageFinder
from devices.scanner.finish import finished
from devices.scanner.geometry import Picture, Quad, shift, touches_edge
from devices.scanner.judge import LIVE_DPI, STILL_DPI, judge
from devices.scanner.light import Mode
from devices.scanner.proportions import CARD, Paper
from devices.scanner.scan import LONGEST
from devices.scanner.straighten import straightened
from devices.scanner.way_up import WayUp, upright
from kiosk.ipc.device_messages import PreviewHint

STEADY_FRAMES = 5
STEADY_SHIFT = 0.012
"""Largest movement of a corner between frames, as a share of the picture's width: the network's own unrest is 0.004."""
REFUSED_FRAMES = 30
"""Frames until a page that was refused, and has not moved since, is taken again: a still stops the preview, on some
cameras for two seconds, while the citizen needs it to put right what is wrong."""
MOST_CODES, LONGEST_CODE = 16, 4000
"""Codes that are kept of one page, and characters of each: more are on no paper of an office."""
DOUBT_FRAMES = 3 * STEADY_FRAMES
"""Frames that a page lies still, and the bed says otherwise, until the bed is not believed any more."""
EMPTY_FRAMES = 3
"""Frames without a page until the bed counts as cleared."""
STILL_PIXELS = 2400
"""Pixels on the longer side from which a picture is a still, and must have a still's resolution on paper."""


@dataclass(frozen=True)
class TakenPage:
    """A page ready to be kept (BGR), the size of paper that it is, if it is a known one, and what its codes say."""

    picture: Picture
    paper: Paper | None
    dpi: float
    codes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Look:
    """What was seen in one frame: what to tell, where papers lie, the pages that are to be kept now, and what the
    worker is to be told beside."""

    hint: PreviewHint
    quads: tuple[Quad, ...] = ()
    pages: tuple[TakenPage, ...] = ()
    said: BaseModel | None = None


@dataclass
class AutoCapture:
    """Fed with frames, answers with what to tell the citizen and, once for each paper, with its page.

    ``shape`` is what the step asks for, ``mode`` how it is kept, ``bed_mm`` how many millimetres of the bed the
    picture's width shows (0: not calibrated). The network and the empty bed must agree before anything is taken.
    """

    finder: PageFinder
    way_up: WayUp
    bed: BedReference
    shape: str = "free"
    mode: Mode = Mode.COLOUR
    bed_mm: float = 0.0
    _last: tuple[Quad, ...] = ()
    _steady: int = 0
    _refused: PreviewHint | None = None
    _taken: list[Taken] = field(default_factory=list)
    _away: int = 0
    _hand: int = 0

    def look(self, frame: Picture, still: Callable[[], Picture] | None = None) -> Look:
        """Judge one frame (BGR). ``still`` gives a finer picture of the same scene, where the camera has one."""
        lying = self.bed.look(frame)
        found = self._found(frame, lying)
        if not found:
            return self._nothing(frame, lying)
        self._away = 0
        quads = tuple(f.quad for f in found)
        limit = STEADY_SHIFT * frame.shape[1]
        if _alike(quads, self._last, limit):
            self._steady += 1
        else:
            self._unsettled()
        self._last = quads
        if any(touches_edge(q, frame.shape[1], frame.shape[0]) for q in quads):
            return Look(PreviewHint.CUT_OFF, quads)
        if lying is not None and lying.hand(quads):
            return self._reached(quads)
        self._hand = 0
        fresh = [f for f in found if not any(t.is_there(frame, f.quad, 6 * limit) for t in self._taken)]
        if not fresh:
            return Look(PreviewHint.TAKE_AWAY, quads)
        if self._steady < STEADY_FRAMES:
            return Look(self._refused or PreviewHint.HOLD_STILL, quads)
        if lying is None or not all(lying.agrees(f.quad, [o.quad for o in found if o is not f]) for f in fresh):
            return self._doubted(frame, fresh, lying, quads)
        return self._take(frame, found, fresh, still)

    def _reached(self, quads: tuple[Quad, ...]) -> Look:
        """Somebody's hand reaches in. One that never moves is none: the bed is another than was learned."""
        self._hand = self._hand + 1 if self._steady else 0
        self._unsettled()
        if self._hand < PATIENCE:
            return Look(PreviewHint.HAND, quads)
        self.bed.forget()
        return self._refuse(PreviewHint.BED, quads)

    def _doubted(self, frame: Picture, fresh: list[Found], lying: OnBed | None, quads: tuple[Quad, ...]) -> Look:
        """The network sees a page, and the bed does not say so: nothing is taken by itself. Where nothing else is
        wrong, the bed must be seen empty; then both may agree."""
        if lying is not None and self._steady < DOUBT_FRAMES:
            return Look(PreviewHint.HOLD_STILL, quads)
        for page in fresh:
            straight, paper = straightened(frame, page.quad, self.shape, LONGEST, self._scale(frame))
            fault = self._fault(straight, paper, frame)
            if fault is not None:
                return self._refuse(fault, quads)
        if lying is not None:
            self.bed.forget()
        return self._refuse(PreviewHint.BED, quads)

    def _fault(self, page: Picture, paper: Paper | None, seen: Picture) -> PreviewHint | None:
        least = STILL_DPI if max(seen.shape[:2]) >= STILL_PIXELS else LIVE_DPI
        return judge(page, paper, self.shape, bed_px_per_mm=self._scale(seen), least_dpi=least).fault

    def _refuse(self, fault: PreviewHint, quads: tuple[Quad, ...]) -> Look:
        self._steady, self._refused = STEADY_FRAMES - REFUSED_FRAMES, fault
        return Look(fault, quads)

    def _unsettled(self) -> None:
        """Papers must lie still from here on, and whatever was wrong may be right now."""
        self._steady, self._refused = 0, None

    def _found(self, frame: Picture, lying: OnBed | None) -> list[Found]:
        """The papers in sight, in reading order. One glance, unless the bed shows that several lie apart."""
        several = self.finder.several(frame, lying) if lying is not None else []
        if several:
            return several
        one = self.finder.glance(frame)
        if one is None and lying is not None:
            one = self.finder.alone(frame, lying)
        return [] if one is None else [one]

    def _nothing(self, frame: Picture, lying: OnBed | None) -> Look:
        if lying is None or lying.reaches_out():
            outside = self.finder.cut_off(frame)
            if outside is not None:
                self._last, self._away = (), 0
                self._unsettled()
                return Look(PreviewHint.CUT_OFF, (outside.quad,))
        self._last = ()
        self._unsettled()
        self._away += 1
        self.bed.offer(frame)
        if self._away >= EMPTY_FRAMES:
            # Somebody who leans over the bed hides a page that lies there still.
            self._taken = [t for t in self._taken if lying is None or lying.covered(t.quad)]
        return Look(PreviewHint.NO_PAGE)

    def _take(
        self, frame: Picture, found: list[Found], fresh: list[Found], still: Callable[[], Picture] | None
    ) -> Look:
        quads = tuple(f.quad for f in found)
        fine, places = frame, [f.quad for f in fresh]
        if still is not None:
            fine = still()
            moved = mapped(frame, fine, places)
            if moved is None:
                # Something has moved meanwhile: the corners of the one picture mean nothing in the other.
                self._unsettled()
                return Look(PreviewHint.HOLD_STILL, quads)
            places = moved
        pages = []
        for place in places:
            quad = self.finder.settle(fine, place)
            page, paper = straightened(fine, quad, self.shape, LONGEST, self._scale(fine))
            fault = self._fault(page, paper, fine)
            if fault is not None:
                return self._refuse(fault, quads)
            pages.append(self._finished(page, paper, fine))
        self._taken = [t for t in self._taken if any(t.lies_at(f.quad, frame.shape[1] * STEADY_SHIFT) for f in found)]
        return self._keep(frame, [f.quad for f in fresh], quads, pages)

    def _keep(self, frame: Picture, new: list[Quad], quads: tuple[Quad, ...], pages: list[TakenPage]) -> Look:
        """Take ``pages`` and wait for others."""
        self._taken = [t for t in self._taken if not any(t.lies_at(q, frame.shape[1] * STEADY_SHIFT) for q in new)]
        self._taken += [Taken(q, likeness_of(frame, q)) for q in new]
        self._unsettled()
        return Look(PreviewHint.CAPTURED, quads, tuple(pages))

    def _finished(self, page: Picture, paper: Paper | None, seen: Picture) -> TakenPage:
        done = finished(page, self.shape, self.mode)
        card = self.shape == "card" or paper == CARD
        turns = self.way_up.quarter_turns(done, card=card) if self.shape != "photo" else 0
        scale = self._scale(seen)
        dpi = max(page.shape[:2]) / paper.long * 25.4 if paper is not None else scale * 25.4
        return TakenPage(upright(done, turns), paper, dpi, _texts(page))

    def _scale(self, picture: Picture) -> float:
        """Pixels a millimetre on the bed; 0 without calibration."""
        return picture.shape[1] / self.bed_mm if self.bed_mm else 0.0

    def take_now(self, frame: Picture, still: Callable[[], Picture] | None = None) -> Look:
        """Take the picture as it is: straightened where a page is found, whole where not."""
        fine = still() if still is not None else frame
        found = self.finder.look(fine)
        if found is None:
            return self._keep(frame, [], (), [TakenPage(fine, None, 0.0, _texts(fine))])
        page, paper = straightened(fine, found.quad, self.shape, LONGEST, self._scale(fine))
        seen = self.finder.glance(frame)
        quads = () if seen is None else (seen.quad,)
        return self._keep(frame, list(quads), quads, [self._finished(page, paper, fine)])


def _texts(page: Picture) -> tuple[str, ...]:
    """What the codes on the page say, each once; read before its light is evened, as ``kiosk scan`` does."""
    read = dict.fromkeys(code.text for code in read_codes(page, thorough=False))
    return tuple(text for text in read if 0 < len(text) <= LONGEST_CODE)[:MOST_CODES]


def _alike(some: tuple[Quad, ...], others: tuple[Quad, ...], limit: float) -> bool:
    return len(some) == len(others) and all(shift(a, b) <= limit for a, b in zip(some, others, strict=True))
