"""Frames of the SAM_V serial protocol.

Both ways: preamble ``AA AA AA 96 69``, length (2 bytes, big endian: what follows, checksum included), body,
checksum = XOR of every byte after the preamble. A request's body is CMD, Para, data; a reply's is SW1..SW3, data.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import xor

PREAMBLE = bytes.fromhex("AAAAAA9669")
MIN_LENGTH = 4
MAX_LENGTH = 4096
"""The largest legal reply has 0x090A; anything beyond 4096 is line noise."""


def checksum(data: bytes) -> int:
    """XOR of ``data`` (length and body)."""
    return reduce(xor, data, 0)


def request(command: int, parameter: int, data: bytes = b"") -> bytes:
    """The bytes of a request."""
    body = bytes((command, parameter)) + data
    counted = (len(body) + 1).to_bytes(2, "big") + body
    return PREAMBLE + counted + bytes((checksum(counted),))


@dataclass(frozen=True)
class Reply:
    """A reply whose checksum fits. ``status`` is SW1 SW2 SW3."""

    status: bytes
    data: bytes


class FrameParser:
    """Finds replies in a stream of bytes: skips garbage, drops frames whose length or checksum is wrong.

    ``framed`` says whether a preamble was seen at all.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self.framed = False

    def feed(self, data: bytes) -> list[Reply]:
        """The complete replies that ``data`` finishes."""
        self._buffer += data
        replies: list[Reply] = []
        while True:
            start = self._buffer.find(PREAMBLE)
            if start < 0:
                # The end may be the start of a preamble, so keep as much of it.
                del self._buffer[: max(0, len(self._buffer) - len(PREAMBLE) + 1)]
                return replies
            self.framed = True
            del self._buffer[:start]
            if len(self._buffer) < 7:
                return replies
            length = int.from_bytes(self._buffer[5:7], "big")
            if not MIN_LENGTH <= length <= MAX_LENGTH:
                self._skip()
                continue
            if len(self._buffer) < 7 + length:
                return replies
            counted, check = bytes(self._buffer[5 : 6 + length]), self._buffer[6 + length]
            if checksum(counted) != check:
                self._skip()
                continue
            replies.append(Reply(counted[2:5], counted[5:]))
            del self._buffer[: 7 + length]

    def _skip(self) -> None:
        """Give up on this preamble, but look for the next one inside what was taken for the frame."""
        del self._buffer[:1]
