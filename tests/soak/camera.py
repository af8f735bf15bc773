"""The live camera for ten minutes: papers come and go under it as a video; each must be taken once, nothing may grow.

``python -m tests.soak.camera --minutes 10``. The camera's own driver reads an MJPG video of 1080p at 30 frames a
second, as a UVC camera sends it. Prints a line a minute and a table; ends with 1 where a paper was missed or taken
twice, memory has grown by more than 4 MB, or fewer than 15 frames a second were looked at.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import psutil
from pydantic import BaseModel

from devices.camera.driver import CameraDriver
from devices.simulators.bed import HEIGHT, WIDTH, empty_bed, on_bed
from kiosk.config import ASSETS
from kiosk.ipc.device_messages import Captured, Frame, StartCamera
from kiosk.model.clock import SystemClock

RATE = 30
PAPERS = ("lease", "bank_card", "statement", "referral", "authorisation")
MB = 1_000_000
SAMPLED = 13
"""Frames between two readings of the memory: no part of a round, or the same moments would be seen again and again."""
GROWTH = 4 * MB
"""Over the second half: pools and caches fill in the first."""


def scenes(out: cv2.VideoWriter) -> None:
    """One round: the empty bed, then each paper is laid down by a hand, lies still, and is taken away again."""
    chance = np.random.default_rng(4)
    empty = empty_bed()
    noise = [chance.normal(0, 1.5, (HEIGHT, WIDTH, 1)).astype(np.int16) for _ in range(16)]

    def show(picture: np.ndarray, frames: int, hand: float = 0.0) -> None:
        for n in range(frames):
            seen = np.clip(picture + noise[n % len(noise)], 0, 255).astype(np.uint8)
            if hand:
                reach = int(hand * WIDTH * (1 - abs(2 * n / frames - 1)))
                cv2.line(seen, (-200, 600), (reach, 560), (140, 170, 215), 150)
            out.write(seen)

    for name in PAPERS:
        laid = on_bed(np.asarray(cv2.imread(str(ASSETS / "papers" / f"{name}.png")), np.uint8))
        show(empty, RATE)
        show(laid, RATE, hand=0.5)
        show(laid, 2 * RATE)
        show(empty, RATE // 2, hand=0.5)


class Tally:
    """What the driver tells."""

    def __init__(self) -> None:
        self.frames = self.pages = 0

    def emit(self, message: BaseModel, _fds: Sequence[int]) -> None:
        self.frames += isinstance(message, Frame)
        self.pages += isinstance(message, Captured)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    minutes = parser.parse_args().minutes
    with tempfile.TemporaryDirectory() as folder:
        video = Path(folder) / "bed.avi"
        out = cv2.VideoWriter(str(video), cv2.VideoWriter.fourcc(*"MJPG"), RATE, (WIDTH, HEIGHT))
        scenes(out)
        out.release()
        count = int(cv2.VideoCapture(str(video)).get(cv2.CAP_PROP_FRAME_COUNT))
        sys.exit(run(video, count / RATE, minutes * 60))


def run(video: Path, period: float, seconds: float) -> int:
    """Whole rounds of ``period`` seconds, at least ``seconds`` long. Returns the exit code."""
    process, tally = psutil.Process(), Tally()
    driver = CameraDriver("video", str(video), SystemClock(), tally.emit)
    driver.handle(StartCamera(shape="free"), [])
    rounds = max(1, round(seconds / period))
    # A picture that is being worked on is no growth: the least of each minute counts.
    least: list[int] = []
    began, minute = time.monotonic(), sys.maxsize
    busy = process.cpu_times()
    while (passed := time.monotonic() - began) < rounds * period:
        time.sleep(driver.step())
        if tally.frames % SAMPLED == 0:
            minute = min(minute, process.memory_full_info().uss)
        if passed >= 60 * (len(least) + 1):
            least.append(minute)
            minute = sys.maxsize
            print(f"{len(least)} min: {tally.frames} frames, {tally.pages} pages, {least[-1] / MB:.1f} MB", flush=True)
    spent = time.monotonic() - began
    cpu = process.cpu_times()
    share = (cpu.user + cpu.system - busy.user - busy.system) / spent
    growth = least[-1] - least[len(least) // 2] if len(least) > 2 else 0
    wanted, rate = rounds * len(PAPERS), tally.frames / spent
    driver.close()
    print(f"| papers laid | {wanted} |\n|---|---|\n| pages taken | {tally.pages} |")
    print(f"| frames a second | {rate:.1f} |\n| of one core | {100 * share:.0f} % |\n| growth | {growth / MB:.1f} MB |")
    return int(tally.pages != wanted or growth > GROWTH or rate < 15)


if __name__ == "__main__":
    main()
