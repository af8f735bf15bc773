"""Conversations with a device, recorded at the byte border and replayed as if the device were there.

A recording is a file of JSON lines: a head (``device``, ``at``: the wall clock), then one line for each thing that
happened, with ``t`` in seconds since the start: ``open`` (baud), ``out`` and ``in`` (hexadecimal bytes), ``discard``,
``lost`` (the fault), ``order`` (a message that the driver was given) and ``event`` (one that it gave). A recording
holds everything that was on the line, the card's bytes too: record test cards only.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

from pydantic import BaseModel

from devices.drivers import Driver
from devices.link import Link, LinkFault, LinkLost, Opener
from kiosk.ipc.device_messages import TO_DEVICE
from kiosk.model.clock import Clock, ManualClock
from kiosk.model.device import Availability


class Recorder:
    """Writes a recording; ``opener`` wraps a line so that it is recorded."""

    def __init__(self, path: Path, device: str, clock: Clock) -> None:
        """Only the owner may read the file. Raises FileExistsError: a recording is never written over."""
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._file: TextIO = os.fdopen(descriptor, "w", encoding="utf-8")
        self.clock, self._start = clock, clock.monotonic()
        self._write({"device": device, "at": clock.now().isoformat()})

    def _write(self, entry: dict[str, Any]) -> None:
        self._file.write(json.dumps(entry, ensure_ascii=False) + "\n")
        self._file.flush()

    def note(self, kind: str, value: Any) -> None:
        """Add what has just happened."""
        self._write({"t": round(self.clock.monotonic() - self._start, 6), kind: value})

    def order(self, message: BaseModel) -> None:
        self.note("order", message.model_dump(mode="json"))

    def event(self, message: BaseModel) -> None:
        self.note("event", message.model_dump(mode="json"))

    def opener(self, inner: Opener) -> Opener:
        """Lines of ``inner``, recorded."""

        def opened(baud: int) -> Link:
            try:
                link = inner(baud)
            except LinkLost as gone:
                self.note("lost", gone.fault.value)
                raise
            self.note("open", baud)
            return _RecordedLink(link, self)

        return opened

    def close(self) -> None:
        self._file.close()


class _RecordedLink:
    def __init__(self, inner: Link, recorder: Recorder) -> None:
        self._inner, self._recorder = inner, recorder

    def _lost(self, gone: LinkLost) -> LinkLost:
        self._recorder.note("lost", gone.fault.value)
        return gone

    def discard(self) -> None:
        self._recorder.note("discard", True)
        try:
            self._inner.discard()
        except LinkLost as gone:
            raise self._lost(gone) from gone

    def write(self, data: bytes) -> None:
        self._recorder.note("out", data.hex())
        try:
            self._inner.write(data)
        except LinkLost as gone:
            raise self._lost(gone) from gone

    def read_some(self, seconds: float) -> bytes:
        try:
            data = self._inner.read_some(seconds)
        except LinkLost as gone:
            raise self._lost(gone) from gone
        if data:
            self._recorder.note("in", data.hex())
        return data

    def fileno(self) -> int:
        return self._inner.fileno()

    def close(self) -> None:
        self._inner.close()


class ReplayDiffers(Exception):
    """The driver did something else than when the conversation was recorded; says what, and where."""


class Replay:
    """A recording as a line. The order of things decides, not their time: a faster machine hears the same.

    Waiting moves its ``clock``. What the driver says must be what it said then, or ReplayDiffers is raised.
    """

    def __init__(self, path: Path) -> None:
        """Raises ValueError where the file is no recording."""
        try:
            lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        except ValueError:
            lines = []
        if not lines or not isinstance(lines[0], dict) or not {"device", "at"} <= lines[0].keys():
            raise ValueError(f"{path} is no recording")
        self.device: str = lines[0]["device"]
        self.clock = ManualClock(datetime.fromisoformat(lines[0]["at"]))
        self._entries: list[dict[str, Any]] = [e for e in lines[1:] if "event" not in e]
        self.events: list[dict[str, Any]] = [e["event"] for e in lines[1:] if "event" in e]
        self._place = 0

    @property
    def _next(self) -> dict[str, Any] | None:
        return self._entries[self._place] if self._place < len(self._entries) else None

    @property
    def ended(self) -> bool:
        return self._next is None

    def due_orders(self) -> list[dict[str, Any]]:
        """Messages that the driver is given now, as they were then."""
        found = []
        while (entry := self._next) is not None and "order" in entry:
            self._reach(entry)
            found.append(entry["order"])
            self._place += 1
        return found

    def _reach(self, entry: dict[str, Any]) -> None:
        ahead = entry["t"] - self.clock.monotonic()
        if ahead > 0:
            self.clock.advance(ahead)

    def _take(self, kind: str) -> Any:
        entry = self._next
        if entry is None:
            raise LinkLost("the recording ends here")
        if "lost" in entry:
            self._place += 1
            raise LinkLost("as recorded", LinkFault(entry["lost"]))
        if kind not in entry:
            raise ReplayDiffers(f"line {self._place + 2}: the driver wants {kind}, recorded was {entry}")
        self._reach(entry)
        self._place += 1
        return entry[kind]

    def open(self, baud: int) -> ReplayLink:
        """``devices.link.Opener``."""
        recorded = self._take("open")
        if recorded != baud:
            raise ReplayDiffers(f"line {self._place + 1}: opened at {baud}, recorded was {recorded}")
        return ReplayLink(self)

    def wrote(self, data: bytes) -> None:
        recorded = self._take("out")
        if recorded != data.hex():
            raise ReplayDiffers(f"line {self._place + 1}: the driver says {data.hex()}, recorded was {recorded}")

    def discarded(self) -> None:
        while (entry := self._next) is not None and "in" in entry:
            self._place += 1  # came late then, and was thrown away then too
        self._take("discard")

    def heard(self, seconds: float) -> bytes:
        entry = self._next
        if entry is not None and "in" in entry and self._within(entry, seconds):
            return bytes.fromhex(self._take("in"))
        if entry is not None and "lost" in entry:
            self._take("in")
        self.clock.advance(seconds)
        return b""

    def _within(self, entry: dict[str, Any], seconds: float) -> bool:
        return bool(entry["t"] - self.clock.monotonic() <= seconds)


class ReplayLink:
    """``devices.link.Link`` over a Replay."""

    def __init__(self, replay: Replay) -> None:
        self._replay = replay

    def discard(self) -> None:
        self._replay.discarded()

    def write(self, data: bytes) -> None:
        self._replay.wrote(data)

    def read_some(self, seconds: float) -> bytes:
        return self._replay.heard(seconds)

    def fileno(self) -> int:
        return -1

    def close(self) -> None:
        """Nothing is held open."""


def run(driver: Driver, recorder: Recorder, order: BaseModel, seconds: float, pause: Callable[[float], object]) -> None:
    """Give ``driver``, made over ``recorder.opener``, one order and its turns for so long, and close both."""
    clock = recorder.clock
    end = clock.monotonic() + seconds
    ordered = False
    try:
        while clock.monotonic() < end:
            wait = driver.step()
            if not ordered and driver.state.availability == Availability.ONLINE:
                ordered = True
                recorder.order(order)
                driver.handle(order, [])
                continue
            pause(wait)
    finally:
        driver.close()
        recorder.close()


def play(replay: Replay, driver: Driver) -> None:
    """Give ``driver``, made over ``replay.open``, its orders and its turns up to the recording's end.

    Raises ReplayDiffers.
    """
    while not replay.ended:
        for order in replay.due_orders():
            driver.handle(TO_DEVICE.validate_python(order), [])
        if not replay.ended:
            replay.clock.advance(driver.step())
