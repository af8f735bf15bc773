"""A reader for barcodes and QR codes as a device: it speaks when it sees a code."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from pydantic import BaseModel

from devices.code_reader.codes import PAUSE, CodeStream, Suffix, decoded
from devices.link import LinkFault, Opener
from devices.listener import Listener
from kiosk.ipc.device_messages import CodeFailed, CodeRead, ReaderMode, SetReaderMode
from kiosk.model.clock import Clock
from kiosk.model.device import DeviceState

IN_A_ROW = 3
"""So many codes one after another that are no text are the reader's fault, or its settings'."""
SAME, SAME_SECONDS = 8, 30.0
"""The same code so often in so many seconds: something with a code lies before the reader."""

TRIGGERS = {"none": (b"", b""), "honeywell": (b"\x16T\r", b"\x16U\r")}
"""What makes the reader look and stop looking, where it does not look by itself [Honeywell TRGMOD0: one source]."""

_LINE_FAULTS = {
    LinkFault.MISSING: "code_reader_missing",
    LinkFault.BUSY: "code_reader_port_busy",
    LinkFault.NO_PERMISSION: "code_reader_no_permission",
    LinkFault.STUCK: "code_reader_missing",
}


class CodeReaderDriver:
    """Tells of codes while somebody asks for them (``ReaderMode.READ``); what it sees before is nobody's."""

    def __init__(
        self,
        opener: Opener,
        baud: int,
        clock: Clock,
        emit: Callable[[BaseModel], None],
        *,
        suffix: Suffix = "cr",
        trigger: str = "none",
    ) -> None:
        self._clock, self._emit, self._suffix = clock, emit, suffix
        self._on, self._off = TRIGGERS[trigger]
        self._listener = Listener("code_reader", opener, baud, _LINE_FAULTS, self._heard, self._start)
        self._codes = CodeStream(suffix)
        self._reading = False
        self._failed = 0
        self._seen: deque[tuple[float, bytes]] = deque(maxlen=SAME)

    @property
    def state(self) -> DeviceState:
        return self._listener.state

    def fileno(self) -> int:
        return self._listener.fileno()

    def handle(self, message: BaseModel, fds: list[int]) -> None:
        if isinstance(message, SetReaderMode):
            self._reading = message.mode == ReaderMode.READ
            self._codes = CodeStream(self._suffix)
            self._listener.write(self._on if self._reading else self._off)

    def step(self) -> float:
        wait = self._listener.step()
        for code in self._codes.settle(self._clock.monotonic()):
            self._saw(code)
        if self._seen and self._clock.monotonic() - self._seen[-1][0] >= SAME_SECONDS:
            self._seen.clear()
            self._listener.note("code_left", False)
        return min(wait, PAUSE) if self._codes.unfinished else wait

    def close(self) -> None:
        self._listener.close()

    def _start(self) -> None:
        """A line that is new: the reader may have been without power, and has forgotten what was asked of it."""
        self._codes, self._failed = CodeStream(self._suffix), 0
        self._seen.clear()
        if self._reading:
            self._listener.write(self._on)

    def _heard(self, data: bytes) -> None:
        for code in self._codes.feed(data, self._clock.monotonic()):
            self._saw(code)

    def _saw(self, code: bytes) -> None:
        if self._again(code) or not self._reading:
            return
        text = decoded(code) if code else None
        self._failed = self._failed + 1 if text is None else 0
        self._listener.note("code_reader_garbled", self._failed >= IN_A_ROW)
        self._emit(CodeFailed() if text is None else CodeRead(text=text))

    def _again(self, code: bytes) -> bool:
        """Whether the same code has been seen over and over: then it is told no more."""
        now = self._clock.monotonic()
        self._seen.append((now, code))
        same = len(self._seen) == SAME and all(c == code for _t, c in self._seen)
        left = same and now - self._seen[0][0] <= SAME_SECONDS
        self._listener.note("code_left", left)
        return left
