"""A reader for passports and foreign cards as a device: it speaks when a document is swiped, and only then."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from pydantic import BaseModel

from devices.id_reader.mrz_lines import MrzLines
from devices.link import LinkFault, Opener
from devices.listener import Listener
from kiosk.ipc.device_messages import CardFailed, CardFault, CardRead, ReaderMode, SetReaderMode
from kiosk.model.clock import Clock, hall_date
from kiosk.model.device import DeviceState
from kiosk.model.mrz import MrzError, document_of, parse_mrz

IN_A_ROW = 3
"""So many swipes one after another that do not fit their check digits are the reader's fault."""

_LINE_FAULTS = {
    LinkFault.MISSING: "mrz_reader_missing",
    LinkFault.BUSY: "mrz_reader_port_busy",
    LinkFault.NO_PERMISSION: "mrz_reader_no_permission",
    LinkFault.STUCK: "mrz_reader_missing",
}


class MrzReaderDriver:
    """A swipe or page reader: tells of each document that was swiped while somebody asked for one."""

    def __init__(self, opener: Opener, baud: int, clock: Clock, emit: Callable[[BaseModel], None]) -> None:
        self._clock, self._emit = clock, emit
        self._listener = Listener("mrz_reader", opener, baud, _LINE_FAULTS, self._heard, self._start)
        self._lines = MrzLines()
        self._reading = False
        self._failed = 0

    @property
    def state(self) -> DeviceState:
        return self._listener.state

    def fileno(self) -> int:
        return self._listener.fileno()

    def handle(self, message: BaseModel, fds: list[int]) -> None:
        if isinstance(message, SetReaderMode):
            self._reading = message.mode == ReaderMode.READ
            # What was swiped before somebody asked for it is nobody's.
            self._lines = MrzLines()

    def step(self) -> float:
        return self._listener.step()

    def close(self) -> None:
        self._listener.close()

    def _start(self) -> None:
        self._lines, self._failed = MrzLines(), 0

    def _heard(self, data: bytes) -> None:
        for lines in self._lines.feed(data):
            self._swiped(lines)

    def _swiped(self, lines: list[str]) -> None:
        if not self._reading:
            return
        try:
            mrz = parse_mrz(lines, self._today())
        except MrzError:
            self._fail()
            return
        if not mrz.valid:
            self._fail()
        elif mrz.visa:
            self._emit(CardFailed(fault=CardFault.NOT_AN_ID_CARD))
        else:
            self._count(0)
            self._emit(CardRead(document=document_of(mrz)))

    def _today(self) -> date:
        return date.fromisoformat(hall_date(self._clock.now()))

    def _fail(self) -> None:
        self._count(self._failed + 1)
        self._emit(CardFailed(fault=CardFault.UNREADABLE))

    def _count(self, failed: int) -> None:
        self._failed = failed
        self._listener.note("mrz_reader_garbled", failed >= IN_A_ROW)
