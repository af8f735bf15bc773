"""Finds the page in a picture: the corner network, a second look, the straight edges beside it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from devices.scanner.corner_net import CornerNet
from devices.scanner.geometry import Picture, Quad, halved
from devices.scanner.refine import on_edges, second_look

PRESENT, SURE = 0.5, 0.75
"""Presence from which there is a page, and from which the network's word alone is enough: of 401 rendered pictures
without a page, made to be hard, 61 pass the first and 34 the second; no photograph of a page misses the second."""
LARGE = 2600
"""Pixels on the longer side from which pages are sought in half the picture: edges are placed to 1 in 900 anyway."""


@dataclass(frozen=True)
class Found:
    """A page's corners in pixels, and how sure the network is that there is one."""

    quad: Quad
    presence: float


class PageFinder:
    """One for each thread."""

    def __init__(self, net: CornerNet | None = None) -> None:
        self._net = net or CornerNet()

    def glance(self, picture: Picture) -> Found | None:
        """One look, for the live picture: good to half a per cent of the page."""
        quad, presence = self._net(picture)
        return Found(quad, presence) if presence >= PRESENT else None

    def look(self, picture: Picture) -> Found | None:
        """Two looks and the edges, for the picture that is kept."""
        found = self.glance(picture)
        return None if found is None else Found(self.settle(picture, found.quad), found.presence)

    def settle(self, picture: Picture, quad: Quad) -> Quad:
        """``quad`` from a glance at the same scene, made exact."""
        work, scale = picture, 1.0
        while max(work.shape[:2]) >= LARGE:
            work, scale = halved(work), scale / 2
        found = on_edges(work, second_look(self._net, work, np.asarray(quad * scale, np.float32)))
        return np.asarray(found / scale, np.float32)
