"""Every fault of the camera, on the simulated bed; and the V4L2 part on a stand-in for OpenCV's capture."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import cv2
import numpy as np
import pytest

from devices.camera import sources, v4l2
from devices.camera.driver import CameraDriver
from devices.camera.sources import SourceFault, SourceLost
from devices.camera.v4l2 import V4l2Source
from devices.simulators.client import RigClient
from kiosk.ipc.device_messages import StartCamera, StopCamera
from kiosk.model.clock import ManualClock, SystemClock
from kiosk.model.device import Availability
from tests.devices.virtual import Told

FAULTS: dict[str, dict[str, object]] = {
    "camera_frozen": {"frozen": True},
    "camera_busy": {"refuse": "busy"},
    "camera_no_permission": {"refuse": "no_permission"},
    "camera_black": {"light": 2},
    "camera_white": {"light": 254},
    "camera_small": {"small": True},
    "camera_format": {"wrong_format": True},
}
WELL = {"frozen": False, "refuse": "", "light": None, "small": False, "wrong_format": False, "late": 0.0}


@pytest.fixture
def camera(rig: RigClient, rig_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CameraDriver]:
    monkeypatch.setattr("devices.camera.sources.FROZEN_SECONDS", 0.3)
    driver = CameraDriver("simulated", str(rig_folder / "camera"), SystemClock(), Told().emit)
    driver.step()
    yield driver
    driver.close()


@pytest.mark.parametrize("code", FAULTS)
def test_a_fault_of_the_camera_is_named_and_goes_with_its_cause(
    code: str, camera: CameraDriver, rig: RigClient
) -> None:
    assert (camera.state.availability, set(camera.state.faults)) == (Availability.ONLINE, set())
    rig.order("fault", device="camera", set=FAULTS[code])
    camera.step()
    assert set(camera.state.faults) == {code}
    rig.order("fault", device="camera", set=WELL)
    camera.step()
    camera.step()
    assert (camera.state.availability, set(camera.state.faults)) == (Availability.ONLINE, set())


def test_a_camera_unplugged_and_plugged_in_is_back(camera: CameraDriver, rig: RigClient) -> None:
    rig.order("unplug", device="camera")
    camera.step()
    assert set(camera.state.faults) == {"camera_missing"}
    rig.order("plug", device="camera")
    camera.step()
    assert (camera.state.availability, set(camera.state.faults)) == (Availability.ONLINE, set())


@pytest.mark.parametrize("fault", [{"frozen": True}, {"refuse": "busy"}])
def test_a_camera_that_nobody_uses_is_missed_within_two_seconds(
    fault: dict[str, object], rig: RigClient, rig_folder: Path
) -> None:
    driver = CameraDriver("simulated", str(rig_folder / "camera"), SystemClock(), Told().emit)
    pause = driver.step()
    assert driver.state.availability == Availability.ONLINE
    rig.order("fault", device="camera", set=fault)
    driver.step()
    assert driver.state.availability == Availability.HARDWARE_ERROR
    # The next look comes after the pause, and waits for a picture so long.
    assert pause + sources.FROZEN_SECONDS <= 2.0
    driver.close()
    rig.order("fault", device="camera", set=WELL)


def test_few_frames_a_second_are_told_while_somebody_looks(rig: RigClient, rig_folder: Path) -> None:
    clock = ManualClock()
    camera = CameraDriver("simulated", str(rig_folder / "camera"), clock, Told().emit)
    camera.handle(StartCamera(shape="a4"), [])
    for seconds, faults in ((0.22, {"camera_slow"}), (0.1, set())):
        for _ in range(30):
            camera.step()
            clock.advance(seconds)
        camera.step()
        assert set(camera.state.faults) == faults
    camera.handle(StopCamera(), [])
    camera.close()


class FakeCapture:
    """What OpenCV's VideoCapture does, as far as it is used: ``hang`` blocks, ``fail`` gives no picture."""

    opened, hang, fail, fourcc = True, threading.Event(), False, "MJPG"
    scene: ClassVar[list[np.ndarray[Any, Any]]] = []  # shown one after another, the last one again and again
    largest = (1920, 1080)
    asked: ClassVar[dict[int, float]] = {}
    says: ClassVar[dict[int, float]] = {}

    def __init__(self, _path: str, _api: int) -> None:
        self.asked.clear()

    def size(self) -> tuple[int, int]:
        """The size that is asked for, or the largest that there is."""
        width = int(self.asked.get(cv2.CAP_PROP_FRAME_WIDTH, 640))
        height = int(self.asked.get(cv2.CAP_PROP_FRAME_HEIGHT, 480))
        return min((width, height), self.largest)

    def isOpened(self) -> bool:
        return self.opened

    def set(self, name: int, value: float) -> None:
        self.asked[name] = value

    def get(self, name: int) -> float:
        known = {
            cv2.CAP_PROP_FOURCC: cv2.VideoWriter.fourcc(*self.fourcc),
            cv2.CAP_PROP_FRAME_WIDTH: self.size()[0],
            cv2.CAP_PROP_FRAME_HEIGHT: self.size()[1],
        }
        known |= self.says
        return float(known.get(name, self.asked.get(name, 0.0)))

    def read(self) -> tuple[bool, Any]:
        time.sleep(0.005)  # a camera's own pace
        if self.hang.is_set():
            FakeCapture.resumed.wait(5)
        if self.scene:
            return True, (self.scene.pop(0) if len(self.scene) > 1 else self.scene[0]).copy()
        return (False, None) if self.fail else (True, np.zeros((*self.size()[::-1], 3), np.uint8))

    resumed = threading.Event()

    def release(self) -> None:
        """Nothing is held."""


def read_on(source: V4l2Source) -> None:
    """Take the pictures that are there already, and wait for the next."""
    for _ in range(5):
        source.read()


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(FakeCapture, "opened", True)
    monkeypatch.setattr(FakeCapture, "fail", False)
    monkeypatch.setattr(FakeCapture, "fourcc", "MJPG")
    FakeCapture.hang.clear()
    FakeCapture.resumed.clear()
    monkeypatch.setattr(v4l2.cv2, "VideoCapture", FakeCapture)
    monkeypatch.setattr(sources, "FROZEN_SECONDS", 0.3)
    device = tmp_path / "video0"
    device.touch()
    yield str(device).replace(str(tmp_path), f"/dev/../{tmp_path}")
    FakeCapture.resumed.set()


def test_v4l2_asks_for_mjpg_and_reads_it_back(fake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FakeCapture.says, cv2.CAP_PROP_FPS, 30.0)
    source = V4l2Source(fake)
    assert source.read().shape == (1080, 1920, 3)
    assert source.said_rate == 30.0
    assert FakeCapture.asked[cv2.CAP_PROP_FOURCC] == cv2.VideoWriter.fourcc(*"MJPG")
    assert not source.wrong_format
    source.close()
    monkeypatch.setattr(FakeCapture, "fourcc", "YUYV")
    source = V4l2Source(fake)
    assert source.wrong_format
    source.close()


def test_a_still_has_the_camera_s_full_size_and_the_live_picture_its_own_again(
    fake: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeCapture, "largest", (3264, 2448))
    source = V4l2Source(fake)
    assert source.read().shape == (1080, 1920, 3)
    assert source.still().shape == (2448, 3264, 3)
    read_on(source)
    assert source.read().shape == (1080, 1920, 3)
    source.close()


def test_a_camera_without_a_larger_size_gives_the_live_picture_and_is_asked_once(fake: str) -> None:
    source = V4l2Source(fake)
    source.read()
    assert source.still().shape == (1080, 1920, 3)
    assert source.still_size is None
    assert source.still().shape == (1080, 1920, 3)
    source.close()


def test_exposure_white_balance_and_focus_are_held_and_let_go(fake: str) -> None:
    source = V4l2Source(fake)
    source.lock(True)
    read_on(source)
    held = [cv2.CAP_PROP_AUTO_EXPOSURE, cv2.CAP_PROP_AUTO_WB, cv2.CAP_PROP_AUTOFOCUS]
    assert [FakeCapture.asked[p] for p in held] == [1.0, 0.0, 0.0]
    source.lock(False)
    read_on(source)
    assert [FakeCapture.asked[p] for p in held] == [3.0, 1.0, 1.0]
    source.close()


def test_a_camera_that_hangs_over_a_still_is_called_frozen(fake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(v4l2, "STILL_SECONDS", 0.3)
    source = V4l2Source(fake)
    source.read()
    FakeCapture.hang.set()
    with pytest.raises(SourceLost) as lost:
        source.still()
    assert lost.value.fault == SourceFault.FROZEN
    source.close()


def test_a_v4l2_camera_that_hangs_is_called_frozen(fake: str) -> None:
    source = V4l2Source(fake)
    source.read()
    FakeCapture.hang.set()
    with pytest.raises(SourceLost) as lost:
        read_on(source)
    assert lost.value.fault == SourceFault.FROZEN
    source.close()


def noisy(seed: int) -> np.ndarray[Any, Any]:
    return np.random.default_rng(seed).integers(60, 120, (1080, 1920, 3), np.uint8)


def test_a_v4l2_camera_that_sends_the_same_picture_again_and_again_is_called_frozen(
    fake: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "STARTING_SECONDS", 0.3)
    monkeypatch.setattr(FakeCapture, "scene", [noisy(seed) for seed in range(4)])
    source = V4l2Source(fake)
    assert source.read().std() > 10
    with pytest.raises(SourceLost) as lost:
        read_on(source)
    assert lost.value.fault == SourceFault.FROZEN
    source.close()
    source = V4l2Source(fake)
    with pytest.raises(SourceLost) as still:
        source.read()  # opened anew, it is as frozen as before
    source.close()
    assert still.value.fault == SourceFault.FROZEN


def test_one_pixel_s_noise_is_a_picture_and_so_is_a_covered_lens(fake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    other = noisy(1)
    other[501, 703] ^= 1
    for scene, count in (([noisy(1), other, noisy(1)], 1), ([np.zeros((1080, 1920, 3), np.uint8)], 5)):
        monkeypatch.setattr(FakeCapture, "scene", scene)
        source = V4l2Source(fake)
        for _ in range(count):
            source.read()
        source.close()


def test_a_v4l2_camera_may_take_longer_for_its_first_picture(fake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    FakeCapture.hang.set()
    source = V4l2Source(fake)
    threading.Timer(0.6, FakeCapture.resumed.set).start()  # twice the time after which a running camera is frozen
    assert source.read().shape == (1080, 1920, 3)
    source.close()


def test_a_v4l2_camera_without_pictures_is_lost(fake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    source = V4l2Source(fake)
    monkeypatch.setattr(FakeCapture, "fail", True)
    with pytest.raises(SourceLost) as lost:
        read_on(source)
    assert lost.value.fault == SourceFault.MISSING


def test_a_v4l2_camera_that_is_held_or_absent_says_which(fake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeCapture, "opened", False)
    with pytest.raises(SourceLost) as busy:
        V4l2Source(fake)
    assert busy.value.fault == SourceFault.BUSY
    with pytest.raises(SourceLost) as missing:
        V4l2Source("/dev/video97")
    assert missing.value.fault == SourceFault.MISSING
