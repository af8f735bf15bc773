"""One picture to its pages: found, straightened, judged, finished, its codes read."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from devices.scanner.bed import OnBed
from devices.scanner.codes import Code, read_codes
from devices.scanner.detect import Found, PageFinder, is_a_page_itself
from devices.scanner.finish import finished
from devices.scanner.geometry import Picture, Quad, frame_of, touches_edge
from devices.scanner.judge import STILL_DPI, Judged, judge
from devices.scanner.light import Mode
from devices.scanner.proportions import CARD, Paper, rectified
from devices.scanner.straighten import straightened
from devices.scanner.way_up import WayUp, upright
from kiosk.ipc.device_messages import PreviewHint

LONGEST = 3600
"""Pixels of a page's longer side that are kept for further work: 300 dpi on A4."""


@dataclass(frozen=True)
class Scan:
    """``fault`` is what a person should change, None for a good page; ``page`` is there all the same where one was
    found. ``quad`` is in pixels of the picture; ``turned``: by so many quarters clockwise, to stand upright."""

    fault: PreviewHint | None
    quad: Quad | None = None
    presence: float = 0.0
    page: Picture | None = None
    paper: Paper | None = None
    judged: Judged | None = None
    codes: tuple[Code, ...] = ()
    turned: int = 0


def scan(
    picture: Picture,
    finder: PageFinder,
    shape: str = "free",
    mode: Mode = Mode.COLOUR,
    way_up: WayUp | None = None,
) -> Scan:
    """Scan the largest page in ``picture`` (BGR), or all of it where it is a page itself. ``shape``: a4, card, photo,
    receipt or free. Without ``way_up`` the page stays as it lies."""
    found = finder.look(picture)
    if found is None:
        outside = finder.cut_off(picture)
        return (
            Scan(PreviewHint.NO_PAGE) if outside is None else Scan(PreviewHint.CUT_OFF, outside.quad, outside.presence)
        )
    if is_a_page_itself(picture, found.quad):
        return _worked(picture, Found(frame_of(picture), found.presence), shape, mode, way_up, whole=True)
    return _worked(picture, found, shape, mode, way_up)


def scan_all(
    picture: Picture,
    finder: PageFinder,
    lying: OnBed,
    shape: str = "free",
    mode: Mode = Mode.COLOUR,
    way_up: WayUp | None = None,
) -> list[Scan]:
    """Scan each of the papers that lie apart on a bed, in reading order; where the bed shows none: as ``scan``."""
    alone = finder.alone(picture, lying)
    apart = [alone] if alone is not None else finder.several(picture, lying)
    if not apart:
        return [scan(picture, finder, shape, mode, way_up)]
    exact = [Found(finder.settle(picture, one.quad), one.presence) for one in apart]
    return [_worked(picture, one, shape, mode, way_up) for one in exact]


def _worked(
    picture: Picture, found: Found, shape: str, mode: Mode, way_up: WayUp | None, *, whole: bool = False
) -> Scan:
    """The page that was found, straight, judged and finished, its codes read; ``whole``: it is all of the picture."""
    page, paper = (rectified if whole else straightened)(picture, found.quad, shape, LONGEST)
    # Both cores: zxing-cpp and OpenCV let go of the interpreter while they work.
    with ThreadPoolExecutor(2) as pool:
        codes = pool.submit(read_codes, page, thorough=False)
        judging = pool.submit(judge, page, paper, shape, least_dpi=STILL_DPI)
        done, turned = _standing(finished(page, shape, mode), shape, paper, way_up)
        judged = judging.result()
    cut_off = not whole and touches_edge(found.quad, picture.shape[1], picture.shape[0])
    fault = PreviewHint.CUT_OFF if cut_off else judged.fault
    return Scan(fault, found.quad, found.presence, done, paper, judged, tuple(codes.result()), turned)


def _standing(page: Picture, shape: str, paper: Paper | None, way_up: WayUp | None) -> tuple[Picture, int]:
    """``page`` upright, and by how many quarters it was turned; photographs hold no print to tell by."""
    if way_up is None or shape == "photo":
        return page, 0
    turns = way_up.quarter_turns(page, card=shape == "card" or paper == CARD)
    return upright(page, turns), turns
