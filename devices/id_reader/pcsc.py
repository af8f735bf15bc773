"""Readers that appear as PC/SC readers: the card's text and photograph by pseudo-APDUs.

``FF B0 00 00 00`` asks for the text block, ``FF B0 05 00 00`` for the photograph; each answer begins with its length
in four bytes [one source]. The library (pyscard, with the service pcscd) is optional and loaded only here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import structlog
from pydantic import BaseModel

from devices.drivers import Emit
from devices.id_reader.card_layout import TEXT_BYTES, parse_text_block
from devices.id_reader.photo import NoDecoder, PhotoDecoder
from devices.id_reader.telling import LEFT, tell_card
from kiosk.ipc.device_messages import CardFailed, CardFault, CardPresent, CardRemoved, ReaderMode, SetReaderMode
from kiosk.model.clock import Clock
from kiosk.model.device import Availability, DeviceState

log = structlog.get_logger()

POLL = 0.4
REOPEN = 2.0
TEXT, PHOTO = bytes.fromhex("FFB0000000"), bytes.fromhex("FFB0050000")
GOOD = 0x9000
HEAD = 4


class PcscError(Exception):
    """The service or its library is not there, or the reader failed."""


class Card(Protocol):
    def transmit(self, apdu: bytes) -> tuple[bytes, int]:
        """Answer and status word. Raises PcscError where the card is gone."""
        ...

    def close(self) -> None: ...


class PcscPort(Protocol):
    """What a driver needs of PC/SC."""

    def names(self) -> list[str]:
        """The readers there are. Raises PcscError."""
        ...

    def connect(self, name: str) -> Card | None:
        """The card on a reader, None where none lies there. Raises PcscError."""
        ...


def system_port() -> PcscPort:
    """PC/SC of this machine. Raises PcscError where the library is missing."""
    try:
        from devices.id_reader.pcsc_system import SystemPort
    except ImportError as missing:
        raise PcscError(f"pyscard is not installed: {missing}") from missing
    return SystemPort()


def port_of(address: str) -> tuple[Callable[[], PcscPort], str]:
    """What opens the port that ``pcsc:NAME`` or ``pcsc:simulated:FILE`` names, and the part of the reader's name."""
    name = address.removeprefix("pcsc:")
    if name.startswith("simulated:"):
        from devices.simulators.pcsc_simulator import SimulatedPort

        return lambda: SimulatedPort(Path(name.removeprefix("simulated:"))), ""
    return system_port, name


class PcscReaderDriver:
    """``name`` is a part of the reader's name, empty for the first one."""

    def __init__(
        self,
        opened: Callable[[], PcscPort],
        name: str,
        clock: Clock,
        emit: Emit,
        decoder: PhotoDecoder | None = None,
    ) -> None:
        self._opened, self._name, self._clock, self._emit = opened, name, clock, emit
        self._decoder = decoder or NoDecoder()
        self._port: PcscPort | None = None
        self._mode = ReaderMode.OFF
        self._there = self._read = False
        self._since = 0.0
        self.state = DeviceState(device="id_reader")

    def handle(self, message: BaseModel, fds: list[int]) -> None:
        if isinstance(message, SetReaderMode):
            self._mode = message.mode
            if message.mode == ReaderMode.READ and self._read:
                # The citizen has come back to the card screen: the card that lies there is not the answer again.
                self._emit(CardFailed(fault=CardFault.UNREADABLE))

    def step(self) -> float:
        try:
            self._port = self._port or self._opened()
            found = [n for n in self._port.names() if self._name in n]
            if not found:
                return self._lost(Availability.NO_DEVICE, "reader_missing")
            card = self._port.connect(found[0])
        except PcscError as bad:
            log.warning("pcsc", error=str(bad))
            self._port = None
            return self._lost(Availability.HARDWARE_ERROR, "reader_pcsc")
        self.state = self.state.model_copy(update={"device_id": found[0]})
        if card is None:
            self._lifted()
        else:
            self._lies_there(card)
        left = self._there and self._mode == ReaderMode.WATCH and self._clock.monotonic() - self._since >= LEFT
        self._set(Availability.ONLINE, *(["card_left"] if left else []))
        return POLL

    def close(self) -> None:
        """Cards are let go after each look; nothing is held."""

    def _lies_there(self, card: Card) -> None:
        try:
            if not self._there:
                self._there, self._read, self._since = True, False, self._clock.monotonic()
                self._emit(CardPresent())
            if self._mode == ReaderMode.READ and not self._read:
                self._read = True
                self._tell(card)
        finally:
            card.close()

    def _tell(self, card: Card) -> None:
        try:
            text = _block(*card.transmit(TEXT))
            photo = _block(*card.transmit(PHOTO)) if text else b""
        except PcscError:
            self._emit(CardFailed(fault=CardFault.UNREADABLE))
            return
        if len(text) != TEXT_BYTES:
            self._emit(CardFailed(fault=CardFault.NOT_AN_ID_CARD))
            return
        try:
            document = parse_text_block(text)
        except ValueError:
            self._emit(CardFailed(fault=CardFault.NOT_AN_ID_CARD))
            return
        tell_card(self._emit, document, self._decoder.decode(photo) if photo else b"")

    def _lifted(self) -> None:
        if self._there:
            self._there = self._read = False
            self._emit(CardRemoved())

    def _lost(self, availability: Availability, code: str) -> float:
        self._lifted()
        self._set(availability, code)
        return REOPEN

    def _set(self, availability: Availability, *faults: str) -> None:
        self.state = self.state.model_copy(update={"availability": availability, "faults": frozenset(faults)})


def _block(answer: Sequence[int] | bytes, status: int) -> bytes:
    """What follows the length; empty where the status or the length is not as it should be."""
    data = bytes(answer)
    if status != GOOD or len(data) < HEAD:
        return b""
    size = int.from_bytes(data[:HEAD], "big")
    return data[HEAD : HEAD + size] if len(data) >= HEAD + size else b""
