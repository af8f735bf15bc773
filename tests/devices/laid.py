"""What tests lay under the camera, and a capture that has seen its empty bed or has not."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from devices.camera.capture import AutoCapture, Look
from devices.scanner.bed import BedReference
from devices.scanner.detect import PageFinder
from devices.scanner.geometry import Picture
from devices.scanner.way_up import WayUp
from devices.simulators.bed import empty_bed
from kiosk.config import ASSETS
from kiosk.robot.check import likeness

PAPERS = ASSETS / "papers"
FINDER, WAY_UP = PageFinder(), WayUp()


def paper(name: str) -> Picture:
    return np.asarray(cv2.imread(str(PAPERS / f"{name}.png")), np.uint8)


def capturing(shape: str = "free") -> AutoCapture:
    capture = AutoCapture(FINDER, WAY_UP, BedReference(), shape)
    for seed in range(4):
        capture.look(empty_bed(seed))
    return capture


def on_an_unknown_bed(shape: str = "free") -> AutoCapture:
    return AutoCapture(FINDER, WAY_UP, BedReference(), shape)


def pages(looks: Sequence[Look]) -> list[Picture]:
    return [page.picture for look in looks for page in look.pages]


def same(page: Picture, name: str) -> bool:
    return likeness(cv2.imencode(".jpg", page)[1].tobytes(), (PAPERS / f"{name}.png").read_bytes()) > 0.85
