"""The conversation with a printer: one query, the answer of the kind that belongs to it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from devices.link import Link, Opener
from devices.printer import status
from devices.printer.profiles import CLEAR, RECOVER, Profile
from devices.printer.status import Heard, PrinterStatus, SlotStatus, StatusParser
from kiosk.model.clock import Clock
from kiosk.model.result import Err, Ok, Result

ANSWER = 0.5
"""Seconds for a status in real time; a printer answers within milliseconds even when its buffer is full."""
BARRIER = b"\x1dr\x01"
"""GS r 1 is queued behind the print data: its answer means that everything before it was processed."""
QUERIES = (status.PRINTER, status.OFFLINE_CAUSE, status.ERROR, status.PAPER)
LOOK = 0.5
"""Seconds between two looks at a printer that is still working."""
PROCESS = b"\x1d(H\x06\x0000"


class PrinterLine:
    """Owns the link. Methods raise LinkLost. An error says ``silent`` or ``garbled``."""

    def __init__(self, opener: Opener, baud: int, profile: Profile, clock: Clock) -> None:
        self._opener, self._baud, self._clock = opener, baud, clock
        self.profile = profile
        self._link: Link | None = None
        self._last: PrinterStatus | None = None
        self._numbers: Iterator[int] = itertools.count(1)

    @property
    def is_open(self) -> bool:
        return self._link is not None

    def open(self) -> None:
        self._link = self._opener(self._baud)
        self._last = None
        if self.profile.report == "automatic":
            self._link.write(status.AUTOMATIC_ON)

    def close(self) -> None:
        if self._link is not None:
            self._link.close()
        self._link = None

    @property
    def link(self) -> Link:
        assert self._link is not None
        return self._link

    def _ask(self, query: bytes, kind: str, seconds: float) -> Result[bytes, str]:
        """The answer of one kind. Late answers of other kinds are passed over; automatic ones are kept."""
        self._drain()
        self.link.write(query)
        parser = StatusParser(automatic=self.profile.report == "automatic")
        deadline = self._clock.monotonic() + seconds
        strange = False
        while True:
            for heard in parser.feed(self.link.read_some(max(0.0, deadline - self._clock.monotonic()))):
                self._keep(heard)
                if heard.kind == kind:
                    return Ok(heard.data)
                strange = strange or heard.kind == "unknown"
            if self._clock.monotonic() >= deadline:
                return Err("garbled" if strange else "silent")

    def _drain(self) -> None:
        """What came unasked. Automatic statuses are news; anything else is late."""
        if self.profile.report != "automatic":
            self.link.discard()
            return
        parser = StatusParser(automatic=True)
        while data := self.link.read_some(0.0):
            for heard in parser.feed(data):
                self._keep(heard)

    def _keep(self, heard: Heard) -> None:
        if heard.kind == "automatic":
            self._last = status.decode_automatic(heard.data)

    def status(self) -> Result[PrinterStatus, str]:
        """How the printer is. With automatic reports one real-time byte shows that it still lives."""
        if self.profile.report == "automatic":
            alive = self._ask(status.PRINTER, "realtime", ANSWER)
            if isinstance(alive, Err):
                return alive
            if self._last is None:
                self.link.write(status.AUTOMATIC_ON)
                self._drain()
            return Ok(self._last) if self._last is not None else Err("silent")
        answers = []
        for query in QUERIES:
            answer = self._ask(query, "realtime", ANSWER)
            if isinstance(answer, Err):
                return answer
            answers.append(answer.value[0])
        return Ok(status.decode(*answers))

    def slot(self) -> SlotStatus | None:
        """The presenter, where there is one that answers."""
        presenter = self.profile.presenter
        if not presenter.query:
            return None
        self.link.discard()
        self.link.write(presenter.query)
        answer, deadline = b"", self._clock.monotonic() + ANSWER
        while len(answer) < presenter.answer_bytes and self._clock.monotonic() < deadline:
            answer += self.link.read_some(max(0.0, deadline - self._clock.monotonic()))
        if len(answer) < presenter.answer_bytes:
            return None
        if presenter.answer_bytes == 1:
            return status.decode_slot(answer[0])
        try:
            return status.decode_full(answer[-6:])[1]
        except ValueError:
            return None

    def barrier(self, seconds: float) -> bool:
        """Whether the printer says, within ``seconds``, that it has worked off everything sent before.

        Gives up early where it reports meanwhile that it cannot print.
        """
        if self.profile.barrier == "none":
            return False
        mark = f"{next(self._numbers) % 10000:04d}".encode()
        kind = self.profile.barrier
        self._drain()
        self.link.write(BARRIER if kind == "transmit" else PROCESS + mark)
        parser = StatusParser(automatic=self.profile.report == "automatic")
        deadline = self._clock.monotonic() + seconds
        answers: list[int] = []
        while self._clock.monotonic() < deadline:
            for heard in parser.feed(self.link.read_some(LOOK)):
                self._keep(heard)
                if heard.kind == kind and (kind == "transmit" or heard.data[2:6] == mark):
                    return True
                if heard.kind == "realtime":
                    answers.append(heard.data[0])
            if self.profile.report == "automatic":
                if self._last is not None and not self._last.can_print:
                    return False
                continue
            if len(answers) >= len(QUERIES):
                if not status.decode(*answers[: len(QUERIES)]).can_print:
                    return False
                answers = []
            if not answers:
                # All data are out, so these stand between commands, where they must stand.
                for query in QUERIES:
                    self.link.write(query)
        return False

    def wipe(self) -> None:
        """Clear the printer's buffers: the next citizen must never get this one's receipt."""
        self.link.write(RECOVER)
        self.link.write(CLEAR)
