"""The ID reader as a device: finds it, keeps it, reads cards, and notices when a card is taken away."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from pydantic import BaseModel

from devices.id_reader.card_layout import parse_text_block
from devices.id_reader.sam import Command, SamFault, SamReader
from devices.serial_link import LinkLost, SerialLink
from kiosk.ipc.device_messages import (
    CardFailed,
    CardFault,
    CardPresent,
    CardRead,
    CardRemoved,
    ReaderMode,
    SetReaderMode,
)
from kiosk.model.clock import Clock
from kiosk.model.device import Availability, DeviceState
from kiosk.model.result import Err, Ok

log = structlog.get_logger()

POLL = 0.3
"""Seconds between two FIND commands: faster polling makes some readers skip cards."""
HEALTH = 2.0
REOPEN = 1.0
MISSED = 3
"""How often a reader must be missed before it is called lost: a flapping state helps nobody."""

_FAULTS = {SamFault.SELF_TEST: "reader_self_test", SamFault.NOT_AUTHORISED: "reader_not_authorised"}
_CARD_FAULTS = {
    SamFault.CARD_TYPE: CardFault.NOT_AN_ID_CARD,
    SamFault.CARD_REJECTS_SAM: CardFault.NOT_TRUSTED,
    SamFault.SAM_REJECTS_CARD: CardFault.NOT_TRUSTED,
    SamFault.INFORMATION: CardFault.NOT_TRUSTED,
}


class IdReaderDriver:
    """``step`` does one short unit of work and returns the seconds until the next one."""

    def __init__(self, port: str, clock: Clock, emit: Callable[[BaseModel], None]) -> None:
        self._port = port
        self._clock = clock
        self._emit = emit
        self._link: SerialLink | None = None
        self._reader: SamReader | None = None
        self._mode = ReaderMode.OFF
        self._card: ReaderMode | None = None  # what was done with the card that lies there
        self._unknown = True  # whether an earlier process has read a card that still lies there
        self._missed = 0
        self.state = DeviceState(device="id_reader")

    def handle(self, message: BaseModel, fds: list[int]) -> None:
        if isinstance(message, SetReaderMode):
            self._mode = message.mode
            if message.mode == ReaderMode.READ and self._card == ReaderMode.READ:
                # A card that was read is not found again: it must be lifted and laid down anew.
                self._emit(CardFailed(fault=CardFault.UNREADABLE))

    def step(self) -> float:
        try:
            reader = self._reader or self._open()
            if self._unknown and self._mode != ReaderMode.OFF:
                self._unknown = False
                self._recognise(reader)
            if self._card is not None:
                return self._watch_removal(reader)
            if self._mode == ReaderMode.OFF:
                self._health(reader)
                return HEALTH
            return self._look(reader)
        except LinkLost as gone:
            return self._lost(str(gone))

    def close(self) -> None:
        if self._link is not None:
            self._link.close()
        self._link = self._reader = None

    def _open(self) -> SamReader:
        self._link = SerialLink(self._port, 115200, self._clock)
        reader = SamReader(self._link, self._clock)
        self._health(reader)
        if self.state.availability == Availability.ONLINE:
            self._reader = reader
            self.state = self.state.model_copy(update={"device_id": reader.identity()})
        return reader

    def _recognise(self, reader: SamReader) -> None:
        """After a restart: a card that an earlier process has read still answers, and is not found again."""
        if reader.card_still_there():
            self._card = ReaderMode.READ
            self._emit(CardPresent())

    def _health(self, reader: SamReader) -> None:
        answer = reader.ask(Command.STATUS)
        if isinstance(answer, Ok):
            self._missed = 0
            self._set(Availability.ONLINE)
        else:
            self._fault(answer.error)

    def _fault(self, fault: SamFault) -> None:
        if fault in _FAULTS:
            self._set(Availability.HARDWARE_ERROR, _FAULTS[fault])
        elif fault == SamFault.SILENT:
            self._missed += 1
            if self._missed >= MISSED or self.state.availability == Availability.STARTING:
                self._set(Availability.HARDWARE_ERROR, "reader_silent")
                self.close()

    def _look(self, reader: SamReader) -> float:
        found = reader.ask(Command.FIND)
        if isinstance(found, Err):
            if found.error == SamFault.NO_CARD:
                self._missed = 0
                self._set(Availability.ONLINE)
            else:
                self._fault(found.error)
            return POLL
        if self._mode == ReaderMode.WATCH:
            self._card = ReaderMode.WATCH
            self._emit(CardPresent())
            return POLL
        self._read(reader)
        return POLL

    def _read(self, reader: SamReader) -> None:
        self._card = ReaderMode.READ
        self._emit(CardPresent())
        selected = reader.ask(Command.SELECT)
        text = selected if isinstance(selected, Err) else reader.card_text()
        if isinstance(text, Err):
            self._fault(text.error)
            log.warning("card_not_read", sam_fault=text.error.name)
            self._emit(CardFailed(fault=_CARD_FAULTS.get(text.error, CardFault.UNREADABLE)))
            return
        try:
            document = parse_text_block(*text.value)
        except ValueError:
            self._emit(CardFailed(fault=CardFault.NOT_AN_ID_CARD))
            return
        self._emit(CardRead(document=document))

    def _watch_removal(self, reader: SamReader) -> float:
        if self._card == ReaderMode.WATCH and self._mode == ReaderMode.READ:
            # The card was found at the welcome screen and is still selected by nobody: read it now.
            self._read(reader)
            return POLL
        if self._card == ReaderMode.WATCH:
            gone = isinstance(reader.ask(Command.SELECT), Err)
        else:
            gone = not reader.card_still_there()
        if gone:
            self._card = None
            self._emit(CardRemoved())
        return POLL

    def _lost(self, text: str) -> float:
        self.close()
        if self.state.availability != Availability.NO_DEVICE:
            log.warning("reader_lost", error=text)
        if self._card is not None:
            self._card = None
            self._emit(CardRemoved())
        self._set(Availability.NO_DEVICE, "reader_missing")
        return REOPEN

    def _set(self, availability: Availability, *faults: str) -> None:
        self.state = self.state.model_copy(update={"availability": availability, "faults": frozenset(faults)})
