"""Conversation with a SAM_V reader: one command, one reply, in the order that the reader expects."""

from __future__ import annotations

from enum import Enum

from devices.id_reader.sam_frame import FrameParser, Reply, request
from devices.serial_link import SerialLink
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


OK = bytes.fromhex("000090")
FOUND = bytes.fromhex("00009F")
INTER_BYTE_GAP = 0.5


class SamFault(Enum):
    """SW3 of a reply that is no success; other bytes count as UNKNOWN. Silence is no SW, but an answer too."""

    SILENT = -1
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


class SamReader:
    """A reader behind a serial line. All methods raise devices.serial_link.LinkLost when it is unplugged."""

    def __init__(self, link: SerialLink, clock: Clock) -> None:
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
        while True:
            chunk = self._link.read_some(min(INTER_BYTE_GAP, max(0.0, deadline - self._clock.monotonic())))
            replies = parser.feed(chunk)
            if replies:
                return _judged(replies[0])
            if self._clock.monotonic() >= deadline:
                return Err(SamFault.SILENT)

    def identity(self) -> str:
        """The SAM's own number as printed by vendors, or empty where it does not answer."""
        reply = self.ask(Command.SAM_ID)
        if isinstance(reply, Err) or len(reply.value.data) != 16:
            return ""
        d = reply.value.data
        parts = [int.from_bytes(d[i:j], "little") for i, j in ((0, 2), (2, 4), (4, 8), (8, 12), (12, 16))]
        return "{:02d}.{:02d}-{:08d}-{:010d}-{:010d}".format(*parts)

    def card_text(self) -> Result[tuple[bytes, str], SamFault]:
        """Read the selected card: its 256-byte text block and the newest address (empty where it has none)."""
        base = self.ask(Command.READ_BASE)
        if isinstance(base, Err):
            return base
        data = base.value.data
        if len(data) < 4:
            return Err(SamFault.INFORMATION)
        text_length, photo_length = int.from_bytes(data[:2], "big"), int.from_bytes(data[2:4], "big")
        if len(data) != 4 + text_length + photo_length:
            return Err(SamFault.INFORMATION)
        address = self.ask(Command.READ_ADDRESS)
        newest = ""
        if isinstance(address, Ok):
            newest = address.value.data.decode("utf-16-le", "replace").rstrip(" \0")
        return Ok((data[4 : 4 + text_length], newest))

    def card_still_there(self) -> bool:
        """Whether the card that was read still lies there.

        A card is not found again after a successful read, so FIND says nothing; reading its additional
        data works until it is lifted [one source, vendor code].
        """
        reply = self.ask(Command.READ_ADDRESS)
        return isinstance(reply, Ok) or reply.error == SamFault.NO_CONTENT


def _judged(reply: Reply) -> Result[Reply, SamFault]:
    if reply.status in (OK, FOUND):
        return Ok(reply)
    # SW1 and SW2 carry the card's own status for some errors, so only SW3 is compared.
    known = {f.value: f for f in SamFault}
    return Err(known.get(reply.status[2], SamFault.UNKNOWN))
