"""The ID reader as a device: finds it, keeps it, reads cards, and notices when a card is taken away."""

from __future__ import annotations

import structlog
from pydantic import BaseModel

from devices.drivers import Emit
from devices.id_reader.card_layout import parse_text_block
from devices.id_reader.line import BAUDS, USUAL_BAUD, ReaderLine
from devices.id_reader.photo import NoDecoder, PhotoDecoder
from devices.id_reader.sam import Command, SamFault, SamReader
from devices.id_reader.telling import LEFT, tell_card
from devices.link import LinkFault, LinkLost, Opener
from kiosk.ipc.device_messages import (
    CardFailed,
    CardFault,
    CardPresent,
    CardRemoved,
    ReaderMode,
    SetReaderMode,
)
from kiosk.model.clock import Clock
from kiosk.model.device import Availability, DeviceState
from kiosk.model.result import Err

log = structlog.get_logger()

POLL = 0.3
"""Seconds between two FIND commands: faster polling makes some readers skip cards."""
HEALTH = 2.0
REOPEN = 1.0
MISSED = 3
"""How often a reader must be missed before it is called lost: a flapping state helps nobody."""
CARDS_IN_A_ROW = 3
"""So many different cards that fail one after another are the reader's fault, not the cards'."""

_LINE_FAULTS = {
    LinkFault.MISSING: "reader_missing",
    LinkFault.BUSY: "reader_port_busy",
    LinkFault.NO_PERMISSION: "reader_no_permission",
    LinkFault.STUCK: "reader_stuck",
}
_FAULTS = {
    SamFault.SELF_TEST: "reader_self_test",
    SamFault.NOT_AUTHORISED: "reader_not_authorised",
    SamFault.NOT_PERMITTED: "reader_refuses",
    SamFault.COMMAND: "reader_refuses",
}
_MISSES = {
    SamFault.SILENT: "reader_silent",
    SamFault.GARBLED: "reader_garbled",
    SamFault.NO_FRAME: "reader_wrong_device",
}
_CARD_FAULTS = {
    SamFault.CARD_TYPE: CardFault.NOT_AN_ID_CARD,
    SamFault.CARD_REJECTS_SAM: CardFault.NOT_TRUSTED,
    SamFault.SAM_REJECTS_CARD: CardFault.NOT_TRUSTED,
    SamFault.INFORMATION: CardFault.NOT_TRUSTED,
}


class IdReaderDriver:
    """``step`` does one short unit of work and returns the seconds until the next one.

    ``known`` is the number of the security module that this terminal was set up with; empty: any.
    """

    def __init__(
        self,
        opener: Opener,
        clock: Clock,
        emit: Emit,
        *,
        known: str = "",
        fingerprint: bool = False,
        decoder: PhotoDecoder | None = None,
    ) -> None:
        self._line = ReaderLine(opener, clock)
        self._clock = clock
        self._emit = emit
        self._known, self._fingerprint = known, fingerprint
        self._decoder = decoder or NoDecoder()
        self._mode = ReaderMode.OFF
        self._card: ReaderMode | None = None  # what was done with the card that lies there
        self._since = 0.0
        self._unknown = True  # whether an earlier process has read a card that still lies there
        self._missed = 0
        self._failed: dict[str, int] = {"reader_dirty": 0, "reader_rejects_cards": 0}
        self._notes: set[str] = set()
        self.state = DeviceState(device="id_reader")

    def handle(self, message: BaseModel, fds: list[int]) -> None:
        if isinstance(message, SetReaderMode):
            self._mode = message.mode
            if message.mode == ReaderMode.READ and self._card == ReaderMode.READ:
                # A card that was read is not found again: it must be lifted and laid down anew.
                self._emit(CardFailed(fault=CardFault.UNREADABLE))

    def step(self) -> float:
        try:
            reader = self._line.reader or self._open()
            if reader is None:
                return REOPEN
            if self._unknown and self._mode != ReaderMode.OFF:
                self._unknown = False
                self._recognise(reader)
            if self._card is not None:
                return self._watch_removal(reader)
            if self._mode == ReaderMode.OFF:
                return self._health(reader)
            return self._look(reader)
        except LinkLost as gone:
            return self._lost(gone)

    def close(self) -> None:
        self._line.close()

    # the reader

    def _open(self) -> SamReader | None:
        found = self._line.open(BAUDS if self._missed else BAUDS[:1])
        if isinstance(found, Err):
            self._judge(found.error)
            return None
        reader = found.value
        identity = reader.identity()
        self._note("reader_swapped", bool(self._known) and identity != self._known)
        self._note("reader_slow_line", self._line.baud != USUAL_BAUD)
        self.state = self.state.model_copy(update={"device_id": identity})
        self._well()
        return reader

    def _health(self, reader: SamReader) -> float:
        answer = reader.ask(Command.STATUS)
        if isinstance(answer, Err):
            self._judge(answer.error)
        else:
            self._well()
        return HEALTH

    def _well(self) -> None:
        self._missed = 0
        self._set(Availability.ONLINE)

    def _judge(self, fault: SamFault) -> None:
        """A command went wrong: is it the reader?"""
        if fault in _FAULTS:
            self._set(Availability.HARDWARE_ERROR, _FAULTS[fault])
        elif fault in _MISSES:
            self._missed += 1
            if self._missed >= MISSED or self.state.availability == Availability.STARTING:
                self._set(Availability.HARDWARE_ERROR, _MISSES[fault])
                self._line.close()

    def _lost(self, gone: LinkLost) -> float:
        self.close()
        code = _LINE_FAULTS[gone.fault]
        if code not in self.state.faults:
            log.warning("reader_lost", error=str(gone))
        if self._card is not None:
            self._card = None
            self._emit(CardRemoved())
        self._notes.clear()
        self._missed = 0
        self._set(Availability.NO_DEVICE if gone.fault == LinkFault.MISSING else Availability.HARDWARE_ERROR, code)
        return REOPEN

    # the card

    def _recognise(self, reader: SamReader) -> None:
        """After a restart: a card that an earlier process has read still answers, and is not found again."""
        if reader.card_still_there():
            self._arrived(ReaderMode.READ)

    def _arrived(self, done: ReaderMode) -> None:
        self._card, self._since = done, self._clock.monotonic()
        self._emit(CardPresent())

    def _look(self, reader: SamReader) -> float:
        found = reader.ask(Command.FIND)
        if isinstance(found, Err):
            if found.error == SamFault.NO_CARD:
                self._well()
            else:
                self._judge(found.error)
        elif self._mode == ReaderMode.WATCH:
            self._arrived(ReaderMode.WATCH)
        else:
            self._arrived(ReaderMode.READ)
            self._read(reader)
        return POLL

    def _read(self, reader: SamReader) -> None:
        self._card = ReaderMode.READ
        selected = reader.ask(Command.SELECT)
        card = selected if isinstance(selected, Err) else reader.card(fingerprint=self._fingerprint)
        if isinstance(card, Err):
            self._judge(card.error)
            log.warning("card_not_read", sam_fault=card.error.name)
            self._card_failed(_CARD_FAULTS.get(card.error, CardFault.UNREADABLE))
            return
        try:
            document = parse_text_block(card.value.text, card.value.newest_address)
        except ValueError:
            self._card_failed(CardFault.NOT_AN_ID_CARD)
            return
        self._count("")
        tell_card(self._emit, document, self._decoder.decode(card.value.photo))

    def _card_failed(self, fault: CardFault) -> None:
        counted = {CardFault.UNREADABLE: "reader_dirty", CardFault.NOT_TRUSTED: "reader_rejects_cards"}
        self._count(counted.get(fault, ""))
        self._emit(CardFailed(fault=fault))

    def _count(self, failed: str) -> None:
        for code in self._failed:
            self._failed[code] = self._failed[code] + 1 if code == failed else 0
            self._note(code, self._failed[code] >= CARDS_IN_A_ROW)
        self._set(self.state.availability)

    def _watch_removal(self, reader: SamReader) -> float:
        if self._card == ReaderMode.WATCH and self._mode == ReaderMode.READ:
            # The card was found at the welcome screen and is still selected by nobody: read it now.
            self._read(reader)
            return POLL
        still = not isinstance(reader.ask(Command.SELECT), Err) if self._card == ReaderMode.WATCH else None
        if not (reader.card_still_there() if still is None else still):
            self._card = None
            self._note("card_left", False)
            self._well()
            self._emit(CardRemoved())
        elif self._mode == ReaderMode.WATCH and self._clock.monotonic() - self._since >= LEFT:
            self._note("card_left", True)
            self._set(self.state.availability)
        return POLL

    # the state

    def _note(self, code: str, on: bool) -> None:
        """A fault that stands beside whatever else the reader is."""
        (self._notes.add if on else self._notes.discard)(code)

    def _set(self, availability: Availability, *faults: str) -> None:
        codes = frozenset({*faults, *self._notes})
        self.state = self.state.model_copy(update={"availability": availability, "faults": codes})
