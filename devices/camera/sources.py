"""Where pictures come from: a V4L2 camera, a folder of pictures, or the simulated bed."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import socket
import threading
from enum import StrEnum
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from devices.scanner.geometry import Picture

FROZEN_SECONDS = 2.0


class SourceFault(StrEnum):
    """Why there are no pictures."""

    MISSING = "missing"
    BUSY = "busy"
    NO_PERMISSION = "no_permission"
    FROZEN = "frozen"


class SourceLost(Exception):
    """The camera gives no pictures. ``fault`` says why."""

    def __init__(self, text: str, fault: SourceFault = SourceFault.MISSING) -> None:
        super().__init__(text)
        self.fault = fault


class FrameSource(Protocol):
    """A source of BGR pictures. ``wrong_format`` where the camera does not send what was asked for."""

    wrong_format: bool

    def read(self) -> Picture:
        """The next picture. Raises SourceLost when there is none any more."""
        ...

    def close(self) -> None: ...


_ERRNO = {
    errno.EBUSY: SourceFault.BUSY,
    errno.EACCES: SourceFault.NO_PERMISSION,
    errno.EPERM: SourceFault.NO_PERMISSION,
}


class V4l2Source:
    """A UVC camera through OpenCV. MJPG is asked for and read back: YUYV gives 5 frames a second at this size.

    Pictures are fetched in a thread: a camera that hangs holds up OpenCV for ten seconds. No camera exists where
    this was written: the contract is tested on a fake ``VideoCapture`` only.
    """

    def __init__(self, device: str, width: int = 1920, height: int = 1080) -> None:
        path = device if device.startswith("/dev/") else f"/dev/video{device}"
        try:
            os.close(os.open(path, os.O_RDWR | os.O_NONBLOCK))
        except OSError as bad:
            raise SourceLost(f"{path}: {bad}", _ERRNO.get(bad.errno or 0, SourceFault.MISSING)) from bad
        self._capture = cv2.VideoCapture(path, cv2.CAP_V4L2)
        if not self._capture.isOpened():
            raise SourceLost(f"{path} cannot be opened", SourceFault.BUSY)
        wanted = cv2.VideoWriter.fourcc(*"MJPG")
        self._capture.set(cv2.CAP_PROP_FOURCC, wanted)
        self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, width)
        self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, height)
        self.wrong_format = int(self._capture.get(cv2.CAP_PROP_FOURCC)) != wanted
        self._news = threading.Condition()
        self._picture: Picture | None = None
        self._ended = False
        threading.Thread(target=self._fetch, name="camera", daemon=True).start()

    def _fetch(self) -> None:
        while not self._ended:
            good, frame = self._capture.read()
            with self._news:
                self._picture = np.asarray(frame, np.uint8) if good else None
                self._ended = self._ended or not good
                self._news.notify_all()
        self._capture.release()

    def read(self) -> Picture:
        with self._news:
            told = self._news.wait_for(lambda: self._picture is not None or self._ended, FROZEN_SECONDS)
            picture, self._picture = self._picture, None
            if picture is not None:
                return picture
        if told:
            raise SourceLost("the camera sends no picture")
        raise SourceLost(f"no picture for {FROZEN_SECONDS} s", SourceFault.FROZEN)

    def close(self) -> None:
        """The thread lets go of the camera as soon as the camera lets go of it."""
        self._ended = True


class FolderSource:
    """The pictures of a folder, one after another, each shown ``repeat`` times; for trials without a camera."""

    wrong_format = False

    def __init__(self, folder: Path, repeat: int = 45) -> None:
        self._files = sorted(p for p in folder.iterdir() if p.suffix.lower() in (".jpg", ".jpeg", ".png"))
        if not self._files:
            raise SourceLost(f"no pictures in {folder}")
        self._repeat = repeat
        self._count = 0

    def read(self) -> Picture:
        path = self._files[self._count // self._repeat % len(self._files)]
        self._count += 1
        picture = cv2.imread(str(path))
        if picture is None:
            raise SourceLost(f"{path.name} is no picture")
        return np.asarray(picture, np.uint8)

    def close(self) -> None:
        """Nothing is held open."""


class SimulatedSource:
    """The simulated bed, over a Unix socket: ask with the sequence number known, get a new picture or none."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.settimeout(FROZEN_SECONDS)
        self.wrong_format = False
        self._sequence = -1
        self._picture: Picture | None = None
        try:
            self._socket.connect(str(path))
        except OSError as gone:
            self._socket.close()
            raise SourceLost(str(gone)) from gone

    def read(self) -> Picture:
        try:
            self._socket.send(str(self._sequence).encode())
            data, fds, _flags, _addr = socket.recv_fds(self._socket, 4096, 1)
        except TimeoutError as late:
            raise SourceLost(f"no picture for {FROZEN_SECONDS} s", SourceFault.FROZEN) from late
        except OSError as gone:
            raise SourceLost(str(gone)) from gone
        if not data:
            raise SourceLost("unplugged")
        answer = json.loads(data)
        if answer["refuse"]:
            raise SourceLost("refused", SourceFault(answer["refuse"]))
        self.wrong_format = bool(answer["wrong_format"])
        for fd in fds:
            with os.fdopen(fd, "rb") as shared:
                shared.seek(0)
                raw = np.frombuffer(shared.read(), np.uint8)
            self._picture = raw.reshape(answer["height"], answer["width"], 3)
            self._sequence = answer["sequence"]
        if self._picture is None:
            raise SourceLost("no first picture")
        return self._picture

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.close()


def open_source(driver: str, address: str) -> FrameSource:
    """The source that the settings name. Raises SourceLost where it is not there."""
    match driver:
        case "v4l2":
            return V4l2Source(address)
        case "folder":
            return FolderSource(Path(address))
        case "simulated":
            return SimulatedSource(Path(address))
        case _:
            raise SourceLost(f"unknown camera driver {driver!r}")
