"""Spoiled and good pages, drawn from a seed: how many of the spoiled are refused, with the right reason, and how many
of the good.

``make bench-rendered``. Prints a table; asserts nothing. ``--pictures FOLDER`` keeps those that went wrong.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from devices.scanner.detect import PageFinder
from devices.scanner.geometry import Picture, touches_edge
from devices.scanner.judge import LIVE_DPI, STILL_DPI, judge
from devices.scanner.scan import LONGEST
from devices.scanner.straighten import straightened
from kiosk.ipc.device_messages import PreviewHint
from tests.benchmarks.drawn_pages import HEIGHT, PX_PER_MM, WIDTH, Rng, Seen, developed, laid, page
from tests.benchmarks.scan import share

SEED = 91_700
EACH, GOOD = 60, 240
WRONG = (("card", "a4"), ("receipt", "a4"), ("a4", "card"), ("a4", "photo"))
"""What lies there, and what is asked for."""


def _plain(rng: Rng, **more: float) -> Seen:
    return laid(rng, page(rng, "a4"), "a4", **more)


def good(rng: Rng) -> tuple[Picture, str]:
    shape = "card" if rng.random() < 0.2 else "a4"
    # A card is printed finer, and scanned nearer.
    scale = PX_PER_MM * 1.6 if shape == "card" else PX_PER_MM
    return developed(rng, laid(rng, page(rng, shape), shape, scale=scale).picture), shape


def blurred(rng: Rng) -> tuple[Picture, str]:
    seen = _plain(rng).picture
    if rng.random() < 0.5:
        return developed(rng, np.asarray(cv2.GaussianBlur(seen, (0, 0), rng.uniform(4.5, 10)), np.uint8)), "a4"
    length = int(rng.integers(18, 40))  # it was moved
    kernel = np.zeros((length, length), np.float32)
    angle = rng.uniform(0, np.pi)
    reach = np.array([np.cos(angle), np.sin(angle)]) * length / 2
    a, b = (tuple(int(v) for v in np.array([length, length]) / 2 + s * reach) for s in (-1, 1))
    cv2.line(kernel, a, b, 1.0, 1)
    return developed(rng, np.asarray(cv2.filter2D(seen, -1, kernel / kernel.sum()), np.uint8)), "a4"


def glare(rng: Rng) -> tuple[Picture, str]:
    seen = _plain(rng)
    weights = rng.dirichlet(np.ones(4) * 3)
    at = weights @ seen.corners
    size = (int(rng.integers(220, 500)), int(rng.integers(160, 400)))
    spot = np.zeros((HEIGHT, WIDTH), np.float32)
    cv2.ellipse(spot, tuple(int(v) for v in at), size, float(rng.uniform(0, 180)), 0, 360, 1.0, -1)
    spot = cv2.GaussianBlur(spot, (0, 0), float(rng.uniform(20, 60)))
    return developed(rng, np.asarray(np.clip(seen.picture + spot[:, :, None] * 320, 0, 255), np.uint8)), "a4"


def too_dark(rng: Rng) -> tuple[Picture, str]:
    dim = _plain(rng).picture * rng.uniform(0.06, 0.2)
    return developed(rng, np.asarray(dim, np.uint8)), "a4"


def cut_off(rng: Rng) -> tuple[Picture, str]:
    return developed(rng, _plain(rng, away=float(rng.uniform(0.04, 0.2))).picture), "a4"


def finger(rng: Rng) -> tuple[Picture, str]:
    seen = _plain(rng)
    red = rng.uniform(170, 240)
    green = red * rng.uniform(0.68, 0.82)
    tone = np.array([green * rng.uniform(0.72, 0.92), green, red]) * rng.uniform(0.6, 1.0)
    side = int(rng.integers(0, 4))
    a, b = seen.corners[side], seen.corners[(side + 1) % 4]
    edge = a + (b - a) * rng.uniform(0.15, 0.85)
    inward = seen.corners.mean(0) - (a + b) / 2
    inward /= np.linalg.norm(inward)
    tip = edge + inward * rng.uniform(90, 260)
    root = edge - inward * 500
    width = int(rng.uniform(14, 20) * PX_PER_MM)
    drawn = seen.picture.copy()
    for part, thick in ((tone * 0.75, width + 10), (tone, width)):
        ends = (tuple(int(v) for v in p) for p in (root, tip))
        cv2.line(drawn, *ends, tuple(float(v) for v in part), thick, cv2.LINE_AA)
    return developed(rng, np.asarray(cv2.GaussianBlur(drawn, (0, 0), 1.2), np.uint8)), "a4"


def blank(rng: Rng) -> tuple[Picture, str]:
    return developed(rng, laid(rng, page(rng, "a4", print_=False), "a4").picture), "a4"


def wrong_kind(rng: Rng) -> tuple[Picture, str]:
    shape, asked = WRONG[int(rng.integers(0, len(WRONG)))]
    return developed(rng, laid(rng, page(rng, shape), shape).picture), asked


def small(rng: Rng) -> tuple[Picture, str]:
    return developed(rng, _plain(rng, scale=float(rng.uniform(2.6, 4.6))).picture), "a4"


SPOILED: dict[PreviewHint, Callable[[Rng], tuple[Picture, str]]] = {
    PreviewHint.BLURRED: blurred,
    PreviewHint.GLARE: glare,
    PreviewHint.TOO_DARK: too_dark,
    PreviewHint.CUT_OFF: cut_off,
    PreviewHint.FINGER: finger,
    PreviewHint.BLANK: blank,
    PreviewHint.WRONG_KIND: wrong_kind,
    PreviewHint.SMALL: small,
}


def answer(finder: PageFinder, picture: Picture, shape: str) -> PreviewHint | None:
    """What a citizen would be told of this still."""
    found = finder.look(picture)
    if found is None:
        return PreviewHint.NO_PAGE if finder.cut_off(picture) is None else PreviewHint.CUT_OFF
    if touches_edge(found.quad, WIDTH, HEIGHT):
        return PreviewHint.CUT_OFF
    straight, paper = straightened(picture, found.quad, shape, LONGEST)
    return judge(straight, paper, shape, least_dpi=STILL_DPI).fault


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("--each", type=int, default=EACH)
    options = parser.parse_args()
    finder, right, whole = PageFinder(), 0, 0
    print("| page | refused with the right reason | told instead |\n|---|---|---|")
    for reason, spoil in SPOILED.items():
        told: Counter[str] = Counter()
        for n in range(options.each):
            rng = np.random.default_rng([SEED, list(SPOILED).index(reason), n])
            picture, shape = spoil(rng)
            said = answer(finder, picture, shape)
            told[str(said)] += 1
            if said != reason and options.pictures is not None:
                cv2.imwrite(str(options.pictures / f"{reason}-{n}-{said}.jpg"), cv2.resize(picture, (816, 612)))
        right, whole = right + told[str(reason)], whole + options.each
        others = ", ".join(f"{name} {count}" for name, count in told.most_common() if name != str(reason))
        print(f"| {reason} | {share(told[str(reason)], options.each)} | {others} |", flush=True)
    print(f"| all spoiled | {share(right, whole)} | |")
    refused: Counter[str] = Counter()
    for n in range(options.each * GOOD // EACH):
        picture, shape = good(np.random.default_rng([SEED, 99, n]))
        said = answer(finder, picture, shape)
        if said is not None:
            refused[str(said)] += 1
            if options.pictures is not None:
                cv2.imwrite(str(options.pictures / f"good-{n}-{said}.jpg"), cv2.resize(picture, (816, 612)))
    others = ", ".join(f"{name} {count}" for name, count in refused.most_common())
    print(f"\ngood pages refused: {share(refused.total(), options.each * GOOD // EACH)}; {others}")
    print(f"a live picture must have {LIVE_DPI:.0f} dots an inch, a still {STILL_DPI:.0f}")


if __name__ == "__main__":
    main()
