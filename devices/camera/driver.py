"""The document camera as a device: preview into shared memory, and pages that capture themselves."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Sequence

import cv2
import numpy as np
import structlog
from pydantic import BaseModel

from devices.camera.capture import AutoCapture, Look, TakenPage
from devices.camera.reading import CodeWatcher, ZoneReader
from devices.camera.sources import FrameSource, SourceLost, open_source
from devices.scanner.bed import BedReference
from devices.scanner.detect import PageFinder
from devices.scanner.geometry import Picture
from devices.scanner.keep import as_jpeg
from devices.scanner.light import Mode
from devices.scanner.way_up import WayUp
from kiosk.config import ASSETS
from kiosk.ipc.device_messages import (
    CameraTask,
    Captured,
    Frame,
    FrameRingReady,
    StartCamera,
    StopCamera,
    TakePicture,
)
from kiosk.ipc.memory import FrameRing, blob_to_fd, give_back
from kiosk.model.clock import Clock
from kiosk.model.device import Availability, DeviceState

log = structlog.get_logger()

PREVIEW_WIDTH = 800
SLOTS = 3
INTERVAL = 1 / 16
"""Fifteen pictures a second are left of it where some come late."""
CATCH_UP = 0.5
"""Seconds that looks may be late and are made up for: a page that is finished takes that long."""
HEALTH = 0.5
"""Seconds between two looks whether a camera that nobody uses is alive."""
BED_LOOKS = 4
"""Of the looks of a camera that nobody uses, one in so many is for the bed, once it is known: its light changes
slowly, and a look costs ten times as much as the picture's brightness."""
REOPEN = 1.0
FONT = ASSETS / "fonts" / "NotoSansSC-Regular.ttf"
SETTLED = 15
"""Pictures after which exposure and focus are held as they are: a white paper must not darken the next picture."""
UNMARKED = frozenset({"photo"})
"""Shapes that are printed on what the citizen gets: no watermark on them."""
BLACK, WHITE = 6.0, 250.0
"""Mean brightness (0-255): below, something covers the lens or the lamp is out; above, light shines into it."""
UNSEEN = frozenset({"camera_black", "camera_white"})
SMALL = 1280
"""Pixels on the longer side; with less, an A4 page has under 110 dpi."""
SLOW = 5.0
"""Frames a second; a citizen notices the delay below that."""


class CameraDriver:
    """``emit`` sends a message and descriptors to the worker."""

    def __init__(
        self,
        driver: str,
        address: str,
        clock: Clock,
        emit: Callable[[BaseModel, Sequence[int]], None],
        bed_mm: float = 0.0,
    ) -> None:
        self._driver, self._address, self._bed_mm = driver, address, bed_mm
        self._clock = clock
        self._emit = emit
        self._source: FrameSource | None = None
        self._ring: FrameRing | None = None
        self._sequence = 0
        self._capture: AutoCapture | ZoneReader | CodeWatcher | None = None
        # Loading the networks takes a moment: with the first paper.
        self._finder: PageFinder | None = None
        self._way_up: WayUp | None = None
        self._mark = ""
        self._seen = 0
        self._bed = BedReference()
        self._unused = 0
        self._now = False
        self._times: deque[float] = deque(maxlen=30)
        self._due = 0.0
        self.state = DeviceState(device="camera")

    def handle(self, message: BaseModel, fds: list[int]) -> None:
        match message:
            case StartCamera():
                self._finder = self._finder or PageFinder()
                self._way_up = self._way_up or WayUp()
                self._capture = self._looking_for(message)
                self._mark = "" if message.shape in UNMARKED else message.mark
                self._seen = 0
                self._now = False  # a picture that was asked for before belongs to another step, or another citizen
                self._times.clear()
                self._due = self._clock.monotonic()
                self._ring = self._ring or FrameRing.create(SLOTS, PREVIEW_WIDTH * PREVIEW_WIDTH * 4)
                self._emit(FrameRingReady(slots=SLOTS, capacity=self._ring.capacity), [self._ring.fd])
            case StopCamera():
                self._capture = None
                if self._source is not None:
                    self._source.lock(False)
                if self._ring is not None:
                    self._ring.wipe()
            case TakePicture():
                self._now = True

    def _looking_for(self, wanted: StartCamera) -> AutoCapture | ZoneReader | CodeWatcher:
        assert self._finder is not None
        assert self._way_up is not None
        match wanted.task:
            case CameraTask.ZONE:
                return ZoneReader(self._finder)
            case CameraTask.CODE:
                return CodeWatcher()
            case _:
                mode = Mode(wanted.mode)
                return AutoCapture(self._finder, self._way_up, self._bed, wanted.shape, mode, self._bed_mm)

    def step(self) -> float:
        try:
            source = self._source or self._open()
            if self._capture is None:
                # A camera that is not in use is still asked for a picture now and then: is it alive?
                frame = source.read()
                self._judge(frame, source)
                self._watch_bed(frame)
                return HEALTH
            frame = source.read()
            self._one_frame(frame, self._capture, source)
            self._judge(frame, source)
            now = self._clock.monotonic()
            self._due = max(self._due + INTERVAL, now - CATCH_UP)
            return max(0.0, self._due - now)
        except SourceLost as gone:
            code = f"camera_{gone.fault}"
            if code not in self.state.faults:
                log.warning("camera_lost", error=str(gone))
            self.close()
            self._set(Availability.NO_DEVICE if gone.fault == "missing" else Availability.HARDWARE_ERROR, code)
            return REOPEN

    def _judge(self, frame: Picture, source: FrameSource) -> None:
        """What is wrong with a camera that does send pictures."""
        height, width = frame.shape[:2]
        light = float(frame[::16, ::16].mean())
        now = self._clock.monotonic()
        self._times.append(now)
        slow = self._capture is not None and len(self._times) == self._times.maxlen
        rate = (len(self._times) - 1) / max(now - self._times[0], 1e-6)
        found = {
            "camera_black": light < BLACK,
            "camera_white": light > WHITE,
            "camera_small": max(width, height) < SMALL,
            "camera_format": source.wrong_format,
            "camera_slow": slow and rate < SLOW,
        }
        self._set(Availability.ONLINE, *(code for code, on in found.items() if on))

    def _watch_bed(self, frame: Picture) -> None:
        """Learn the bed while nobody scans, so that the first paper can be held against it."""
        self._unused += 1
        if (self._bed.known and self._unused % BED_LOOKS) or self.state.faults & UNSEEN:
            return
        self._finder = self._finder or PageFinder()
        if self._finder.glance(frame) is None:
            self._bed.offer(frame)

    def close(self) -> None:
        if self._source is not None:
            self._source.close()
        self._source = None

    def _open(self) -> FrameSource:
        self._source = open_source(self._driver, self._address)
        self._seen = 0  # whatever was held before, this one follows the light until it has settled
        return self._source

    def _one_frame(self, frame: Picture, capture: AutoCapture | ZoneReader | CodeWatcher, source: FrameSource) -> None:
        self._seen += 1
        if self._seen == SETTLED:
            source.lock(True)
        look = capture.take_now(frame, source.still) if self._now else capture.look(frame, source.still)
        self._now = False
        self._preview(frame, look)
        if look.said is not None:
            self._emit(look.said, [])
        for page in look.pages:
            self._send_page(page)
        if look.pages:
            give_back()

    def _preview(self, frame: Picture, look: Look) -> None:
        assert self._ring is not None
        height, width = frame.shape[:2]
        scale = PREVIEW_WIDTH / max(width, height)
        small = cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        pixels = cv2.cvtColor(small, cv2.COLOR_BGR2BGRA)
        self._sequence += 1
        slot = self._ring.write(
            self._sequence, self._clock.monotonic(), small.shape[1], small.shape[0], np.ascontiguousarray(pixels).data
        )
        corners = [(float(x / width), float(y / height)) for quad in look.quads for x, y in quad]
        self._emit(Frame(slot=slot, hint=look.hint, corners=corners), [])

    def _send_page(self, page: TakenPage) -> None:
        kept = as_jpeg(page.picture, page.paper, self._mark, FONT, dpi=page.dpi)
        fd = blob_to_fd(kept.jpeg)
        try:
            seen = Captured(width=kept.width, height=kept.height, dpi=kept.dpi, codes=list(page.codes))
            self._emit(seen, [fd])
        finally:
            os.close(fd)

    def _set(self, availability: Availability, *faults: str) -> None:
        self.state = self.state.model_copy(update={"availability": availability, "faults": frozenset(faults)})
