"""Lines of a swipe or page reader for machine-readable zones, out of a stream of bytes.

Readers send ``STX line CR line CR [line CR] ETX`` [one source], some without STX and ETX, some with CR LF; so what
counts is the length of the lines: three of 30, or two of 36 or 44.
"""

from __future__ import annotations

STX, ETX = 0x02, 0x03
LONGEST = 64
WANTED = {30: 3, 36: 2, 44: 2}


class MrzLines:
    """Fed with bytes in any pieces, yields the lines of whole zones."""

    def __init__(self) -> None:
        self._line = bytearray()
        self._lines: list[str] = []

    def feed(self, data: bytes) -> list[list[str]]:
        """The zones that ``data`` completes, each two or three lines of the same length."""
        zones = []
        for byte in data:
            if byte == STX:
                self._line.clear()
                self._lines.clear()
            elif byte in (0x0D, 0x0A, ETX):
                if self._end_line():
                    zones.append(self._lines)
                    self._lines = []
            elif len(self._line) < LONGEST:
                self._line.append(byte)
        return zones

    def _end_line(self) -> bool:
        """Whether the line that has just ended completes a zone."""
        text = self._line.decode("latin-1").strip().upper()
        self._line.clear()
        if not text:
            return False
        if self._lines and len(self._lines[0]) != len(text):
            self._lines.clear()
        if len(text) not in WANTED:
            return False
        self._lines.append(text)
        return len(self._lines) == WANTED[len(text)]
