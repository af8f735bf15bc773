"""Page detection on our own papers, and on the shared photographs where they are there."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from devices.camera.capture import AutoCapture
from devices.camera.sources import FolderSource, SourceLost
from devices.scanner.bed import BedReference
from devices.scanner.detect import PageFinder
from devices.scanner.geometry import Picture, Quad
from devices.scanner.way_up import WayUp
from devices.simulators.bed import HEIGHT, WIDTH, empty_bed, filling, on_bed
from kiosk.config import ASSETS
from kiosk.ipc.device_messages import PreviewHint
from kiosk.robot.check import likeness

PAPERS = sorted((ASSETS / "papers").glob("*.png"))
PHOTOS = Path(__file__).parents[3] / "shared" / "data" / "docset" / "photos"


FINDER, WAY_UP = PageFinder(), WayUp()


def capturing(shape: str = "free") -> AutoCapture:
    """A camera that has seen its empty bed."""
    capture = AutoCapture(FINDER, WAY_UP, BedReference(), shape)
    for seed in range(4):
        assert capture.look(empty_bed(seed)).hint == PreviewHint.NO_PAGE
    assert capture.bed.known
    return capture


def load(path: Path) -> Picture:
    return np.asarray(cv2.imread(str(path)), np.uint8)


@pytest.mark.parametrize("paper", PAPERS, ids=lambda p: p.stem)
@pytest.mark.parametrize("seed", range(3))
def test_a_paper_that_lies_still_is_taken_once_and_straight(paper: Path, seed: int) -> None:
    frame, capture = on_bed(load(paper), seed), capturing()
    looks = [capture.look(frame) for _ in range(12)]
    pages = [page.picture for look in looks for page in look.pages]
    assert len(pages) == 1
    assert looks[-1].hint == PreviewHint.TAKE_AWAY
    _good, jpeg = cv2.imencode(".jpg", pages[0])
    assert likeness(jpeg.tobytes(), paper.read_bytes()) > 0.85


def test_an_empty_bed_is_no_page() -> None:
    for seed in range(5):
        assert FINDER.glance(empty_bed(seed)) is None


def test_the_next_page_is_taken_after_the_bed_was_cleared() -> None:
    capture = capturing()
    frames = [on_bed(load(PAPERS[0]))] * 8 + [empty_bed()] * 3 + [on_bed(load(PAPERS[0]))] * 8
    assert sum(bool(capture.look(f).pages) for f in frames) == 2


def test_a_moving_paper_is_not_taken() -> None:
    capture = capturing()
    frame = on_bed(load(PAPERS[-1]))
    moving = [np.asarray(np.roll(frame, 60 * (i % 5), 1), np.uint8) for i in range(20)]
    assert all(not capture.look(f).pages for f in moving)


@pytest.mark.parametrize(
    ("spoil", "hint"),
    [
        (lambda f: cv2.GaussianBlur(f, (0, 0), 12), PreviewHint.BLURRED),
        (lambda f: (f * 0.22).astype(np.uint8), PreviewHint.TOO_DARK),
        (lambda f: np.roll(f, -HEIGHT // 3, 0)[: HEIGHT * 2 // 3].copy(), PreviewHint.CUT_OFF),
    ],
)
def test_a_spoiled_picture_is_not_kept_and_the_reason_is_told(spoil: object, hint: PreviewHint) -> None:
    frame = np.asarray(spoil(on_bed(load(ASSETS / "papers" / "lease.png"))), np.uint8)  # type: ignore[operator]
    capture = capturing()
    looks = [capture.look(frame) for _ in range(8)]
    assert all(not look.pages for look in looks)
    assert looks[-1].hint == hint


@pytest.mark.skipif(not PHOTOS.exists(), reason="the shared photographs are not beside this checkout")
def test_pages_on_the_shared_photographs_are_found_to_a_fiftieth() -> None:
    truth = [e for e in json.loads((PHOTOS / "annotations.json").read_text())["images"] if e["corners"]]
    overlaps = []
    for entry in truth:
        picture = load(PHOTOS / entry["file"])
        quad, _presence = FINDER._net(picture)
        overlaps.append(overlap(FINDER.settle(picture, quad), np.array(entry["corners"], np.float32), picture))
    assert np.mean(overlaps) >= 0.962, sorted(overlaps)
    assert np.mean(np.array(overlaps) > 0.9) >= 0.94, sorted(overlaps)


def overlap(found: Quad, truth: Quad, picture: Picture) -> float:
    """Intersection over union, on a canvas of 1,000 pixels."""
    scale = 1000 / max(picture.shape[:2])
    size = (round(picture.shape[0] * scale) + 1, round(picture.shape[1] * scale) + 1)
    masks = [np.zeros(size, np.uint8) for _ in range(2)]
    for mask, quad in zip(masks, (found, truth), strict=True):
        cv2.fillPoly(mask, [np.round(quad * scale * 16).astype(np.int32)], 1, shift=4)
    return float((masks[0] & masks[1]).sum() / (masks[0] | masks[1]).sum())


def test_a_photograph_fills_the_view_without_distortion() -> None:
    assert filling(np.zeros((4000, 3000, 3), np.uint8)).shape == (HEIGHT, WIDTH, 3)


def test_a_folder_of_pictures_is_a_camera(tmp_path: Path) -> None:
    with pytest.raises(SourceLost):
        FolderSource(tmp_path)
    (tmp_path / "a.png").write_bytes(PAPERS[0].read_bytes())
    assert FolderSource(tmp_path).read().ndim == 3
    (tmp_path / "a.png").write_bytes(b"no picture")
    with pytest.raises(SourceLost):
        FolderSource(tmp_path).read()


def test_what_is_no_page_close_up_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    frame, finder = on_bed(load(PAPERS[0])), PageFinder()
    seen = finder.look(frame)
    assert seen is not None

    def doubting(picture: Picture) -> tuple[Quad, float]:
        quad, presence = FINDER._net(picture)
        return quad, presence if picture.shape == frame.shape else 0.4

    monkeypatch.setattr(finder, "_net", doubting)
    assert finder.look(frame) is None
    assert finder.settle(frame, seen.quad).shape == (4, 2)
