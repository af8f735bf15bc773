"""A SAM_V reader with a card field. Builds its frames from the tables, sharing no code with the driver."""

from __future__ import annotations

import random
from typing import Any

from devices.simulators.people import PEOPLE, Person, text_block
from devices.simulators.port import Port

HEAD = b"\xaa\xaa\xaa\x96\x69"
LONGEST_REQUEST = 64
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
    """``lay`` and ``lift`` move cards. The attributes make it fail: ``mute`` (silence), ``next_status`` (one SW3),
    ``status`` (that SW3 again and again), ``noise`` (bytes before and inside its frames), ``foreign`` (answers
    as another device would), and ``bad_card`` (the SW3 with which
    the card that lies there does not read).
    """

    def __init__(self, port: Port) -> None:
        self.port = port
        port.on_bytes = self._on_bytes
        self._buffer = bytearray()
        self._card: Person | str | None = None
        self._selected = self._was_read = False
        self.mute = False
        self.next_status: int | None = None
        self.status: int | None = None
        self.noise = ""
        self.foreign = False
        self.bad_card: int | None = None
        self.sam_id = SAM_ID
        self.fingerprints = b""
        self._random = random.Random(7)

    def set_fault(self, **faults: Any) -> None:
        """Set what the class says can be made wrong. Raises ValueError for anything else."""
        for name, value in faults.items():
            if name not in ("mute", "status", "noise", "foreign", "bad_card", "next_status", "sam_id"):
                raise ValueError(f"no such fault: {name}")
            setattr(self, name, bytes.fromhex(value) if name == "sam_id" else value)

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
            if length > LONGEST_REQUEST:
                # The rest of a frame that was cut off, and the head of the next one.
                del self._buffer[: start + 1]
                self._send(_reply(0x11))
                continue
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
            self._send(_reply(0x10) if check else self._answer(counted[2], counted[3]))

    def _send(self, frame: bytes) -> None:
        if self.foreign:
            frame = b"\x12\x12"
        match self.noise:
            case "before":
                frame = self._random.randbytes(5) + b"\xaa\xaa" + frame
            case "checksum":
                frame = frame[:-1] + bytes((frame[-1] ^ 0x55,))
            case "cut":
                frame = frame[: len(frame) // 2]
            case "length":
                frame = frame[:5] + b"\xff\xff" + frame[7:]
        self.port.send(frame)

    def _answer(self, command: int, parameter: int) -> bytes:
        if self.next_status is not None:
            status, self.next_status = self.next_status, None
            return _reply(status)
        if self.status is not None:
            return _reply(self.status)
        match command, parameter:
            case (0x10, 0xFF) | (0x11, 0xFF):
                return _reply(0x90)
            case 0x12, 0xFF:
                return _reply(0x90, self.sam_id)
            case 0x20, 0x01:
                return self._find()
            case 0x20, 0x02:
                if self._card is None or self._was_read:
                    return _reply(0x81)
                self._selected = True
                return _reply(0x90, bytes(8))
            case 0x30, 0x01:
                return self._read_base()
            case 0x30, 0x10:
                return self._read_base(self.fingerprints)
            case 0x30, 0x03:
                return self._read_address()
            case _:
                return _reply(0x21)

    def _find(self) -> bytes:
        # After a read the same card is not found again until it has left the field.
        if self._card is None or self._was_read:
            return _reply(0x80)
        return _reply(0x9F, bytes(4))

    def _read_base(self, fingerprints: bytes | None = None) -> bytes:
        if self._card is None or not self._selected:
            return _reply(0x41)
        if self.bad_card is not None:
            return _reply(self.bad_card)
        self._was_read = True
        if not isinstance(self._card, Person):
            return _reply(0x40)
        photo = bytes.fromhex("574c66007e00320000ff85") + self._random.randbytes(1013)
        if fingerprints is None:
            return _reply(0x90, b"\x01\x00\x04\x00" + text_block(self._card) + photo)
        sizes = b"\x01\x00\x04\x00" + len(fingerprints).to_bytes(2, "big")
        return _reply(0x90, sizes + text_block(self._card) + photo + fingerprints)

    def _read_address(self) -> bytes:
        if not isinstance(self._card, Person) or not self._was_read:
            return _reply(0x41)
        if not self._card.newest_address:
            return _reply(0x91)
        return _reply(0x90, self._card.newest_address.ljust(35).encode("utf-16-le")[:70])
