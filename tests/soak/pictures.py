"""Thousands of broken and hostile picture files through ``load_picture`` and ``scan``.

``python -m tests.soak.pictures [--count 5000]``

Cut short, bytes changed, sizes lied about, decompression bombs, CMYK, 16 bits, animations. Each file is read in a
process of limited memory; one that crashes, hangs or grows ends the run with 1.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import struct
import sys
import time
import zlib
from collections import Counter
from io import BytesIO

import numpy as np
from PIL import Image

SEED = 5_150
SLOW = 1.0
"""Seconds that no file may take."""
MEMORY = 3_000_000_000
"""Bytes of address space; OpenCV and the networks alone map two thirds of it."""

Rng = np.random.Generator


def encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    buffer = BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def plain(rng: Rng) -> bytes:
    """A small sound picture of a random format and kind of pixels."""
    base = Image.fromarray(rng.integers(0, 256, (int(rng.integers(64, 300)), int(rng.integers(64, 300)), 3), np.uint8))
    kind = str(rng.choice(["JPEG", "PNG", "TIFF", "WEBP", "BMP"]))
    modes = {"JPEG": "RGB L CMYK", "PNG": "RGB L P RGBA LA 1 I;16", "TIFF": "RGB CMYK L I;16 F", "BMP": "RGB L P"}
    mode = str(rng.choice(modes.get(kind, "RGB RGBA").split()))
    if mode == "I;16":
        grey = np.asarray(base.convert("L"), np.uint16) * 257
        return encoded(Image.fromarray(grey), kind)
    picture = base.convert(mode)
    if kind == "WEBP" and rng.random() < 0.3:
        return encoded(picture, kind, save_all=True, append_images=[picture] * 3)
    return encoded(picture, kind)


def cut(rng: Rng, data: bytes) -> bytes:
    return data[: int(rng.integers(0, len(data)))]


def changed(rng: Rng, data: bytes) -> bytes:
    raw = bytearray(data)
    for _ in range(int(rng.choice([1, 3, 10, 100]))):
        raw[int(rng.integers(0, len(raw)))] = int(rng.integers(0, 256))
    return bytes(raw)


def header_changed(rng: Rng, data: bytes) -> bytes:
    raw = bytearray(data)
    for _ in range(int(rng.integers(1, 6))):
        raw[int(rng.integers(0, min(64, len(raw))))] = int(rng.integers(0, 256))
    return bytes(raw)


def bomb(rng: Rng, _data: bytes) -> bytes:
    """A PNG of a few bytes that says it has up to 65,535 pixels on a side."""
    side = [int(v) for v in rng.choice([1000, 7000, 12_000, 30_000, 65_535], 2)]

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    rows = zlib.compress(b"\0" * int(rng.integers(100, 200_000)))
    head = struct.pack(">IIBBBBB", side[0], side[1], 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def garbage(rng: Rng, data: bytes) -> bytes:
    return data[:12] + rng.integers(0, 256, int(rng.integers(0, 5000)), np.uint8).tobytes()


def doubled(_rng: Rng, data: bytes) -> bytes:
    return data + data


SPOILERS = (cut, changed, header_changed, bomb, garbage, doubled)


def hostile(number: int) -> tuple[str, bytes]:
    """File ``number`` and what was done to it; follows from the seed."""
    rng = np.random.default_rng([SEED, number])
    spoiler = SPOILERS[int(rng.integers(len(SPOILERS)))]
    return spoiler.__name__, spoiler(rng, plain(rng))


def work(first: int, last: int, results: multiprocessing.Queue[tuple[int, str, float]]) -> None:
    """Reads files ``first`` to ``last`` and, where one is a picture after all, scans it."""
    from devices.scanner.detect import PageFinder
    from devices.scanner.load import BadPicture, load_picture
    from devices.scanner.scan import scan

    finder = PageFinder()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    for number in range(first, last):
        _kind, data = hostile(number)
        began = time.perf_counter()
        try:
            scan(load_picture(data), finder)
            outcome = "scanned"
        except BadPicture:
            outcome = "refused"
        results.put((number, outcome, time.perf_counter() - began))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=5000)
    count = parser.parse_args().count
    context = multiprocessing.get_context("spawn")
    results: multiprocessing.Queue[tuple[int, str, float]] = context.Queue()
    reader = context.Process(target=work, args=(0, count, results))
    reader.start()
    outcomes: Counter[tuple[str, str]] = Counter()
    slowest, problems = (0.0, 0), []
    for expected in range(count):
        try:
            number, outcome, seconds = results.get(timeout=60)
        except Exception:  # noqa: BLE001 - the queue's Empty, or a broken pipe: the reader is gone
            problems.append(f"file {expected} ({hostile(expected)[0]}) ended or held up the reader")
            break
        outcomes[hostile(number)[0], outcome] += 1
        slowest = max(slowest, (seconds, number))
        if seconds > SLOW:
            problems.append(f"file {number} ({hostile(number)[0]}) took {seconds:.2f} s")
    reader.join(5)
    reader.kill()
    for (kind, outcome), times in sorted(outcomes.items()):
        print(f"| {kind} | {outcome} | {times} |")
    print(f"{outcomes.total()} files, the slowest {slowest[0] * 1000:.0f} ms (file {slowest[1]})")
    print("\n".join(problems) or "no crash, no hang")
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
