"""Finds pages in a picture: the corner network, a second look, the straight edges beside it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from devices.scanner.bed import OnBed
from devices.scanner.corner_net import SIZE, CornerNet
from devices.scanner.geometry import Picture, Quad, halved, reduced, touches_edge
from devices.scanner.refine import MARGIN, on_edges, second_look

QUICK = 192
"""Pixels that the live picture is looked at with: three quarters of the time, presence told nearly as well."""
PRESENT, SURE = 0.5, 0.75
"""Presence from which there is a page, and from which the network's word alone is enough: of 1,620 rendered scenes
without a page, made to be hard, 4 pass the first at both looks and 2 the second; no photograph of a page misses the
second. Of the frozen set's 400 none passes the first at the first look and the second at the second."""
RIM, RIMMED, CERTAIN = 0.15, 480, 0.95
"""Of the second try with a rim: its width as a share of the picture, the pixels it works with, and the presence it
needs: a picture in which nothing lies must not be called a page cut off."""
RIM_NEAR = 0.03
"""Share of the picture from its border within which a corner is one of the picture and not of the page."""
PLAIN_RIM, PLAIN, LIKE = 0.97, 12, 6
"""Of a picture that is a page already: share of its rim that has one tone, to so many levels of 255 in each channel,
and the levels by which the page's tone may differ from it. None of 21 photographs and of 960 rendered scenes is like
that; the evenest rim of a photograph has 0.91, that of 18 drawn scans 0.99."""
LARGE = 2600
"""Pixels on the longer side from which pages are sought in half the picture: edges are placed to 1 in 900 anyway."""


@dataclass(frozen=True)
class Found:
    """A page's corners in pixels, and how sure the network is that there is one."""

    quad: Quad
    presence: float


class PageFinder:
    """One for each thread."""

    def __init__(self) -> None:
        self._net, self._quick = CornerNet(size=SIZE), CornerNet(size=QUICK)

    def glance(self, picture: Picture) -> Found | None:
        """One quick look at the live picture: good to a per cent of the page."""
        return _found(*self._quick(picture))

    def several(self, picture: Picture, lying: OnBed) -> list[Found]:
        """Each of the papers that lie apart on the bed, in reading order; empty unless there are two or more."""
        boxes = lying.parts()
        if len(boxes) < 2:
            return []
        seen = [self._within(picture, box) for box in boxes]
        pages = [f for f in seen if f is not None and f.presence >= SURE]
        apart = [f for f in pages if lying.agrees(f.quad, [o.quad for o in pages if o is not f])]
        return in_reading_order(apart) if len(apart) >= 2 else []

    def alone(self, picture: Picture, lying: OnBed) -> Found | None:
        """The only paper on the bed, looked for where the bed says that it lies: a glance at the whole picture misses
        a small card on a large bed."""
        boxes = lying.parts()
        seen = self._within(picture, boxes[0]) if len(boxes) == 1 else None
        return seen if seen is not None and seen.presence >= SURE and lying.agrees(seen.quad) else None

    def look(self, picture: Picture) -> Found | None:
        """Two looks and the edges, for the picture that is kept. Both must see a page, and the second one surely: close
        up, a telephone or a keyboard that looked like one is known."""
        found = _found(*self._net(picture))
        if found is None:
            return None
        quad, again = self._settled(picture, found.quad)
        return Found(quad, min(found.presence, again)) if again >= SURE else None

    def cut_off(self, picture: Picture) -> Found | None:
        """A page that reaches out of the picture, which no look takes for one: its lost corners have no place. With a
        rim around the picture, what is left of it is a page again."""
        small, scale = reduced(picture, RIMMED)
        height, width = small.shape[:2]
        rim = round(RIM * max(height, width))
        border = np.concatenate([small[0], small[-1], small[:, 0], small[:, -1]])
        tone = tuple(float(v) for v in np.median(border, 0))
        wider = np.asarray(cv2.copyMakeBorder(small, rim, rim, rim, rim, cv2.BORDER_CONSTANT, value=tone), np.uint8)
        quad, presence = self._quick(wider)
        inside = np.asarray(quad - rim, np.float32)
        within = (inside > RIM_NEAR * max(width, height)) & (
            inside < np.array([width, height]) - RIM_NEAR * max(width, height)
        )
        # With a rim around it, any table top looks like a sheet: two of its corners must be seen.
        if presence < CERTAIN or not touches_edge(inside, width, height) or within.all(1).sum() < 2:
            return None
        return Found(np.asarray(inside.clip((0, 0), (width, height)) / scale, np.float32), presence)

    def settle(self, picture: Picture, quad: Quad) -> Quad:
        """``quad`` from a glance at the same scene, made exact."""
        return self._settled(picture, quad)[0]

    def _settled(self, picture: Picture, quad: Quad) -> tuple[Quad, float]:
        """``quad`` made exact, and presence at the second look."""
        work, scale = picture, 1.0
        while max(work.shape[:2]) >= LARGE:
            work, scale = halved(work), scale / 2
        found, presence = second_look(self._net, work, np.asarray(quad * scale, np.float32))
        return np.asarray(on_edges(work, found) / scale, np.float32), presence

    def _within(self, picture: Picture, box: tuple[int, int, int, int]) -> Found | None:
        x, y, width, height = box
        wide, high = round(width * MARGIN), round(height * MARGIN)
        left, top = max(0, x - wide), max(0, y - high)
        part = picture[top : y + height + high, left : x + width + wide]
        quad, presence = self._quick(np.ascontiguousarray(part))
        return _found(np.asarray(quad + np.array([left, top]), np.float32), presence)


def is_a_page_itself(picture: Picture, quad: Quad) -> bool:
    """Whether ``picture`` shows nothing but a page, as a scan does: what ``quad`` encloses is its print, and around it
    is paper to the very rim."""
    deep = max(2, max(picture.shape[:2]) // 100)
    strips = (picture[:deep], picture[-deep:], picture[:, :deep], picture[:, -deep:])
    rim = np.concatenate([strip[::4, ::4].reshape(-1, 3) for strip in strips]).astype(np.int16)
    tone = np.median(rim, 0)
    if float((np.abs(rim - tone).max(1) <= PLAIN).mean()) < PLAIN_RIM:
        return False
    small, scale = reduced(picture, RIMMED)
    inside = np.zeros(small.shape[:2], np.uint8)
    cv2.fillConvexPoly(inside, np.round(quad * scale).astype(np.int32), 1)
    paper = np.median(small[inside > 0].reshape(-1, 3), 0) if inside.any() else tone - 255
    return bool(np.abs(paper - tone).max() <= LIKE)


def _found(quad: Quad, presence: float) -> Found | None:
    return Found(quad, presence) if presence >= PRESENT else None


def in_reading_order(pages: list[Found]) -> list[Found]:
    """Row by row, each from the left; papers whose middles differ by less than half a paper's height share a row."""
    rest = sorted(pages, key=lambda f: float(f.quad[:, 1].mean()))
    ordered: list[Found] = []
    while rest:
        first = rest[0].quad
        row_end = float(first[:, 1].mean() + (first[:, 1].max() - first[:, 1].min()) / 2)
        row = [f for f in rest if float(f.quad[:, 1].mean()) <= row_end]
        ordered += sorted(row, key=lambda f: float(f.quad[:, 0].mean()))
        rest = [f for f in rest if all(f is not r for r in row)]
    return ordered
