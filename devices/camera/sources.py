"""Where pictures come from: a camera, a video file, a folder of pictures, or the simulated bed."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import time
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from devices.scanner.geometry import Picture

FROZEN_SECONDS = 1.5
"""Without a picture for so long, a camera is frozen; with the pause between two looks it is known within two."""
STARTING_SECONDS = 2.5
"""So long the first picture may take; a process that says nothing for 3 s is taken for hung."""
MOST_DROPPED = 60
"""Pictures of a video that are passed over at once."""


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
    """A source of BGR pictures. ``wrong_format`` where the camera does not send what was asked for; ``said_rate`` is
    how many pictures a second it says it sends, 0 where it says nothing."""

    wrong_format: bool
    said_rate: float

    def read(self) -> Picture:
        """The next picture. Raises SourceLost when there is none any more."""
        ...

    def still(self) -> Picture:
        """The same scene as finely as the camera can; takes up to some seconds. Raises SourceLost."""
        ...

    def lock(self, on: bool) -> None:
        """Hold exposure, white balance and focus, where the camera can; or let them go."""
        ...

    def close(self) -> None: ...


class _Fixed:
    """What is common to sources that cannot be set: the still is the next picture."""

    wrong_format = False
    said_rate = 0.0

    def still(self: FrameSource) -> Picture:
        return self.read()

    def lock(self, on: bool) -> None:
        """There is no exposure to hold."""


class FolderSource(_Fixed):
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


class VideoSource(_Fixed):
    """A video file, over and over, at its own pace; what real hands and papers look like, again and again the same."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._path, self._clock = path, clock
        self._capture = cv2.VideoCapture(str(path)) if path.is_file() else None
        if self._capture is None or not self._capture.isOpened():
            raise SourceLost(f"{path} is no video")
        rate = float(self._capture.get(cv2.CAP_PROP_FPS))
        self.said_rate = rate
        self._interval = 1 / rate if 1 <= rate <= 240 else 1 / 25
        self._next = clock()

    def read(self) -> Picture:
        assert self._capture is not None
        late = self._clock() - self._next
        # Pictures whose time is over are dropped, as a camera drops them.
        over = min(int(max(0.0, late) / self._interval), MOST_DROPPED)
        for _ in range(over):
            self._advance()
        time.sleep(max(0.0, -late))
        # Each picture has its time, however long the looks take; only a long stop shifts them all.
        self._next = self._next + (over + 1) * self._interval if over < MOST_DROPPED else self._clock()
        self._advance()
        good, picture = self._capture.retrieve()
        if not good:
            raise SourceLost(f"{self._path.name} has no picture")
        return np.asarray(picture, np.uint8)

    def _advance(self) -> None:
        """On to the next picture; after the last comes the first."""
        assert self._capture is not None
        if self._capture.grab():
            return
        self._capture.set(cv2.CAP_PROP_POS_FRAMES, 0)
        if not self._capture.grab():
            raise SourceLost(f"{self._path.name} has no picture")

    def close(self) -> None:
        if self._capture is not None:
            self._capture.release()
        self._capture = None


class SimulatedSource(_Fixed):
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
            from devices.camera.v4l2 import V4l2Source

            return V4l2Source(address)
        case "video":
            return VideoSource(Path(address))
        case "folder":
            return FolderSource(Path(address))
        case "simulated":
            return SimulatedSource(Path(address))
        case _:
            raise SourceLost(f"unknown camera driver {driver!r}")
