"""Conversation with a SAM_V reader: one command, one reply, in the order that the reader expects."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from devices.id_reader.sam_frame import FrameParser, Reply, request
from devices.link import Link
from kiosk.model.clock import Clock
from kiosk.model.result import Err, Ok, Result


class Command(Enum):
    """CMD, Para and the seconds within which a reply must come."""

    RESET = (0x10, 0xFF, 1.0)
    STATUS = (0x11, 0xFF, 1.0)
    SAM_ID = (0x12, 0xFF, 1.0)
    FIND = (0x20, 0x01, 1.0)
    SELECT = (0x20, 0x02, 1.0)
    READ_BASE = (0x30, 0x01, 3.0)
    READ_ADDRESS = (0x30, 0x03, 1.5)
    READ_WITH_FINGER = (0x30, 0x10, 4.0)


OK = bytes.fromhex("000090")
FOUND = bytes.fromhex("00009F")
INTER_BYTE_GAP = 0.5


class SamFault(Enum):
    """SW3 of a reply that is no success; other bytes count as UNKNOWN. What is no SW is an answer too."""

    SILENT = -1
    GARBLED = -2  # frames came, and none was whole: noise, a wrong speed, a bad cable
    NO_FRAME = -3  # bytes came that no SAM reader sends: another device is on this port
    HOST_CHECKSUM = 0x10
    HOST_LENGTH = 0x11
    COMMAND = 0x21
    NOT_PERMITTED = 0x23
    UNKNOWN = 0x24
    CARD_REJECTS_SAM = 0x31
    SAM_REJECTS_CARD = 0x32
    INFORMATION = 0x33
    CARD_TYPE = 0x40
    READ = 0x41
    RANDOM = 0x47
    SELF_TEST = 0x60
    NOT_AUTHORISED = 0x66
    NO_CARD = 0x80
    SELECT = 0x81
    NO_CONTENT = 0x91


@dataclass(frozen=True)
class CardBytes:
    """What a card holds: 256 bytes of text, the photograph (WLT, 1024 bytes) and up to two fingerprints of
    512 bytes as the card has them, and the newest address, empty where it has none."""

    text: bytes
    photo: bytes
    fingerprints: bytes
    newest_address: str


class SamReader:
    """A reader behind a serial line. All methods raise devices.link.LinkLost when it is unplugged."""

    def __init__(self, link: Link, clock: Clock) -> None:
        self._link = link
        self._clock = clock

    def ask(self, command: Command, data: bytes = b"") -> Result[Reply, SamFault]:
        """Send a command and wait for its reply. A frame damaged on the way to the reader is sent once more."""
        answer = self._once(command, data)
        if isinstance(answer, Err) and answer.error in (SamFault.HOST_CHECKSUM, SamFault.HOST_LENGTH):
            return self._once(command, data)
        return answer

    def _once(self, command: Command, data: bytes) -> Result[Reply, SamFault]:
        code, parameter, seconds = command.value
        self._link.discard()
        self._link.write(request(code, parameter, data))
        parser = FrameParser()
        deadline = self._clock.monotonic() + seconds
        heard = False
        while True:
            chunk = self._link.read_some(min(INTER_BYTE_GAP, max(0.0, deadline - self._clock.monotonic())))
            heard = heard or bool(chunk)
            replies = parser.feed(chunk)
            if replies:
                return _judged(replies[0])
            if self._clock.monotonic() >= deadline:
                return Err(_unheard(heard=heard, framed=parser.framed))

    def identity(self) -> str:
        """The SAM's own number as printed by vendors, or empty where it does not answer."""
        reply = self.ask(Command.SAM_ID)
        if isinstance(reply, Err) or len(reply.value.data) != 16:
            return ""
        d = reply.value.data
        parts = [int.from_bytes(d[i:j], "little") for i, j in ((0, 2), (2, 4), (4, 8), (8, 12), (12, 16))]
        return "{:02d}.{:02d}-{:08d}-{:010d}-{:010d}".format(*parts)

    def card(self, *, fingerprint: bool = False) -> Result[CardBytes, SamFault]:
        """Read the selected card, and the newest address, for which it need not be selected again."""
        base = self.ask(Command.READ_WITH_FINGER if fingerprint else Command.READ_BASE)
        if isinstance(base, Err):
            return base
        parts = _parts(base.value.data, 3 if fingerprint else 2)
        if parts is None:
            return Err(SamFault.INFORMATION)
        address = self.ask(Command.READ_ADDRESS)
        newest = ""
        if isinstance(address, Ok):
            newest = address.value.data.decode("utf-16-le", "replace").rstrip(" \0")
        return Ok(CardBytes(parts[0], parts[1], parts[2] if fingerprint else b"", newest))

    def card_still_there(self) -> bool:
        """Whether the card that was read still lies there.

        A card is not found again after a successful read, so FIND says nothing; reading its additional
        data works until it is lifted [one source, vendor code].
        """
        reply = self.ask(Command.READ_ADDRESS)
        return isinstance(reply, Ok) or reply.error == SamFault.NO_CONTENT


def _parts(data: bytes, count: int) -> list[bytes] | None:
    """The blocks of a card's data, by the big-endian length words before them; None where they do not add up."""
    sizes = [int.from_bytes(data[i : i + 2], "big") for i in range(0, 2 * count, 2)]
    if len(data) != 2 * count + sum(sizes):
        return None
    parts, place = [], 2 * count
    for size in sizes:
        parts.append(data[place : place + size])
        place += size
    return parts


def _unheard(*, heard: bool, framed: bool) -> SamFault:
    if not heard:
        return SamFault.SILENT
    return SamFault.GARBLED if framed else SamFault.NO_FRAME


def _judged(reply: Reply) -> Result[Reply, SamFault]:
    if reply.status in (OK, FOUND):
        return Ok(reply)
    # SW1 and SW2 carry the card's own status for some errors, so only SW3 is compared.
    known = {f.value: f for f in SamFault}
    return Err(known.get(reply.status[2], SamFault.UNKNOWN))
