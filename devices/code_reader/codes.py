"""Codes out of a stream of bytes: what a reader sends for each is its content and a suffix.

The default suffix of readers in serial or USB-COM mode is CR, with some CR LF. A QR code may hold line feeds of its
own, so a line feed ends a code only where the reader is set to it. Contents are UTF-8 or, from older encoders, GBK.
"""

from __future__ import annotations

from typing import Literal

Suffix = Literal["cr", "lf", "none"]

LONGEST = 4300
"""Bytes; the largest QR code (version 40-L) holds 4,296 letters and digits."""
PAUSE = 0.15
"""Seconds of silence that end a code of a reader without suffix; at 9600 baud a byte follows after 1 ms."""

_CR, _LF = 0x0D, 0x0A


def decoded(content: bytes) -> str | None:
    """The text of a code, or None where it is neither UTF-8 nor GB 18030 (which holds GBK)."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


class CodeStream:
    """Fed with bytes in any pieces and their time, yields whole codes; ``now`` is monotonic seconds.

    A code that is longer than any can be is dropped up to its end, and comes as an empty one.
    """

    def __init__(self, suffix: Suffix = "cr") -> None:
        self._suffix = suffix
        self._code = bytearray()
        self._too_long = False
        self._after_cr = False
        self._last = 0.0

    def feed(self, data: bytes, now: float) -> list[bytes]:
        """The codes that ``data`` completes, each without its suffix."""
        found = self.settle(now)
        end = {"cr": _CR, "lf": _LF, "none": -1}[self._suffix]
        for byte in data:
            follows_cr, self._after_cr = self._after_cr, byte == _CR
            if byte == end:
                found += self._end()
            elif self._suffix == "cr" and byte == _LF and follows_cr:
                continue  # the second half of CR LF
            elif len(self._code) < LONGEST:
                self._code.append(byte)
            else:
                self._too_long = True
        self._last = now
        return found

    def settle(self, now: float) -> list[bytes]:
        """The code that silence has ended, where the reader sends no suffix."""
        return self._end() if self._suffix == "none" and self._code and now - self._last >= PAUSE else []

    @property
    def unfinished(self) -> bool:
        """Whether silence may end a code."""
        return self._suffix == "none" and bool(self._code)

    def _end(self) -> list[bytes]:
        code, too_long = bytes(self._code), self._too_long
        self._code.clear()
        self._too_long = False
        if too_long:
            return [b""]
        code = code.rstrip(b"\r") if self._suffix == "lf" else code
        return [code] if code else []
