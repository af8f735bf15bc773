"""Takes ESC/POS bytes apart into operations, as a printer's firmware does. Shares nothing with the encoder."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Op:
    """One operation: a name and its arguments' bytes."""

    name: str
    data: bytes = b""


_FIXED = {  # prefix: (name, argument bytes)
    b"\x1b@": ("init", 0),
    b"\x1ba": ("align", 1),
    b"\x1bE": ("bold", 1),
    b"\x1bd": ("feed", 1),
    b"\x1bt": ("code_page", 1),
    b"\x1b!": ("mode", 1),
    b"\x1c&": ("kanji_on", 0),
    b"\x1c.": ("kanji_off", 0),
    b"\x1c!": ("kanji_mode", 1),
    b"\x1d!": ("size", 1),
    b"\x1dr": ("transmit_status", 1),
    b"\x1de": ("presenter", 1),
    b"\x1da": ("automatic_status", 1),
    b"\x10\x04": ("realtime_status", 1),
    b"\x10\x05": ("recover", 1),
}
_CLEAR = bytes.fromhex("10140801031401060208")


class EscPosReader:
    """Fed with bytes in any pieces, yields complete operations."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Op]:
        """The operations that ``data`` completes."""
        self._buffer += data
        ops: list[Op] = []
        while self._buffer:
            step = self._next()
            if step is None:
                break
            used, op = step
            del self._buffer[:used]
            if op is not None:
                ops.append(op)
        return ops

    def _next(self) -> tuple[int, Op | None] | None:
        b = self._buffer
        first = b[0]
        if first == 0x0A:
            return 1, Op("line_feed")
        if first == 0x10 and len(b) > 1 and b[1] == 0x14:
            return (len(_CLEAR), Op("clear")) if len(b) >= len(_CLEAR) else None
        if first in (0x10, 0x1B, 0x1C, 0x1D):
            return self._command()
        if first < 0x20:
            return 1, None
        if first < 0x80:
            return 1, Op("text", bytes(b[:1]))
        return (2, Op("text", bytes(b[:2]))) if len(b) >= 2 else None

    def _command(self) -> tuple[int, Op | None] | None:
        b = self._buffer
        if len(b) < 2:
            return None
        fixed = _FIXED.get(bytes(b[:2]))
        if fixed is not None:
            name, count = fixed
            return (2 + count, Op(name, bytes(b[2 : 2 + count]))) if len(b) >= 2 + count else None
        match bytes(b[:2]):
            case b"\x1dV":
                return self._cut()
            case b"\x1dv":
                return self._raster()
            case b"\x1d(":
                return self._block()
            case _:
                return 2, None

    def _cut(self) -> tuple[int, Op | None] | None:
        b = self._buffer
        if len(b) < 3:
            return None
        size = 4 if b[2] in (65, 66) else 3
        return (size, Op("cut", bytes(b[2:size]))) if len(b) >= size else None

    def _raster(self) -> tuple[int, Op | None] | None:
        b = self._buffer
        if len(b) < 8:
            return None
        size = 8 + int.from_bytes(b[4:6], "little") * int.from_bytes(b[6:8], "little")
        return (size, Op("raster", bytes(b[4:size]))) if len(b) >= size else None

    def _block(self) -> tuple[int, Op | None] | None:
        b = self._buffer
        if len(b) < 5:
            return None
        size = 5 + int.from_bytes(b[3:5], "little")
        if b[2] == 0x48:
            # Process id response: the four bytes come back when everything before is done.
            return (size, Op("process", bytes(b[7:size]))) if len(b) >= size else None
        return (size, Op("block", bytes([b[2]]) + bytes(b[5:size]))) if len(b) >= size else None
