"""Papers under the camera as citizens lay them: several at once, one after another, turned over; and finer stills."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import pytest
import segno
from pydantic import BaseModel

from devices.camera.capture import REFUSED_FRAMES, STEADY_FRAMES, AutoCapture, Look
from devices.camera.driver import SETTLED, CameraDriver
from devices.camera.reading import CodeWatcher
from devices.camera.sources import SourceLost, VideoSource
from devices.camera.still import mapped
from devices.scanner.bed import CALM, PATIENCE, BedReference
from devices.scanner.detect import Found, PageFinder, in_reading_order
from devices.scanner.geometry import Picture
from devices.scanner.way_up import WayUp
from devices.simulators.bed import HEIGHT, WIDTH, empty_bed, on_bed, several_on_bed
from kiosk.config import ASSETS
from kiosk.ipc.device_messages import CameraTask, Captured, CodeRead, PreviewHint, StartCamera
from kiosk.ipc.memory import blob_from_fd
from kiosk.model.clock import ManualClock
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


@pytest.mark.parametrize("seed", range(3))
def test_papers_side_by_side_become_pages_from_the_left(seed: int) -> None:
    frame, capture = several_on_bed([paper("lease"), paper("bank_card")], seed), capturing()
    looks = [capture.look(frame) for _ in range(12)]
    taken = pages(looks)
    assert [same(p, n) for p, n in zip(taken, ("lease", "bank_card"), strict=True)] == [True, True]
    assert len(looks[-1].quads) == 2
    assert looks[-1].hint == PreviewHint.TAKE_AWAY


def test_a_paper_laid_beside_the_one_that_was_taken_is_taken_alone() -> None:
    capture = capturing()
    both = several_on_bed([paper("lease"), paper("bank_card")])
    alone = empty_bed()
    alone[:, : WIDTH // 2] = both[:, : WIDTH // 2]
    first, second = [capture.look(alone) for _ in range(10)], [capture.look(both) for _ in range(10)]
    assert [same(p, "lease") for p in pages(first)] == [True]
    assert [same(p, "bank_card") for p in pages(second)] == [True]


class Blind(PageFinder):
    """Sees nothing at a glance, as a small card on a large bed is not seen."""

    def glance(self, picture: Picture) -> Found | None:
        return None


def test_a_card_that_a_glance_misses_is_taken_where_the_bed_shows_it() -> None:
    capture = AutoCapture(Blind(), WAY_UP, BedReference(), "card")
    looks = [capture.look(empty_bed(seed)) for seed in range(4)]
    looks += [capture.look(on_bed(paper("bank_card"))) for _ in range(10)]
    assert [same(page, "bank_card") for page in pages(looks)] == [True]
    assert looks[-1].hint == PreviewHint.TAKE_AWAY


def test_what_is_no_paper_is_not_taken_because_it_lies_on_the_bed() -> None:
    thing = empty_bed()
    cv2.circle(thing, (WIDTH // 2, HEIGHT // 2), 200, (40, 140, 60), -1)
    capture = capturing()
    looks = [capture.look(thing) for _ in range(10)]
    assert pages(looks) == []


def test_a_page_turned_over_in_its_place_is_a_new_page() -> None:
    capture = capturing()
    front, back = paper("lease"), paper("statement")
    back = np.asarray(cv2.resize(back, front.shape[1::-1]), np.uint8)
    first, second = [capture.look(on_bed(front)) for _ in range(10)], [capture.look(on_bed(back)) for _ in range(20)]
    assert len(pages(first)) == 1
    assert len(pages(second)) == 1
    assert second[0].hint == PreviewHint.TAKE_AWAY, "a hand that passes over is no other side"


def test_a_page_turned_about_in_its_place_is_the_same_page() -> None:
    capture = capturing()
    front = paper("lease")
    frames = [on_bed(front)] * 10 + [on_bed(np.asarray(front[::-1, ::-1], np.uint8))] * 20
    assert len(pages([capture.look(f) for f in frames])) == 1


def test_a_hand_beside_the_page_holds_the_picture_back() -> None:
    frame = on_bed(paper("lease"))
    reaching = frame.copy()
    cv2.line(reaching, (0, 560), (520, 560), (150, 180, 220), 130)
    capture = capturing()
    looks = [capture.look(reaching) for _ in range(8)]
    assert looks[-1].hint == PreviewHint.HAND
    assert pages(looks) == []
    assert len(pages([capture.look(frame) for _ in range(8)])) == 1


def test_nothing_is_taken_by_itself_before_the_bed_was_seen_empty() -> None:
    frame, capture = on_bed(paper("lease")), on_an_unknown_bed()
    early = [capture.look(frame) for _ in range(40)]
    assert pages(early) == []
    assert early[-1].hint == PreviewHint.BED
    lifted = [empty_bed(seed) for seed in range(4)]
    assert len(pages([capture.look(f) for f in [*lifted, *[frame] * 10]])) == 1


def test_before_the_bed_was_seen_empty_a_page_can_be_taken_by_hand() -> None:
    frame, capture = on_bed(paper("lease")), on_an_unknown_bed()
    capture.look(frame)
    assert [same(p, "lease") for p in pages([capture.take_now(frame)])] == [True]


def test_a_bed_that_says_otherwise_is_learned_anew() -> None:
    """It was learned with another mat, so that all of the picture differs."""
    capture = on_an_unknown_bed()
    mat = np.asarray(empty_bed() // 2 + np.array([70, 20, 0], np.uint8), np.uint8)
    capture.bed.learn(mat)
    frame = on_bed(paper("lease"))
    doubtful = [capture.look(frame) for _ in range(PATIENCE + 20)]
    assert pages(doubtful) == []
    assert doubtful[-1].hint == PreviewHint.BED
    again = [*[empty_bed(seed) for seed in range(4)], *[frame] * 10]
    assert len(pages([capture.look(f) for f in again])) == 1


def test_a_hand_over_the_bed_is_not_learned_as_the_bed() -> None:
    bed = BedReference()
    for n in range(12):
        reaching = empty_bed(n)
        cv2.line(reaching, (0, 300 + 40 * n), (500 + 20 * n, 300 + 40 * n), (150, 180, 220), 130)
        bed.offer(reaching)
    assert not bed.known
    for n in range(CALM):
        bed.offer(empty_bed(n))
    assert bed.known


def test_what_lies_there_is_learned_only_where_it_stays() -> None:
    bed, thing = BedReference(), empty_bed()
    bed.learn(empty_bed())
    cv2.circle(thing, (WIDTH // 2, HEIGHT // 2), 150, (40, 140, 60), -1)
    for _ in range(PATIENCE - 1):
        bed.offer(thing)
    lying = bed.look(thing)
    assert lying is not None
    assert lying.mask.any()
    bed.offer(thing)
    gone = bed.look(thing)
    assert gone is not None
    assert not gone.mask.any()


STILL = (3264, 2448)


def seen_by_8_mp(sheet: Picture | None) -> tuple[Picture, Picture]:
    """The still of a camera of 8 MP, and its live picture: the still's middle, in 1080p."""
    chance = np.random.default_rng(2)
    whole = np.full((STILL[1], STILL[0], 3), 60, np.uint8)
    if sheet is not None:
        high = 1700
        wide = round(high * sheet.shape[1] / sheet.shape[0])
        left, top = (STILL[0] - wide) // 2, (STILL[1] - high) // 2
        whole[top : top + high, left : left + wide] = cv2.resize(sheet, (wide, high), interpolation=cv2.INTER_AREA)
    still = np.clip(whole + chance.normal(0, 2, whole.shape), 0, 246).astype(np.uint8)
    high = round(STILL[0] * HEIGHT / WIDTH)
    top = (STILL[1] - high) // 2
    live = cv2.resize(still[top : top + high], (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    return still, np.asarray(live, np.uint8)


def test_the_page_is_cut_from_the_finer_still() -> None:
    still, frame = seen_by_8_mp(paper("lease"))
    capture, plain = capturing(), capturing()
    (taken,) = pages([capture.look(frame, lambda: still) for _ in range(10)])
    (coarse,) = pages([plain.look(frame) for _ in range(10)])
    assert max(taken.shape) > 1.6 * max(coarse.shape)
    assert same(taken, "lease")


def test_a_still_of_another_scene_is_not_used() -> None:
    frame, capture = on_bed(paper("lease")), capturing()
    moved = np.asarray(np.roll(frame, 260, 1), np.uint8)
    looks = [capture.look(frame, lambda: moved) for _ in range(14)]
    assert pages(looks) == []
    assert looks[-1].hint == PreviewHint.HOLD_STILL


def test_a_refused_page_is_not_taken_again_at_every_frame() -> None:
    frame, capture, taken = on_bed(paper("lease")), capturing("card"), []

    def still() -> Picture:
        taken.append(frame)
        return frame

    looks = [capture.look(frame, still) for _ in range(STEADY_FRAMES + REFUSED_FRAMES - 2)]
    assert len(taken) == 1
    first = next(i for i, look in enumerate(looks) if look.hint == PreviewHint.WRONG_KIND)
    assert {look.hint for look in looks[first:]} == {PreviewHint.WRONG_KIND}, "what is wrong stays to be read"
    for _ in range(4):
        capture.look(frame, still)
    assert len(taken) == 2, "the light may have changed, though the paper has not moved"


def test_a_refused_page_that_is_moved_is_taken_again_as_soon_as_it_lies_still() -> None:
    frame, capture, taken = on_bed(paper("lease")), capturing("card"), []
    moved = np.asarray(np.roll(frame, 60, 1), np.uint8)

    def still() -> Picture:
        taken.append(moved)
        return moved

    for _ in range(STEADY_FRAMES + 2):
        capture.look(frame, lambda: frame)
    hints = [capture.look(moved, still).hint for _ in range(STEADY_FRAMES + 3)]
    assert (hints[0], hints[-1], len(taken)) == (PreviewHint.HOLD_STILL, PreviewHint.WRONG_KIND, 1)


def test_corners_are_carried_to_a_still_of_another_shape() -> None:
    still, frame = seen_by_8_mp(paper("lease"))
    quad = np.array([[100, 50], [900, 60], [880, 1000], [120, 980]], np.float32)
    (there,) = mapped(frame, still, [quad]) or []
    scale = STILL[0] / WIDTH
    assert np.allclose(there, quad * scale + (0, (STILL[1] - HEIGHT * scale) / 2), atol=2)
    assert mapped(frame, empty_bed(), [quad]) is None


def test_reading_order_goes_by_rows() -> None:
    def at(x: float, y: float) -> Found:
        return Found(np.array([[x, y], [x + 80, y], [x + 80, y + 50], [x, y + 50]], np.float32), 1.0)

    a, b, c, d = at(0, 10), at(100, 0), at(0, 100), at(100, 110)
    assert in_reading_order([d, c, b, a]) == [a, b, c, d]


def test_a_video_file_is_a_camera_that_never_ends(tmp_path: Path) -> None:
    path = tmp_path / "bed.avi"
    out = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25, (320, 180))
    for level in (40, 80, 120):
        out.write(np.full((180, 320, 3), level, np.uint8))
    out.release()
    now = [0.0]
    source = VideoSource(path, lambda: now[0])
    seen = []
    for _ in range(7):
        seen.append(round(float(source.read().mean()), -1))
        now[0] += 1 / 25
    assert seen == [40, 80, 120, 40, 80, 120, 40]
    now[0] += 2 / 25  # two pictures late: they are passed over
    assert round(float(source.read().mean()), -1) == 40
    source.close()
    with pytest.raises(SourceLost):
        VideoSource(tmp_path / "missing.avi")
    path.write_bytes(b"no video")
    with pytest.raises(SourceLost):
        VideoSource(path)


def test_a_code_under_the_camera_is_told_once_as_long_as_it_lies_there() -> None:
    code = io.BytesIO()
    segno.make("BM1:T01-ABCD-000001-0").save(code, kind="png", scale=8, border=4)
    label = np.asarray(cv2.imdecode(np.frombuffer(code.getvalue(), np.uint8), cv2.IMREAD_COLOR), np.uint8)
    shown, watcher = empty_bed(), CodeWatcher()
    shown[300 : 300 + label.shape[0], 700 : 700 + label.shape[1]] = label
    said = [watcher.look(f).said for f in (empty_bed(), shown, shown, empty_bed(), shown)]
    told = CodeRead(text="BM1:T01-ABCD-000001-0")
    assert said == [None, told, None, None, told]


@pytest.mark.parametrize("looks", [15, 16, 11, 30])
def test_a_video_keeps_its_own_pace_however_often_it_is_looked_at(tmp_path: Path, looks: int) -> None:
    """Five seconds of it are five seconds, at any number of looks a second."""
    path = tmp_path / "ramp.avi"
    out = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 30, (64, 64))
    for frame in range(200):
        out.write(np.full((64, 64, 3), 20 + frame, np.uint8))
    out.release()
    now = [0.0]
    source = VideoSource(path, lambda: now[0])
    for _ in range(5 * looks):
        seen = float(source.read().mean()) - 20
        now[0] += 1 / looks
    source.close()
    assert seen == pytest.approx(30 * (5 - 1 / looks), abs=2.5)


def test_a_video_keeps_its_pace_where_some_looks_take_long_and_beyond_its_end(tmp_path: Path) -> None:
    """A page that is finished takes half a second; what passed meanwhile is dropped, and no more than that."""
    path = tmp_path / "ramp.avi"
    out = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 30, (64, 64))
    for frame in range(100):
        out.write(np.full((64, 64, 3), 20 + 2 * frame, np.uint8))
    out.release()
    slow = [0.0, 0.0, 0.4, 0.0, 0.0]
    now = [0.0]
    source = VideoSource(path, lambda: now[0])
    for n in range(60):
        at = now[0]
        seen = (float(source.read().mean()) - 20) / 2
        now[0] = at + 1 / 15 + slow[n % len(slow)]
    source.close()
    assert seen == pytest.approx(30 * at % 100, abs=2.5)


class SlowBed:
    """A camera whose pictures take some time, and some of them, as when a page is finished, much."""

    wrong_format, said_rate = False, 0.0

    def __init__(self, clock: ManualClock, slow: dict[int, float]) -> None:
        self._clock, self._slow, self.looks = clock, slow, 0
        self.locks: list[tuple[int, bool]] = []
        self.gone = False
        self.shown = empty_bed()

    def read(self) -> Picture:
        if self.gone:
            raise SourceLost("unplugged")
        self.looks += 1
        self._clock.advance(self._slow.get(self.looks, 0.02))
        return self.shown

    def still(self) -> Picture:
        return self.read()

    def lock(self, on: bool) -> None:
        self.locks.append((self.looks, on))

    def close(self) -> None:
        """Nothing is open."""


@pytest.mark.parametrize(
    ("slow", "looks"),
    [
        ({}, 80),
        (dict.fromkeys(range(10, 80, 10), 0.4), 80),  # made up for
        ({10: 3.0}, 40),  # a long stop is not: the citizen would see a picture that races
    ],
)
def test_looks_keep_their_number_a_second(slow: dict[int, float], looks: int, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = ManualClock()
    bed = SlowBed(clock, slow)
    bed.shown = empty_bed()[::8, ::8].copy()  # what is seen is of no matter, and takes no time
    monkeypatch.setattr("devices.camera.driver.open_source", lambda *_: bed)
    driver = CameraDriver("v4l2", "", clock, lambda *_: None)
    driver.handle(StartCamera(shape="free", task=CameraTask.CODE), [])
    while clock.monotonic() < 5.0:
        clock.advance(driver.step())
    driver.close()
    assert bed.looks == pytest.approx(looks, abs=2)


def test_a_camera_that_is_plugged_in_again_is_held_too(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = ManualClock()
    beds: list[SlowBed] = []

    def opened(*_: object) -> SlowBed:
        beds.append(SlowBed(clock, {}))
        return beds[-1]

    monkeypatch.setattr("devices.camera.driver.open_source", opened)
    driver = CameraDriver("v4l2", "", clock, lambda *_: None)
    driver.handle(StartCamera(shape="free", task=CameraTask.CODE), [])
    for _ in range(SETTLED + 3):
        driver.step()
    beds[0].gone = True
    driver.step()
    for _ in range(SETTLED + 3):
        driver.step()
    driver.close()
    assert [bed.locks for bed in beds] == [[(SETTLED, True)]] * 2


class Heard:
    """What a driver sends: its messages, and the pages as they are kept."""

    def __init__(self) -> None:
        self.captured: list[Captured] = []
        self.pages: list[Picture] = []

    def emit(self, message: BaseModel, fds: Sequence[int]) -> None:
        if isinstance(message, Captured):
            self.captured.append(message)
            jpeg = np.frombuffer(blob_from_fd(os.dup(fds[0])), np.uint8)
            self.pages.append(np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), np.uint8))


def taken_by_driver(order: StartCamera, shown: Picture, monkeypatch: pytest.MonkeyPatch) -> Heard:
    """A citizen whose paper lies there already when the step begins; the camera knows its bed from before."""
    clock, heard = ManualClock(), Heard()
    bed = SlowBed(clock, {})
    monkeypatch.setattr("devices.camera.driver.open_source", lambda *_: bed)
    driver = CameraDriver("v4l2", "", clock, heard.emit)
    for _ in range(CALM):
        driver.step()
    bed.shown = shown
    for _ in range(3):
        driver.step()
    driver.handle(order, [])
    for _ in range(9):
        driver.step()
    driver.close()
    return heard


@pytest.mark.parametrize("mode", ["colour", "grey", "black_and_white"])
def test_a_page_is_kept_in_the_mode_that_its_package_asks_for(
    mode: Literal["colour", "grey", "black_and_white"], monkeypatch: pytest.MonkeyPatch
) -> None:
    stamped = paper("lease")
    cv2.circle(stamped, (stamped.shape[1] // 2, stamped.shape[0] // 2), 150, (30, 30, 200), 14)
    (page,) = taken_by_driver(StartCamera(shape="a4", mode=mode), on_bed(stamped), monkeypatch).pages
    colours = int((page.max(2).astype(int) - page.min(2)).max())
    between = float(((page > 64) & (page < 192)).mean())
    assert (colours > 100) == (mode == "colour")
    assert (between < 0.01) == (mode == "black_and_white"), between


def test_what_the_codes_on_a_page_say_goes_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    code = io.BytesIO()
    segno.make("证照编号 1234567890\x1dQ").save(code, kind="png", scale=9, border=4)
    label = np.asarray(cv2.imdecode(np.frombuffer(code.getvalue(), np.uint8), cv2.IMREAD_COLOR), np.uint8)
    coded = paper("lease")
    high, wide = label.shape[:2]
    coded[-high - 80 : -80, -wide - 80 : -80] = label
    heard = taken_by_driver(StartCamera(shape="a4"), on_bed(coded), monkeypatch)
    assert [seen.codes for seen in heard.captured] == [["证照编号 1234567890\x1dQ"]]
    assert [
        s.codes for s in taken_by_driver(StartCamera(shape="a4"), on_bed(paper("lease")), monkeypatch).captured
    ] == [[]]
