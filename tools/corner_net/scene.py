"""Composes one photograph: surface, clutter, page, hands, light. Returns the picture and the page's corners."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from tools.corner_net import clutter, plane
from tools.corner_net.camera import expose
from tools.corner_net.curl import MARGIN, curled
from tools.corner_net.documents import Document
from tools.corner_net.noise import Image, Rng, any_colour, blend, chance, shade, smooth
from tools.corner_net.plane import Matrix, Points

LONG = 448
"""Longer side of the composed frame; it is reduced to the stored size afterwards, which smooths all drawn edges."""


@dataclass(frozen=True)
class Bank:
    """What a shard draws from: surfaces and documents, each used a few times at different sizes and angles."""

    surfaces: list[Image]
    everyday: list[Image]
    documents: list[Document]


@dataclass(frozen=True)
class Scene:
    """``image`` (size, size, 3) BGR, squashed; ``corners`` (4, 2) in 0..1 of the frame, or None without a page."""

    image: Image
    corners: Points | None


def ordered(corners: Points) -> Points:
    """Clockwise, beginning with the corner nearest to the left top of the (squashed) picture."""
    centre = corners.mean(0)
    angle = np.arctan2(corners[:, 1] - centre[1], corners[:, 0] - centre[0])
    turned = corners[np.argsort(angle)]
    return np.asarray(np.roll(turned, -int(turned.sum(1).argmin()), 0), np.float64)


def compose(rng: Rng, bank: Bank, size: int, negatives: float) -> Scene:
    """One random scene of ``size`` x ``size`` pixels; no page in a share ``negatives`` of them."""
    empty = chance(rng, negatives)
    document = bank.documents[int(rng.integers(len(bank.documents)))]
    h, w = document.cover.shape
    page = plane.rectangle(w / max(w, h), h / max(w, h))
    close = chance(rng, 0.42)
    # Half of the pictures are what people do take: a desk, good light, little else.
    calm = chance(rng, 0.55)
    matrix = plane.view(rng, 35 if close else 58)
    frame_size, matrix = _frame(rng, matrix, page, close)
    frame = _ground(rng, bank.everyday if calm else bank.surfaces, frame_size, matrix)
    crowd = [0, 1, 3, 6, 10, 16] if empty else [0, 0, 0, 1, 2, 4] if calm else [0, 1, 2, 4, 8, 12]
    clutter.scatter(rng, frame, int(rng.choice(crowd)))
    if empty:
        if chance(rng, 0.3):
            _hands(rng, frame, plane.project(matrix, page), over=True)
        return Scene(_finish(rng, frame, size, calm), None)
    if chance(rng, 0.15 if calm else 0.4):
        _others(rng, bank, frame, matrix)
    if chance(rng, 0.2 if calm else 0.35):
        _underlay(rng, bank, frame, matrix, page)
    quad = _lay(rng, frame, document, matrix, page)
    if chance(rng, 0.04 if calm else 0.16):
        clutter.scatter(rng, frame, 1)
    if chance(rng, 0.16):
        _hands(rng, frame, quad, over=False)
    corners = ordered(quad / frame_size)
    return Scene(_finish(rng, frame, size, calm), corners)


def _frame(rng: Rng, matrix: Matrix, page: Points, close: bool) -> tuple[tuple[int, int], Matrix]:
    """Size of the frame (width, height) and the view scaled and moved so that the page lies well in it."""
    quad = plane.project(matrix, page)
    low, high = quad.min(0), quad.max(0)
    extent = high - low
    if close:
        # As the second pass sees it: the box around the page, with some room on each side.
        room = rng.uniform(0.0, 0.28) if chance(rng, 0.5) else rng.uniform(0.09, 0.15)
        sides = np.maximum(rng.normal(room, 0.05, 4), -0.05) * np.tile(extent, 2)
        box = extent + sides[:2] + sides[2:]
        scale = LONG / box.max()
        width, height = (int(max(96, v)) for v in np.round(box * scale))
        move = -low + sides[:2]
    else:
        aspect = rng.choice([16 / 9, 4 / 3, 3 / 4, 9 / 16, 1.0, 1.5, 0.46], p=[0.32, 0.2, 0.24, 0.1, 0.05, 0.05, 0.04])
        width, height = (LONG, round(LONG / aspect)) if aspect >= 1 else (round(LONG * aspect), LONG)
        share = float(np.exp(rng.uniform(np.log(0.06), np.log(0.75))))
        scale = np.sqrt(share * width * height / plane.area(quad))
        scale = min(scale, *(np.array([width, height]) * rng.uniform(0.9, 1.0) / extent))
        free = np.array([width, height]) / scale - extent
        at = rng.uniform(0, 1, 2) if chance(rng, 0.5) else np.clip(rng.normal(0.5, 0.15, 2), 0, 1)
        beyond = rng.uniform(-0.07, 0.07, 2) * extent if chance(rng, 0.1) else 0.0
        move = -low + free * at + beyond
    place = np.array([[scale, 0, move[0] * scale], [0, scale, move[1] * scale], [0, 0, 1]])
    return (width, height), place @ matrix


def _ground(rng: Rng, surfaces: list[Image], size: tuple[int, int], matrix: Matrix) -> Image:
    """The surface seen through the same camera; sometimes a desk edge with something else beyond."""
    frame = _covering(rng, surfaces, size, matrix)
    if chance(rng, 0.22):
        other = _covering(rng, surfaces, size, matrix)
        if chance(rng, 0.5):
            other = np.asarray(cv2.GaussianBlur(other, (0, 0), rng.uniform(0.5, 5)), np.uint8)
        mask = np.zeros(frame.shape[:2], np.uint8)
        at, angle = rng.uniform(0.0, 1.0, 2) * size, rng.uniform(0, 2 * np.pi)
        along, across = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
        far = 3 * max(size)
        edge = np.array(
            [at - along * far, at + along * far, at + along * far + across * far, at - along * far + across * far]
        )
        cv2.fillPoly(mask, [edge.astype(np.int32)], 255, cv2.LINE_AA)
        frame[mask > 127] = other[mask > 127]
        if chance(rng, 0.6):
            a, b = (tuple(int(v) for v in p) for p in edge[:2])
            cv2.line(frame, a, b, shade(any_colour(rng), 0.6), int(rng.integers(1, 7)), cv2.LINE_AA)
    return frame


def _covering(rng: Rng, surfaces: list[Image], size: tuple[int, int], matrix: Matrix) -> Image:
    texture = surfaces[int(rng.integers(len(surfaces)))]
    if chance(rng, 0.5):
        texture = np.ascontiguousarray(texture[:, ::-1])
    if chance(rng, 0.4):
        # Another wood, another cloth: the channels in another proportion.
        gains = rng.uniform(0.75, 1.2, 3)
        texture = (texture * gains).clip(0, 255).astype(np.uint8)
    unit = rng.uniform(0.8, 4) / texture.shape[0]
    c, s = np.cos(a := rng.uniform(0, 2 * np.pi)), np.sin(a)
    shift = rng.uniform(-256, 256, 2)
    lay = (
        np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
        @ np.diag([unit, unit, 1])
        @ np.array([[1, 0, -256 + shift[0]], [0, 1, -256 + shift[1]], [0, 0, 1]])
    )
    total = matrix @ lay
    corners = np.array([[0, 0, 1], [size[0], 0, 1], [size[0], size[1], 1], [0, size[1], 1]], np.float64)
    depth = corners @ np.linalg.inv(total).T[:, 2]
    if depth.min() * depth.max() <= 0 or np.abs(depth).max() > 6 * np.abs(depth).min():
        # The horizon is in the picture: take the surface without perspective.
        total = np.array([[max(size) / 300, 0, 0], [0, max(size) / 300, 0], [0, 0, 1.0]])
    return np.asarray(
        cv2.warpPerspective(texture, total, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT), np.uint8
    )


def _others(rng: Rng, bank: Bank, frame: Image, matrix: Matrix) -> None:
    """Other papers that are smaller, cut by the frame, or partly under the page."""
    for _index in range(int(rng.integers(1, 4))):
        document = bank.documents[int(rng.integers(len(bank.documents)))]
        h, w = document.cover.shape
        long = rng.uniform(0.3, 0.75) if chance(rng, 0.7) else rng.uniform(0.8, 1.1)
        distance = rng.uniform(0.35, 1.1) if long < 0.8 else rng.uniform(0.6, 1.3)
        turn = rng.uniform(0, 2 * np.pi)
        at = (float(np.cos(turn) * distance), float(np.sin(turn) * distance))
        rect = plane.rectangle(w / max(w, h) * long, h / max(w, h) * long, at, rng.normal(0, 0.4))
        quad = plane.project(matrix, rect)
        clutter.soft_shadow(frame, quad + rng.normal(0, 2, 2), rng.uniform(0, 0.4), rng.uniform(1, 4))
        plane.paste(frame, document.image, document.cover, quad)


def _underlay(rng: Rng, bank: Bank, frame: Image, matrix: Matrix, page: Points) -> None:
    """Something larger right under the page: a clipboard, folder, mat, book, laptop lid or another paper."""
    grow = rng.uniform(1.04, 1.3, 2) if chance(rng, 0.6) else rng.uniform(1.2, 2.5, 2)
    turn = rng.normal(0, 0.05) if chance(rng, 0.5) else rng.normal(0, 0.4)
    slack = (grow - 1) * np.abs(page[0]) * rng.uniform(-0.9, 0.9, 2)
    c, s = np.cos(turn), np.sin(turn)
    rect = page * grow @ np.array([[c, s], [-s, c]]) + slack
    quad = plane.project(matrix, rect)
    if chance(rng, 0.25):
        document = bank.documents[int(rng.integers(len(bank.documents)))]
        image, cover = document.image, document.cover
    else:
        tone = any_colour(rng, (0.02, 0.5) if chance(rng, 0.7) else (0.5, 1))
        image = blend(smooth(rng, 64, 64, 2, 2), tone, shade(tone, rng.uniform(0.7, 1.1)))
        cover = np.full((64, 64), 255, np.uint8)
    clutter.soft_shadow(frame, quad + rng.normal(0, 3, 2), rng.uniform(0, 0.5), rng.uniform(1, 6))
    plane.paste(frame, image, cover, quad)


def _lay(rng: Rng, frame: Image, document: Document, matrix: Matrix, page: Points) -> Points:
    """Puts the page into the frame with its shadow and thickness; returns its corners in pixels, (4, 2)."""
    quad = plane.project(matrix, page)
    reach = float(np.sqrt(plane.area(quad)))
    if chance(rng, 0.2):
        quad = quad + rng.normal(0, 0.015 * reach, (4, 2))
    image, outer = document, quad
    if not document.card and chance(rng, 0.35):
        image = curled(rng, document)
        grown = np.array([[-MARGIN, -MARGIN], [1 + MARGIN, -MARGIN], [1 + MARGIN, 1 + MARGIN], [-MARGIN, 1 + MARGIN]])
        to_quad = plane.from_quad((1, 1), quad)
        outer = plane.project(to_quad, grown)
    if chance(rng, 0.75):
        lift = rng.uniform(0, 0.03) * reach if chance(rng, 0.8) else rng.uniform(0.02, 0.12) * reach
        turn = rng.uniform(0, 2 * np.pi)
        blur = max(0.6, lift * rng.uniform(0.2, 1.2))
        shadow = quad + lift * np.array([np.cos(turn), np.sin(turn)])
        clutter.soft_shadow(frame, shadow, rng.uniform(0.05, 0.6), blur)
    if chance(rng, 0.12):
        # A book or a pile: its side below the cover.
        depth, turn = rng.uniform(0.01, 0.07) * reach, rng.uniform(0, 2 * np.pi)
        step = np.array([np.cos(turn), np.sin(turn)]) * depth
        tone = any_colour(rng, (0.3, 0.95))
        for i in range(8, 0, -1):
            clutter.fill(frame, quad + step * i / 8, shade(tone, 0.6 + 0.4 * float(rng.random())))
    plane.paste(frame, image.image, image.cover, outer)
    return quad


def _hands(rng: Rng, frame: Image, quad: Points, over: bool) -> None:
    """One or two hands at the sides of the page, or over the empty desk."""
    centre = quad.mean(0)
    size = float(np.sqrt(plane.area(quad)))
    unit = size * rng.uniform(0.1, 0.28)
    tone = clutter.skin(rng)
    for side in rng.permutation(4)[: int(rng.choice([1, 1, 2]))]:
        a, b = quad[side], quad[(side + 1) % 4]
        target = a + (b - a) * rng.uniform(0.1, 0.9)
        outward = np.array([b[1] - a[1], a[0] - b[0]])
        outward = outward / max(float(np.linalg.norm(outward)), 1e-6)
        if np.dot(outward, target - centre) < 0:
            outward = -outward
        tilt = rng.normal(0, 0.4)
        c, s = np.cos(tilt), np.sin(tilt)
        outward = np.array([[c, -s], [s, c]]) @ outward
        reach = unit * rng.uniform(0.2, 1.6) if not over else size * rng.uniform(0, 0.5)
        clutter.hand(rng, frame, target, outward, unit, tone, reach)


def _finish(rng: Rng, frame: Image, size: int, calm: bool) -> Image:
    small = np.asarray(cv2.resize(frame, (size, size), interpolation=cv2.INTER_AREA), np.uint8)
    return expose(rng, small, calm)
