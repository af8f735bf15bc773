"""A UVC camera through OpenCV.

No camera exists where this was written: the contract is tested on a fake ``VideoCapture`` only.
"""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue

import cv2
import numpy as np
import structlog

from devices.camera import sources
from devices.camera.sources import SourceFault, SourceLost
from devices.scanner.geometry import Picture

log = structlog.get_logger()

PREVIEW, STILL = (1920, 1080), (3264, 2448)
"""Pixels that are asked for; the camera gives the next that it has."""
UNSETTLED = 2
"""Pictures that a camera sends after a change of size before its exposure is right again."""
STILL_SECONDS = 2.0
"""So long a camera may take to change its size, take a picture and change back; a process that says nothing for 3 s is
taken for hung."""
EVEN = 8
"""Range of brightness (0-255) of a picture that shows nothing: a covered lens may well send the same again."""
AUTO_EXPOSURE, MANUAL_EXPOSURE = 3.0, 1.0  # V4L2_EXPOSURE_APERTURE_PRIORITY, V4L2_EXPOSURE_MANUAL

_ERRNO = {
    errno.EBUSY: SourceFault.BUSY,
    errno.EACCES: SourceFault.NO_PERMISSION,
    errno.EPERM: SourceFault.NO_PERMISSION,
}


class V4l2Source:
    """MJPG is asked for and read back: YUYV gives 5 frames a second at this size.

    Pictures are fetched in a thread, which alone touches the capture: a camera that hangs holds up OpenCV for ten
    seconds, and OpenCV's capture is for one thread.
    """

    def __init__(self, device: str) -> None:
        path = device if device.startswith("/dev/") else f"/dev/video{device}"
        try:
            os.close(os.open(path, os.O_RDWR | os.O_NONBLOCK))
        except OSError as bad:
            raise SourceLost(f"{path}: {bad}", _ERRNO.get(bad.errno or 0, SourceFault.MISSING)) from bad
        self._capture = cv2.VideoCapture(path, cv2.CAP_V4L2)
        if not self._capture.isOpened():
            raise SourceLost(f"{path} cannot be opened", SourceFault.BUSY)
        self.wrong_format = not self._sized(PREVIEW)
        self.said_rate = max(0.0, float(self._capture.get(cv2.CAP_PROP_FPS)))
        self.still_size: tuple[int, int] | None = STILL
        self._orders: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._news = threading.Condition()
        self._picture: Picture | None = None
        self._last: Picture | None = None
        self._started = self._ended = False
        threading.Thread(target=self._fetch, name="camera", daemon=True).start()

    def _sized(self, size: tuple[int, int]) -> bool:
        """Ask for a size in MJPG; whether MJPG is what comes."""
        wanted = cv2.VideoWriter.fourcc(*"MJPG")
        self._capture.set(cv2.CAP_PROP_FOURCC, wanted)
        self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, size[0])
        self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, size[1])
        return int(self._capture.get(cv2.CAP_PROP_FOURCC)) == wanted

    def _fetch(self) -> None:
        while not self._ended:
            try:
                self._orders.get_nowait()()
            except Empty:
                pass
            good, frame = self._capture.read()
            if good and not self._is_news(np.asarray(frame, np.uint8)):
                continue
            with self._news:
                self._picture = np.asarray(frame, np.uint8) if good else None
                self._ended = self._ended or not good
                self._news.notify_all()
        self._capture.release()

    def _is_news(self, frame: Picture) -> bool:
        """Whether ``frame`` is another picture than the last: a sensor has noise, so the same again is no picture."""
        last, self._last = self._last, frame
        some = frame[::16, ::16]
        if int(some.max()) - int(some.min()) < EVEN:
            return True
        # Of the first nobody knows: a camera that is frozen when it is opened must not look well for a moment.
        return last is not None and not (np.array_equal(last[::16, ::16], some) and np.array_equal(last, frame))

    def read(self) -> Picture:
        patience = sources.FROZEN_SECONDS if self._started else sources.STARTING_SECONDS
        with self._news:
            told = self._news.wait_for(lambda: self._picture is not None or self._ended, patience)
            picture, self._picture = self._picture, None
            if picture is not None:
                self._started = True
                return picture
        if told:
            raise SourceLost("the camera sends no picture")
        raise SourceLost(f"no picture for {patience} s", SourceFault.FROZEN)

    def still(self) -> Picture:
        """A picture in the camera's full size; the live one where it has no larger size, or does not answer."""
        if self.still_size is None:
            return self.read()
        taken: Future[Picture | None] = Future()
        self._orders.put(lambda: taken.set_result(self._still()))
        try:
            picture = taken.result(STILL_SECONDS)
        except TimeoutError:
            raise SourceLost("the camera hangs over a still", SourceFault.FROZEN) from None
        return picture if picture is not None else self.read()

    def _still(self) -> Picture | None:
        assert self.still_size is not None
        self._sized(self.still_size)
        width, height = (int(self._capture.get(p)) for p in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
        picture = None
        if width * height > PREVIEW[0] * PREVIEW[1]:
            for _ in range(UNSETTLED + 1):
                good, frame = self._capture.read()
                picture = np.asarray(frame, np.uint8) if good else None
        else:
            log.info("camera_has_no_larger_still", width=width, height=height)
            self.still_size = None
        self._sized(PREVIEW)
        return picture

    def lock(self, on: bool) -> None:
        """Hold exposure, white balance and focus as they are, or let the camera follow the scene again."""
        self._orders.put(lambda: self._lock(on))

    def _lock(self, on: bool) -> None:
        # Without their present values in between, some cameras jump to a default when they go to manual.
        exposure = self._capture.get(cv2.CAP_PROP_EXPOSURE)
        focus = self._capture.get(cv2.CAP_PROP_FOCUS)
        self._capture.set(cv2.CAP_PROP_AUTO_EXPOSURE, MANUAL_EXPOSURE if on else AUTO_EXPOSURE)
        self._capture.set(cv2.CAP_PROP_AUTO_WB, 0.0 if on else 1.0)
        self._capture.set(cv2.CAP_PROP_AUTOFOCUS, 0.0 if on else 1.0)
        if on:
            self._capture.set(cv2.CAP_PROP_EXPOSURE, exposure)
            self._capture.set(cv2.CAP_PROP_FOCUS, focus)
        held = self._capture.get(cv2.CAP_PROP_AUTO_EXPOSURE) == MANUAL_EXPOSURE
        log.info("camera_lock", asked=on, exposure_held=held)

    def close(self) -> None:
        """The thread lets go of the camera as soon as the camera lets go of it."""
        self._ended = True
