"""The scanner on photographs with known corners and codes, and its times against decoding the same JPEG.

``make bench-scan [DATA=folder]``; the folder has the layout ``photos/annotations.json`` (``images`` with ``file`` and
``corners`` TL, TR, BR, BL in pixels, null where unknown; ``negatives/`` pictures without a page) and
``barcodes/truth.json`` (``file``, ``text``, null for what must stay unread), ``mrz/truth.json`` (``file``, ``lines``).
Prints tables; asserts nothing.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import zxingcpp

from devices.scanner.codes import read_codes
from devices.scanner.corner_net import CornerNet
from devices.scanner.detect import PRESENT, SURE, PageFinder
from devices.scanner.geometry import Picture, Quad
from devices.scanner.keep import as_jpeg
from devices.scanner.load import load_picture
from devices.scanner.mrz import read_mrz
from devices.scanner.refine import on_edges, second_look
from devices.scanner.scan import scan
from devices.scanner.way_up import WayUp
from kiosk.cases.pdf import as_pdf
from kiosk.config import ASSETS

USUAL = Path(__file__).parents[3] / "shared" / "data" / "docset"
CANVAS = 2000
ROUNDS = 15
FONT = ASSETS / "fonts" / "NotoSansSC-Regular.ttf"


def overlap(found: Quad, truth: Quad, shape: Sequence[int]) -> float:
    """Intersection over union, on a canvas of 2,000 pixels."""
    scale = CANVAS / max(shape[:2])
    size = (round(shape[0] * scale) + 1, round(shape[1] * scale) + 1)
    masks = [np.zeros(size, np.uint8) for _ in range(2)]
    for mask, quad in zip(masks, (found, truth), strict=True):
        cv2.fillPoly(mask, [np.round(quad * scale * 16).astype(np.int32)], 1, shift=4)
    return float((masks[0] & masks[1]).sum() / max(1, (masks[0] | masks[1]).sum()))


def share(hits: int, of: int) -> str:
    """A share in per cent with its 95 % interval (Wilson)."""
    if not of:
        return "none"
    p, z = hits / of, 1.96
    middle = (p + z * z / 2 / of) / (1 + z * z / of)
    half = z * math.sqrt(p * (1 - p) / of + z * z / 4 / of / of) / (1 + z * z / of)
    return f"{hits} of {of}, {100 * p:.1f} % [{100 * max(0.0, middle - half):.0f}, {100 * (middle + half):.0f}]"


def pages(folder: Path) -> None:
    truth = json.loads((folder / "photos" / "annotations.json").read_text())["images"]
    finder = PageFinder()
    net, rows, present, seen = CornerNet(), {"one look": [], "two looks": [], "two looks and edges": []}, 0, 0
    for entry in truth:
        picture = load_picture((folder / "photos" / entry["file"]).read_bytes())
        quad, presence = net(picture)
        second, again = second_look(net, picture, quad)
        seen += 1
        present += presence >= PRESENT and again >= SURE
        if entry["corners"] is None:
            continue
        corners = np.array(entry["corners"], np.float32)
        for name, found in zip(rows, (quad, second, on_edges(picture, second)), strict=True):
            rows[name].append(overlap(found, corners, picture.shape))
    print("| page detection | n | mean IoU | > 0.9 | > 0.95 | > 0.98 |\n|---|---|---|---|---|---|")
    for name, values in rows.items():
        v = np.array(values)
        half = 1.96 * v.std() / math.sqrt(len(v))
        shares = " | ".join(share(int((v > limit).sum()), len(v)) for limit in (0.9, 0.95, 0.98))
        print(f"| {name} | {len(v)} | {v.mean():.4f} ± {half:.4f} | {shares} |")
    print(f"\npages seen: {share(present, seen)}")
    if (folder / "negatives").is_dir():
        empty = [load_picture(p.read_bytes()) for p in sorted((folder / "negatives").iterdir())]
        print(f"no page said where none is: {share(sum(finder.look(p) is None for p in empty), len(empty))}")


def codes(folder: Path) -> None:
    table: dict[str, list[int]] = {}
    false = [0, 0, 0, 0]
    for entry in json.loads((folder / "barcodes" / "truth.json").read_text()):
        # Some are strips of a few pixels' height, which no photograph is: read as they are.
        picture = np.asarray(cv2.imread(str(folder / "barcodes" / entry["file"])), np.uint8)
        ours = [c.text for c in read_codes(picture)]
        quick = [c.text for c in read_codes(picture, thorough=False)]
        peer = [b.text for b in zxingcpp.read_barcodes(picture, text_mode=zxingcpp.TextMode.Plain)]
        if entry["text"] is None:
            false = [n + bool(read) for n, read in zip(false, (ours, quick, peer, True), strict=True)]
            continue
        row = table.setdefault(entry["format"], [0, 0, 0, 0])
        for place, read in enumerate((ours, quick, peer)):
            row[place] += entry["text"] in read
        row[3] += 1
    print("\n| codes | ours | ours, the quick look | zxing-cpp as it is |\n|---|---|---|---|")
    for kind, (*read, count) in [*sorted(table.items()), ("read where nothing is", false)]:
        print(f"| {kind} | {' | '.join(share(n, count) for n in read)} |")


def zones(folder: Path) -> None:
    """Machine-readable zones: all lines exact, what is wrong and not marked as doubtful, what is marked needlessly."""
    exact = wrong = marked = characters = count = 0
    times = []
    for entry in json.loads((folder / "mrz" / "truth.json").read_text()):
        picture = load_picture((folder / "mrz" / entry["file"]).read_bytes())
        began = time.perf_counter()
        reading = read_mrz(picture)
        times.append((time.perf_counter() - began) * 1000)
        count += 1
        if reading is None:
            continue
        truth = tuple(entry["lines"])
        exact += reading.lines == truth
        if reading.lines == truth:
            characters += sum(map(len, truth))
            marked += sum(map(len, reading.doubtful))
        for line, true, doubtful in zip(reading.lines, truth, reading.doubtful, strict=False):
            wrong += sum(a != b and i not in doubtful for i, (a, b) in enumerate(zip(line, true, strict=False)))
    print(f"\nMRZ, all lines exact: {share(exact, count)}; wrong and unmarked: {wrong} characters;")
    print(f"marked where exact: {share(marked, characters)}; {statistics.mean(times):.0f} ms mean")


def medians(cores: int, *what: Callable[[], object], rounds: int = ROUNDS) -> list[float]:
    """Milliseconds of each of ``what``, which take turns, so that other work on the machine meets all of them alike.

    On one core it is that core's own time, on several the time that a person waits.
    """
    clock = time.process_time if cores == 1 else time.perf_counter
    times: list[list[float]] = [[] for _ in what]
    for _ in range(rounds):
        for one, taken in zip(what, times, strict=True):
            began = clock()
            one()
            taken.append(clock() - began)
    return [statistics.median(taken) * 1000 for taken in times]


def still(width: int, height: int) -> Picture:
    """A lease on a table, as a camera of so many pixels sees it."""
    paper = cv2.imread(str(ASSETS / "papers" / "lease.png"))
    chance = np.random.default_rng(1)
    table = cv2.resize(chance.integers(60, 130, (height // 8, width // 8, 3)).astype(np.uint8), (width, height))
    size = 0.92 * height
    w = size * paper.shape[1] / paper.shape[0]
    corners = np.array([[-w, -size], [w, -size], [w, size], [-w, size]]) / 2 * 0.97
    turn = np.array([[math.cos(0.04), -math.sin(0.04)], [math.sin(0.04), math.cos(0.04)]])
    place = (corners @ turn.T + (width / 2, height / 2)).astype(np.float32)
    flat = np.array([[0, 0], [paper.shape[1], 0], [paper.shape[1], paper.shape[0]], [0, paper.shape[0]]], np.float32)
    cv2.warpPerspective(
        paper, cv2.getPerspectiveTransform(flat, place), (width, height), table, borderMode=cv2.BORDER_TRANSPARENT
    )
    return np.asarray(np.clip(table + chance.normal(0, 2, table.shape), 0, 255), np.uint8)


def times() -> None:
    print("\n| time | median | decoding the same JPEG | ratio | limit |\n|---|---|---|---|---|")
    finder, way_up = PageFinder(), WayUp()
    preview, whole = still(1920, 1080), still(3264, 2448)
    for name, picture, cores, limit, work in (
        ("preview detection, 1080p, one core", preview, 1, 1.0, lambda p, _j: finder.glance(p)),
        ("8 MP still → page, codes, PDF/A, two cores", whole, 2, 8.0, lambda _p, j: _whole(j, finder, way_up)),
    ):
        cv2.setNumThreads(cores)
        jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 90])[1]
        decode, taken = medians(
            cores,
            lambda j=jpeg: cv2.imdecode(j, cv2.IMREAD_COLOR),  # type: ignore[misc]
            lambda p=picture, j=jpeg, work=work: work(p, j),  # type: ignore[misc]
        )
        print(f"| {name} | {taken:.1f} ms | {decode:.1f} ms | {taken / decode:.2f} | {limit} |")


def times_of(folder: Path) -> None:
    """Each photograph of the folder, from its JPEG to a page or the reason against it, beside decoding it."""
    finder, way_up = PageFinder(), WayUp()
    ratios = {"the preview's look, one core": [], "whole scan, two cores": []}
    for path in sorted((folder / "photos").glob("*.jp*g")):
        data = np.frombuffer(path.read_bytes(), np.uint8)
        picture = load_picture(data.tobytes())
        for found, cores, work in zip(
            ratios.values(),
            (1, 2),
            (lambda p=picture: finder.glance(p), lambda d=data: scan(load_picture(d.tobytes()), finder, way_up=way_up)),
            strict=True,
        ):
            cv2.setNumThreads(cores)
            decode, taken = medians(cores, partial(cv2.imdecode, data, cv2.IMREAD_COLOR), work, rounds=3)
            found.append(taken / decode)
    print("\n| the folder's photographs, against decoding each | n | median | middle half |\n|---|---|---|---|")
    for name, values in ratios.items():
        low, middle, high = np.percentile(values, (25, 50, 75))
        print(f"| {name} | {len(values)} | {middle:.2f} | {low:.2f} to {high:.2f} |")


def _whole(jpeg: Picture, finder: PageFinder, way_up: WayUp) -> bytes:
    found = scan(load_picture(jpeg.tobytes()), finder, "a4", way_up=way_up)
    assert found.page is not None
    return as_pdf([as_jpeg(found.page, found.paper, "仅用于：测量 2026-03-02", FONT)], "bench")


def main() -> None:
    """Print the tables for ``--data``; where none is named and the usual one is away, the times alone."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, default=USUAL)
    folder: Path = parser.parse_args().data
    if folder != USUAL and not any((folder / part).is_dir() for part in ("photos", "barcodes", "mrz")):
        parser.error(f"{folder} has neither photos nor barcodes nor mrz in it")
    if (folder / "photos").is_dir():
        pages(folder)
    if (folder / "barcodes").is_dir():
        codes(folder)
    if (folder / "mrz").is_dir():
        zones(folder)
    times()
    if (folder / "photos").is_dir():
        times_of(folder)


if __name__ == "__main__":
    main()
