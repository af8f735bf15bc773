"""Measures the exported network: ``python -m tools.corner_net.evaluate --data FOLDER [--negatives FOLDER]``.

FOLDER holds photographs and ``annotations.json``: ``images``, each with ``file`` and ``corners`` (TL, TR, BR, BL in
pixels, or null where the page is cut off; such pictures count for presence alone). With ``--rendered`` the validation
shards are measured instead. Times are those of one core, and as a ratio to decoding a 1080p JPEG in the same run.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from devices.scanner.corner_net import CornerNet
from devices.scanner.geometry import Quad
from devices.scanner.refine import on_edges, second_look
from tools.corner_net.config import MODEL, WORK, load
from tools.corner_net.noise import Image
from tools.corner_net.quads import iou
from tools.corner_net.samples import Shards

STEPS = ("one pass", "two passes", "two passes + line fit", "one pass + line fit")


@dataclass
class Table:
    """IoU for each step, and presence where a page is and where none is."""

    scores: dict[str, list[float]] = field(default_factory=lambda: {s: [] for s in STEPS})
    present: list[float] = field(default_factory=list)
    absent: list[float] = field(default_factory=list)

    def show(self) -> None:
        for step, values in self.scores.items():
            v = np.array(values)
            shares = "  ".join(f">{s} {100 * (v > s).mean():5.1f} %" for s in (0.9, 0.95, 0.98))
            error = 1.96 * v.std() / np.sqrt(max(1, len(v)))
            print(f"{step:22s} n {len(v)}  mean {v.mean():.4f} ± {error:.4f}  median {np.median(v):.4f}  {shares}")
        for name, p in (("pages", self.present), ("no page", self.absent)):
            if p:
                print(
                    f"presence, {name}: n {len(p)}  min {min(p):.3f}  max {max(p):.3f}  >0.5: {sum(x > 0.5 for x in p)}"
                )


def photographs(folder: Path) -> Iterator[tuple[str, Image, Quad | None, bool]]:
    """Name, picture (BGR), corners in pixels if they are known, and whether a page is in it."""
    for entry in json.loads((folder / "annotations.json").read_text())["images"]:
        picture = cv2.imread(str(folder / entry["file"]))
        truth = entry["corners"]
        yield entry["file"], np.asarray(picture, np.uint8), None if truth is None else np.array(truth, np.float32), True


def plain_pictures(folder: Path) -> Iterator[tuple[str, Image, Quad | None, bool]]:
    """Pictures without a page."""
    for path in sorted(folder.iterdir()):
        picture = cv2.imread(str(path))
        if picture is not None:
            yield path.name, np.asarray(picture, np.uint8), None, False


def rendered(folder: Path) -> Iterator[tuple[str, Image, Quad | None, bool]]:
    """The validation shards."""
    shards = Shards(folder, "valid")
    for i in range(len(shards)):
        picture, corners = shards[i]
        there = not np.isnan(corners).any()
        yield f"valid {i}", picture, corners * picture.shape[0] if there else None, there


def measure(net: CornerNet, pictures: Iterator[tuple[str, Image, Quad | None, bool]], table: Table, each: bool) -> None:
    for name, picture, truth, there in pictures:
        one, presence = net(picture)
        (table.present if there else table.absent).append(presence)
        if truth is None:
            if each:
                print(f"{name:40s} presence {presence:.3f}")
            continue
        two, _ = second_look(net, picture, one)
        found = (one, two, on_edges(picture, two), on_edges(picture, one))
        values = [iou(q, truth) for q in found]
        for step, value in zip(STEPS, values, strict=True):
            table.scores[step].append(value)
        if each:
            print(f"{name:40s} presence {presence:.3f}  " + "  ".join(f"{v:.4f}" for v in values))


def speed(net: CornerNet) -> None:
    """Median milliseconds at 1920 x 1080 on one core."""
    rng = np.random.default_rng(1)
    small = rng.integers(0, 256, (135, 240, 3), dtype=np.uint8)
    frame = np.asarray(cv2.resize(small, (1920, 1080), interpolation=cv2.INTER_CUBIC), np.uint8)
    frame = (frame + rng.normal(0, 2, frame.shape)).clip(0, 255).astype(np.uint8)
    file = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, 90])[1]
    tasks: tuple[Callable[[], object], ...] = (lambda: cv2.imdecode(file, cv2.IMREAD_COLOR), lambda: net(frame))
    # Turn about, and in processor time: on a shared machine the clock on the wall measures the others.
    taken: tuple[list[float], ...] = ([], [])
    for _ in range(41):
        for times, task in zip(taken, tasks, strict=True):
            started = time.process_time()
            task()
            times.append(time.process_time() - started)
    decode, look = (float(np.median(times)) * 1e3 for times in taken)
    print(f"1080p, one core: decode JPEG {decode:.1f} ms, one pass {look:.1f} ms, ratio {look / decode:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder with annotations.json")
    parser.add_argument("--negatives", type=Path, help="folder of pictures without a page")
    parser.add_argument("--rendered", action="store_true", help="measure the rendered validation shards")
    parser.add_argument("--model", type=Path, default=MODEL)
    parser.add_argument("--each", action="store_true", help="one line a picture")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    config = load()
    net, table = CornerNet(arguments.model, config.size), Table()
    if arguments.data:
        measure(net, photographs(arguments.data), table, arguments.each)
    if arguments.negatives:
        measure(net, plain_pictures(arguments.negatives), table, arguments.each)
    if arguments.rendered:
        measure(net, rendered(WORK / "shards"), table, arguments.each)
    table.show()
    speed(net)


if __name__ == "__main__":
    main()
