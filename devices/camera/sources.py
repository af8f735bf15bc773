"""Where pictures come from: a V4L2 camera, a folder of pictures, or the simulated bed."""

from __future__ import annotations

import contextlib
import json
import os
import socket
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from devices.scanner.geometry import Picture


class SourceLost(Exception):
    """The camera is gone."""


class FrameSource(Protocol):
    """A source of BGR pictures."""

    def read(self) -> Picture:
        """The next picture. Raises SourceLost when there is none any more."""
        ...

    def close(self) -> None: ...


class V4l2Source:
    """A UVC camera through OpenCV. MJPG is asked for: YUYV gives 5 frames a second at this size.

    No camera exists where this was written: the contract is tested on a fake ``VideoCapture`` only.
    """

    def __init__(self, device: str, width: int = 1920, height: int = 1080) -> None:
        index = int(device.removeprefix("/dev/video")) if device.startswith("/dev/video") else int(device)
        self._capture = cv2.VideoCapture(index, cv2.CAP_V4L2)
        if not self._capture.isOpened():
            raise SourceLost(f"{device} cannot be opened")
        self._capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, width)
        self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, height)

    def read(self) -> Picture:
        good, frame = self._capture.read()
        if not good:
            raise SourceLost("the camera sends no picture")
        return np.asarray(frame, np.uint8)

    def close(self) -> None:
        self._capture.release()


class FolderSource:
    """The pictures of a folder, one after another, each shown ``repeat`` times; for trials without a camera."""

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
        self._socket.settimeout(2.0)
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
        except OSError as gone:
            raise SourceLost(str(gone)) from gone
        if not data:
            raise SourceLost("unplugged")
        answer = json.loads(data)
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
