"""The robot's eyes and fingers: the worker's remote socket."""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import time
from collections.abc import Callable
from io import BufferedRWPair
from pathlib import Path
from typing import Any

WAIT = 20.0
PERSON = 0.35
"""Seconds between two touches of the same button."""
KEY = 0.13
"""The same for a key of the number pad."""
PAGES = 8
"""As many as any screen has, in the largest letters."""
STILL = 0.03
"""A picture that is the same after so long, more than a frame, stands still."""


class ScreenError(Exception):
    """What the robot looked for is not there; says what was there instead."""


class RemoteScreen:
    """One terminal's screen. Follows it from worker to worker."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BufferedRWPair | None = None
        self._socket: socket.socket | None = None
        self.touches = 0
        self._last: dict[str, float] = {}
        self.latencies: list[float] = []
        self.event_latencies: list[float] = []

    def _ask(self, order: dict[str, Any]) -> dict[str, Any]:
        deadline = time.monotonic() + WAIT
        while True:
            try:
                return self._once(order)
            except (OSError, ValueError) as gone:
                # The worker has ended; the next one binds the same path.
                self.close()
                if time.monotonic() > deadline:
                    raise ScreenError(f"the screen does not answer: {gone}") from None
                time.sleep(0.02)

    def _touch(self, order: dict[str, Any]) -> None:
        """A touch is made once: it may end the worker before it answers, and must not reach the next one as well."""
        self.where()
        try:
            self._once(order)
        except (OSError, ValueError):
            self.close()

    def _once(self, order: dict[str, Any]) -> dict[str, Any]:
        if self._file is None:
            self._socket = socket.socket(socket.AF_UNIX)
            self._socket.settimeout(WAIT)
            self._socket.connect(str(self._path))
            self._file = self._socket.makefile("rwb")
        self._file.write(json.dumps(order).encode() + b"\n")
        self._file.flush()
        line = self._file.readline()
        if not line:
            raise OSError("end of file")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise ScreenError(answer["error"])
        self.latencies += answer.pop("latency", [])
        self.event_latencies += answer.pop("event_latency", [])
        return answer

    def where(self) -> dict[str, Any]:
        """``screen``, ``step``, ``dialog``, ``pid`` of the worker."""
        return self._ask({"do": "where"})

    def items(self) -> dict[str, dict[str, Any]]:
        """What can be seen, by name, once it stands still for the blink of an eye."""
        deadline = time.monotonic() + WAIT
        seen: list[dict[str, Any]] = []
        while time.monotonic() < deadline:
            now = self._ask({"do": "items"})["items"]
            if now == seen:
                break
            seen = now
            time.sleep(STILL)
        return {i["name"]: i for i in seen}

    def cut_words(self) -> list[str]:
        """Texts on the screen that do not fit where they stand, once it stands still."""
        self.items()
        cut: list[str] = self._ask({"do": "cut"})["cut"]
        return cut

    def wait(self, what: Callable[[dict[str, Any]], bool], meaning: str, seconds: float = WAIT) -> dict[str, Any]:
        """Look until ``what`` holds of ``where``. Raises ScreenError, saying what ``meaning`` was waited for."""
        deadline = time.monotonic() + seconds
        while True:
            now = self.where()
            if what(now):
                return now
            if time.monotonic() > deadline:
                raise ScreenError(f"waited for {meaning}; the screen is {now['screen']} {now['step']}")
            time.sleep(0.02)

    def wait_item(self, name: str, seconds: float = WAIT) -> dict[str, Any]:
        """Look until the item ``name`` can be seen and used."""
        deadline = time.monotonic() + seconds
        while True:
            items = self.items()
            if name in items and items[name]["enabled"]:
                return items[name]
            if time.monotonic() > deadline:
                raise ScreenError(f"{name} is not on {self.where()['screen']}: {sorted(items)}")
            time.sleep(0.02)

    def wait_gone(self, name: str, seconds: float = WAIT) -> None:
        """Look until the item ``name`` is not to be seen any more."""
        deadline = time.monotonic() + seconds
        while name in self.items():
            if time.monotonic() > deadline:
                raise ScreenError(f"{name} stays on {self.where()['screen']}")

    def reach(self, name: str) -> dict[str, Any]:
        """The item ``name``, turning pages down and up to find it, as a person would."""
        for button in ("", *["page_down"] * PAGES, *["page_up"] * PAGES):
            items = self.items()
            if button and name not in items:
                if button in items and items[button]["enabled"]:
                    self._tap_at(items[button])
                items = self.items()
            if name in items and items[name]["whole"]:
                return items[name] if items[name]["enabled"] else self.wait_item(name)
            if name in items and (turn := items.get("page_down")) and turn["enabled"]:
                self._tap_at(turn)
        return self.wait_item(name)

    def _tap_at(self, item: dict[str, Any], person: float = PERSON) -> None:
        # The screen takes two touches of one place within 0.3 s for a shaking hand; people are slower.
        pause = self._last.get(item["name"], 0.0) + person - time.monotonic()
        if pause > 0:
            time.sleep(pause)
        self.touches += 1
        self._touch({"do": "tap", "x": item["x"], "y": item["y"]})
        self._last[item["name"]] = time.monotonic()

    def tap(self, name: str) -> None:
        """Touch an item in its middle."""
        self._tap_at(self.reach(name))

    def type(self, text: str) -> None:
        """Text into the field that has the focus."""
        self._ask({"do": "type", "text": text})

    def pad(self, digits: str) -> None:
        """Digits, and X, by the keys of the number pad."""
        items = self.items()
        if not ("pad_0" in items and items["pad_0"]["enabled"]):
            self.wait_item("pad_0")
            items = self.items()
        for digit in digits:
            self._tap_at(items[f"pad_{digit}"], KEY)

    def draw(self, name: str, strokes: list[list[tuple[float, float]]]) -> None:
        """Draw on an item; points are fractions of its width and height."""
        item = self.reach(name)

        def at(point: tuple[float, float]) -> dict[str, float]:
            return {"x": item["left"] + point[0] * item["width"], "y": item["top"] + point[1] * item["height"]}

        for stroke in strokes:
            self.touches += 1
            self._ask({"do": "press", **at(stroke[0])})
            for point in stroke[1:]:
                # Touch screens report about 60 positions a second, and Qt keeps one for each frame.
                time.sleep(0.02)
                self._ask({"do": "move", **at(point)})
            self._ask({"do": "release", **at(stroke[-1])})

    def picture(self) -> bytes:
        """The screen as PNG."""
        return base64.b64decode(self._ask({"do": "shot"})["image"])

    def close(self) -> None:
        # Closing flushes, and the other end may be gone.
        for end in (self._file, self._socket):
            if end is not None:
                with contextlib.suppress(OSError):
                    end.close()
        self._file = self._socket = None
