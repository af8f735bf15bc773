"""2,000 rendered pages and 400 scenes without one, the same on every machine: ours beside classic detectors.

``make bench-rendered``. Seed, surfaces and fonts are of this file: none of them occurs in the training set of
``tools/corner_net``. Prints tables; asserts nothing.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from devices.scanner.detect import PRESENT, SURE, PageFinder
from devices.scanner.geometry import Picture, Quad
from tests.benchmarks.classic import DETECTORS
from tests.benchmarks.scan import share
from tools.corner_net.backgrounds import SIZE, terrazzo, wicker
from tools.corner_net.documents import document
from tools.corner_net.noise import Image, Rng, any_colour, blend, colour, shade, smooth
from tools.corner_net.quads import iou
from tools.corner_net.scene import Bank, compose

SEED = 704_100
PAGES, EMPTY = 2000, 400
SIDE = 640
BANKS = 8
"""The set is drawn from so many banks of surfaces and documents."""


def cork(rng: Rng) -> Image:
    """Dark crumbs in light brown."""
    base = colour(rng, (0.06, 0.1), (0.3, 0.6), (0.5, 0.9))
    fine, coarse = smooth(rng, SIZE, SIZE, 120, 120), smooth(rng, SIZE, SIZE, 40, 40)
    return blend(np.asarray((fine * coarse).clip(0, 1) ** 1.5, np.float32), base, shade(base, 0.35))


def pinstripe(rng: Rng) -> Image:
    """Narrow stripes on paint or cloth."""
    base = any_colour(rng, (0.1, 0.9))
    across = np.arange(SIZE)[None, :] * np.ones((SIZE, 1))
    stripe = (np.mod(across, rng.uniform(10, 60)) < rng.uniform(1.5, 6)).astype(np.float32)
    return blend(stripe, base, shade(base, float(rng.choice([0.6, 1.4]))))


def felt(rng: Rng) -> Image:
    """A mat of one colour, mottled, as scanning stations have."""
    base = any_colour(rng, (0.08, 0.5))
    grain = smooth(rng, SIZE, SIZE, 200, 200) * 0.5 + smooth(rng, SIZE, SIZE, 6, 6) * 0.5
    return blend(np.asarray(grain, np.float32), base, shade(base, 1.35))


SURFACES = (cork, pinstripe, felt, terrazzo, wicker)


def bank(number: int) -> Bank:
    rng = np.random.default_rng([SEED, number])
    surfaces = [SURFACES[i % len(SURFACES)](rng) for i in range(30)]
    return Bank(surfaces, surfaces, [document(rng, True) for _ in range(100)])


def pictures() -> Iterator[tuple[Picture, Quad | None]]:
    """Every picture (BGR, SIDE square) and the corners in it in pixels; first the pages, then the empty scenes."""
    for empty, count in ((False, PAGES), (True, EMPTY)):
        for number in range(BANKS):
            drawn_from = bank(number)
            rng = np.random.default_rng([SEED, number, int(empty)])
            for _ in range(count // BANKS):
                scene = compose(rng, drawn_from, SIDE, 1.0 if empty else 0.0)
                corners = None if scene.corners is None else np.asarray(scene.corners * SIDE, np.float32)
                yield scene.image, corners


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--worst", type=Path, help="a picture of the 40 pages that went worst")
    worst: Path | None = parser.parse_args().worst
    finder = PageFinder()
    scores: dict[str, list[float]] = {"ours, one look": [], "ours": [], **{name: [] for name in DETECTORS}}
    presence: dict[str, list[tuple[bool, float]]] = {"one look": [], "both looks": []}
    taken: dict[bool, list[bool]] = {True: [], False: []}
    beyond = 0
    kept: list[tuple[float, Picture]] = []
    for picture, truth in pictures():
        quad, sure = finder._net(picture)  # corners also where presence is denied: both are measured apart
        ours, again = finder._settled(picture, quad)
        presence["one look"].append((truth is not None, sure))
        presence["both looks"].append((truth is not None, min(sure, again)))
        taken[truth is not None].append(sure >= PRESENT and again >= SURE)
        if truth is None:
            beyond += min(sure, again) < PRESENT and finder.cut_off(picture) is not None
            continue
        found: dict[str, Quad | None] = {"ours, one look": quad, "ours": ours}
        found |= {name: detector(picture) for name, detector in DETECTORS.items()}
        for name, corners in found.items():
            scores[name].append(0.0 if corners is None else iou(corners / SIDE, truth / SIDE))
        if worst is not None:
            kept = sorted([*kept, (scores["ours"][-1], _drawn(picture, ours, truth))], key=lambda k: k[0])[:40]
    print(f"| {PAGES} rendered pages | mean IoU | median | > 0.9 | > 0.98 |\n|---|---|---|---|---|")
    for name, values in scores.items():
        v = np.array(values)
        half = 1.96 * v.std() / np.sqrt(len(v))
        over = " | ".join(f"{100 * (v > limit).mean():.0f} %" for limit in (0.9, 0.98))
        print(f"| {name} | {v.mean():.3f} ± {half:.3f} | {np.median(v):.3f} | {over} |")
    print(f"\na page cut off is seen in {share(beyond, EMPTY)} of the empty scenes")
    print("\n| presence | pages seen | no page said where none is |\n|---|---|---|")
    for name, looks in presence.items():
        for limit in (PRESENT, SURE):
            seen = [p >= limit for there, p in looks if there]
            clear = [p < limit for there, p in looks if not there]
            print(f"| {name}, {limit} | {share(sum(seen), len(seen))} | {share(sum(clear), len(clear))} |")
    said = [not t for t in taken[False]]
    print(f"| as the scanner takes it | {share(sum(taken[True]), PAGES)} | {share(sum(said), EMPTY)} |")
    if worst is not None:
        tiles = [cv2.resize(p, (240, 240), interpolation=cv2.INTER_AREA) for _, p in kept]
        cv2.imwrite(str(worst), np.vstack([np.hstack(tiles[i : i + 8]) for i in range(0, len(tiles), 8)]))


def _drawn(picture: Picture, ours: Quad, truth: Quad) -> Picture:
    shown = picture.copy()
    for quad, tone in ((truth, (0, 200, 0)), (ours, (0, 0, 255))):
        cv2.polylines(shown, [np.round(quad).astype(np.int32)], True, tone, 3)
    return shown


if __name__ == "__main__":
    main()
