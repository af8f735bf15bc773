"""Video files as cameras, and the camera's driver: its pace, its holds, and the pages as it sends them."""

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

from devices.camera.driver import SETTLED, CameraDriver
from devices.camera.sources import SourceLost, VideoSource
from devices.scanner.bed import CALM
from devices.scanner.geometry import Picture
from devices.simulators.bed import empty_bed, on_bed
from kiosk.ipc.device_messages import CameraTask, Captured, StartCamera, StopCamera, TakePicture
from kiosk.ipc.memory import blob_from_fd
from kiosk.model.clock import ManualClock
from tests.devices.laid import paper


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


def test_a_paper_that_somebody_left_is_not_learned_as_the_bed(monkeypatch: pytest.MonkeyPatch) -> None:
    bed = SlowBed(ManualClock(), {})
    bed.shown = on_bed(paper("lease"))
    monkeypatch.setattr("devices.camera.driver.open_source", lambda *_: bed)
    driver = CameraDriver("v4l2", "", ManualClock(), lambda *_: None)
    for _ in range(3 * CALM):
        driver.step()
    assert not driver._bed.known
    bed.shown = empty_bed()
    for _ in range(CALM):
        driver.step()
    assert driver._bed.known
    driver.close()


@pytest.mark.parametrize("gone", [False, True])
def test_a_picture_that_was_asked_for_in_vain_is_not_taken_of_the_next_citizen(
    gone: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard, bed = Heard(), SlowBed(ManualClock(), {})
    monkeypatch.setattr("devices.camera.driver.open_source", lambda *_: bed)
    driver = CameraDriver("v4l2", "", ManualClock(), heard.emit)
    driver.handle(StartCamera(shape="free"), [])
    driver.step()
    if gone:  # unplugged when it was asked for
        bed.gone = True
        driver.handle(TakePicture(), [])
        driver.step()
        driver.handle(StopCamera(), [])
    else:  # the step was over when it was asked for
        driver.handle(StopCamera(), [])
        driver.handle(TakePicture(), [])
    bed.gone = False
    driver.handle(StartCamera(shape="free"), [])
    for _ in range(3):
        driver.step()
    driver.close()
    assert heard.captured == []
