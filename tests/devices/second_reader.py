"""A second reader of ESC/POS bytes, written from the command tables alone: one regular expression, no state machine.

It shares nothing with the encoder, nor with the reader of the simulated printer; what both readers see is there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

_TOKEN = re.compile(
    rb"(?P<raster>\x1dv0.(?P<size>....))"
    rb"|(?P<block>\x1d\(k(?P<length>..))"
    rb"|(?P<plain>\x1b[@]|\x1c[&.]|\x1b[aEdt!-].|\x1c[!].|\x1d[!ra].|\x1de..|\x1dV[\x41\x42].|\x1dV.)"
    rb"|(?P<feed>\n)"
    rb"|(?P<wide>[\x81-\xfe][\x40-\x7e\x80-\xfe])"
    rb"|(?P<narrow>[\x20-\x7e])",
    re.DOTALL,
)


@dataclass
class Seen:
    """Printed lines (None where a picture is), contents of QR commands, pictures (True is ink), cuts."""

    lines: list[str | None] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    pictures: list[NDArray[np.bool_]] = field(default_factory=list)
    cuts: int = 0
    sized: list[int] = field(default_factory=list)


def read(data: bytes) -> Seen:
    """What ``data`` prints. Raises ValueError at a byte that begins nothing known."""
    seen, place, line, stored, size = Seen(), 0, b"", b"", 0
    while place < len(data):
        token = _TOKEN.match(data, place)
        if token is None:
            raise ValueError(f"byte {place}: {data[place : place + 6].hex(' ')}")
        place = token.end()
        if token["raster"]:
            wide, high = int.from_bytes(token["size"][:2], "little"), int.from_bytes(token["size"][2:], "little")
            bits = np.unpackbits(np.frombuffer(data, np.uint8, wide * high, place))
            seen.pictures.append(bits.reshape(high, wide * 8).astype(bool))
            seen.lines.append(None)
            place += wide * high
        elif token["block"]:
            body = data[place : place + int.from_bytes(token["length"], "little")]
            place += len(body)
            if body[:2] == b"1P":
                stored = body[3:]
            elif body[:2] == b"1Q":
                seen.codes.append(stored.decode())
        elif token["feed"]:
            seen.lines.append(line.decode("cp936"))
            seen.sized.append(size)
            line = b""
        elif token["plain"]:
            seen.cuts += token["plain"].startswith(b"\x1dV")
            size = token["plain"][2] if token["plain"].startswith(b"\x1d!") else size
        else:
            line += token[0]
    return seen
