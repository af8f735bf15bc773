"""A SAM_V reader with a card field. Builds its frames from the tables, sharing no code with the driver."""

from __future__ import annotations

import random
from pathlib import Path

from devices.simulators.people import PEOPLE, Person, text_block
from devices.simulators.terminal import PseudoPort

HEAD = b"\xaa\xaa\xaa\x96\x69"
NOT_A_CARD = "not_a_card"
SAM_ID = bytes.fromhex("0500010067d93301faa80200f5bc6478")


def _reply(status: int, data: bytes = b"") -> bytes:
    body = bytes((0, 0, status)) + data
    counted = (len(body) + 1).to_bytes(2, "big") + body
    check = 0
    for byte in counted:
        check ^= byte
    return HEAD + counted + bytes((check,))


class SamSimulator:
    """``lay`` and ``lift`` move cards; ``mute`` and ``next_status`` make it fail."""

    def __init__(self, link: Path) -> None:
        self.port = PseudoPort(link, self._on_bytes)
        self._buffer = bytearray()
        self._card: Person | str | None = None
        self._selected = self._was_read = False
        self.mute = False
        self.next_status: int | None = None
        self._noise = random.Random(7)

    @property
    def card(self) -> str | None:
        """The key of the person whose card lies there, ``not_a_card``, or None."""
        return self._card.key if isinstance(self._card, Person) else self._card

    def lay(self, key: str) -> None:
        """Lay a card down: the key of a person, or ``not_a_card``. Raises KeyError for anyone unknown."""
        self.lift()
        self._card = NOT_A_CARD if key == NOT_A_CARD else PEOPLE[key]

    def lift(self) -> None:
        self._card = None
        self._selected = self._was_read = False

    def _on_bytes(self, data: bytes) -> None:
        self._buffer += data
        while (start := self._buffer.find(HEAD)) >= 0 and len(self._buffer) >= start + 7:
            length = int.from_bytes(self._buffer[start + 5 : start + 7], "big")
            end = start + 7 + length
            if len(self._buffer) < end:
                return
            counted = bytes(self._buffer[start + 5 : end - 1])
            check = self._buffer[end - 1]
            del self._buffer[:end]
            for byte in counted:
                check ^= byte
            if self.mute:
                continue
            self.port.send(_reply(0x10) if check else self._answer(counted[2], counted[3]))

    def _answer(self, command: int, parameter: int) -> bytes:
        if self.next_status is not None:
            status, self.next_status = self.next_status, None
            return _reply(status)
        match command, parameter:
            case (0x10, 0xFF) | (0x11, 0xFF):
                return _reply(0x90)
            case 0x12, 0xFF:
                return _reply(0x90, SAM_ID)
            case 0x20, 0x01:
                return self._find()
            case 0x20, 0x02:
                if self._card is None or self._was_read:
                    return _reply(0x81)
                self._selected = True
                return _reply(0x90, bytes(8))
            case 0x30, 0x01:
                return self._read_base()
            case 0x30, 0x03:
                return self._read_address()
            case _:
                return _reply(0x21)

    def _find(self) -> bytes:
        # After a read the same card is not found again until it has left the field.
        if self._card is None or self._was_read:
            return _reply(0x80)
        return _reply(0x9F, bytes(4))

    def _read_base(self) -> bytes:
        if self._card is None or not self._selected:
            return _reply(0x41)
        self._was_read = True
        if not isinstance(self._card, Person):
            return _reply(0x40)
        photo = bytes.fromhex("574c66007e00320000ff85") + self._noise.randbytes(1013)
        return _reply(0x90, b"\x01\x00\x04\x00" + text_block(self._card) + photo)

    def _read_address(self) -> bytes:
        if not isinstance(self._card, Person) or not self._was_read:
            return _reply(0x41)
        if not self._card.newest_address:
            return _reply(0x91)
        return _reply(0x90, self._card.newest_address.ljust(35).encode("utf-16-le")[:70])
