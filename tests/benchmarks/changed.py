"""The same photographs and specimens as ``tests.benchmarks.scan``, changed as another camera, hand or lamp would.

``python -m tests.benchmarks.changed [--data folder]``; a row a change: turned, mirrored, slanted, farther and nearer,
darker and lighter, under a warm lamp, packed hard, noisy, blurred. Prints tables; asserts nothing.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from devices.scanner.corner_net import CornerNet
from devices.scanner.detect import PRESENT, SURE
from devices.scanner.geometry import Picture
from devices.scanner.load import load_picture
from devices.scanner.mrz import read_mrz
from devices.scanner.refine import on_edges, second_look
from tests.benchmarks.scan import USUAL, overlap, share

Place = np.ndarray[Any, np.dtype[np.float64]]
"""3 × 3, from a pixel of the photograph to one of what is made of it."""
LARGEST = 1600
"""Pixels of the longer side: a look does not see more, and noise would cost the most of the time."""
DESK = (90, 110, 130)
"""What is round a specimen that was turned or moved away. Of a photograph the edge goes on instead: on a desk of one
colour the photograph would be a sheet itself."""


def _turned(width: int, height: int, degrees: float) -> tuple[Place, tuple[int, int]]:
    """About its middle, on a picture that holds all of it."""
    place = np.vstack([cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1), [0, 0, 1]])
    wide, high = np.abs(place[:2, :2]) @ (width, height)
    place[:2, 2] += ((wide - width) / 2, (high - height) / 2)
    return place, (round(wide), round(high))


def _slanted(width: int, height: int, by: float, seed: int) -> tuple[Place, tuple[int, int]]:
    """Each corner moved inwards by up to ``by`` of the side, so that nothing of it leaves the picture."""
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    inwards = np.where(corners == 0, 1, -1) * (width, height)
    moved = corners + np.random.default_rng(seed).uniform(0, by, (4, 2)) * inwards
    return cv2.getPerspectiveTransform(corners, moved.astype(np.float32)), (width, height)


def _smaller(width: int, height: int, to: float) -> tuple[Place, tuple[int, int]]:
    """In the middle of a picture as large as before."""
    side = (1 - to) / 2
    return np.array([[to, 0, side * width], [0, to, side * height], [0, 0, 1]]), (width, height)


MOVES: dict[str, Callable[[int, int], tuple[Place, tuple[int, int]]]] = {
    "as it is": lambda w, h: (np.eye(3), (w, h)),
    "turned by 90°": lambda w, h: _turned(w, h, 90),
    "turned by 180°": lambda w, h: _turned(w, h, 180),
    "turned by 7°": lambda w, h: _turned(w, h, 7),
    "turned by -25°": lambda w, h: _turned(w, h, -25),
    "slanted by 8 %": lambda w, h: _slanted(w, h, 0.08, 1),
    "slanted by 16 %": lambda w, h: _slanted(w, h, 0.16, 2),
    "at 0.65 of its size": lambda w, h: _smaller(w, h, 0.65),
}


def _noisy(picture: Picture) -> Picture:
    noise = np.random.default_rng(3).normal(0, 12, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def _packed(picture: Picture) -> Picture:
    return np.asarray(cv2.imdecode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 25])[1], 1), np.uint8)


LIGHTS: dict[str, Callable[[Picture], Picture]] = {
    "darker (gamma 1.8)": lambda p: (255 * (p / 255.0) ** 1.8).astype(np.uint8),
    "lighter (gamma 0.5)": lambda p: (255 * (p / 255.0) ** 0.5).astype(np.uint8),
    "under a warm lamp": lambda p: np.clip(p * np.array([0.7, 0.95, 1.15]), 0, 255).astype(np.uint8),
    "JPEG of quality 25": _packed,
    "noise of 12": _noisy,
    "blurred": lambda p: np.asarray(cv2.GaussianBlur(p, (0, 0), p.shape[1] / 800), np.uint8),
}


def changes(picture: Picture, border: int) -> Iterator[tuple[str, Picture, Place]]:
    """Each change by its name, with where each pixel has gone; ``border`` is OpenCV's, for what is round it then."""
    height, width = picture.shape[:2]
    for name, move in MOVES.items():
        place, size = move(width, height)
        moved = cv2.warpPerspective(picture, place, size, flags=cv2.INTER_CUBIC, borderMode=border, borderValue=DESK)
        yield name, np.asarray(moved if name != "as it is" else picture, np.uint8), place
    for name, light in LIGHTS.items():
        yield name, light(picture), np.eye(3)


def pages(folder: Path) -> None:
    net, rows = CornerNet(), dict[str, list[tuple[float, bool]]]()
    for entry in json.loads((folder / "photos" / "annotations.json").read_text())["images"]:
        if entry["corners"] is None:
            continue
        whole = load_picture((folder / "photos" / entry["file"]).read_bytes())
        scale = min(1.0, LARGEST / max(whole.shape[:2]))
        picture = np.asarray(cv2.resize(whole, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
        corners = np.array([entry["corners"]], np.float64) * scale
        for name, changed, place in changes(picture, cv2.BORDER_REPLICATE):
            quad, presence = net(changed)
            second, again = second_look(net, changed, quad)
            truth = cv2.perspectiveTransform(corners, place)[0].astype(np.float32)
            found = overlap(on_edges(changed, second), truth, changed.shape)
            rows.setdefault(name, []).append((found, presence >= PRESENT and again >= SURE))
    print("| photographs | n | mean IoU | > 0.9 | > 0.98 | seen |\n|---|---|---|---|---|---|")
    for name, values in rows.items():
        overlaps, seen = np.array([v for v, _ in values]), sum(s for _, s in values)
        shares = " | ".join(str(int((overlaps > limit).sum())) for limit in (0.9, 0.98))
        print(f"| {name} | {len(values)} | {overlaps.mean():.4f} | {shares} | {seen} |")


def zones(folder: Path) -> None:
    rows: dict[str, list[int]] = {}
    for entry in json.loads((folder / "mrz" / "truth.json").read_text()):
        picture, truth = load_picture((folder / "mrz" / entry["file"]).read_bytes()), tuple(entry["lines"])
        for name, changed, _place in changes(picture, cv2.BORDER_CONSTANT):
            row = rows.setdefault(name, [0, 0, 0, 0])
            row[0] += 1
            if (reading := read_mrz(changed)) is None:
                continue
            row[1] += reading.lines == truth
            row[3] += sum(map(len, reading.doubtful)) if reading.lines == truth else 0
            for line, true, doubtful in zip(reading.lines, truth, reading.doubtful, strict=False):
                row[2] += sum(a != b and i not in doubtful for i, (a, b) in enumerate(zip(line, true, strict=False)))
    print("\n| specimens | all lines exact | wrong and unmarked | marked where exact |\n|---|---|---|---|")
    for name, (count, exact, wrong, marked) in rows.items():
        print(f"| {name} | {exact} of {count} | {wrong} | {marked} |")
    total = [sum(row[place] for row in rows.values()) for place in (1, 0)]
    print(f"| all | {share(*total)} | {sum(r[2] for r in rows.values())} | {sum(r[3] for r in rows.values())} |")


def main() -> None:
    """Print both tables for ``--data``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=USUAL)
    folder: Path = parser.parse_args().data
    if not (folder / "photos").is_dir() and not (folder / "mrz").is_dir():
        parser.error(f"{folder} has neither photos nor mrz in it")
    if (folder / "photos").is_dir():
        pages(folder)
    if (folder / "mrz").is_dir():
        zones(folder)


if __name__ == "__main__":
    main()
