"""A reader for barcodes and QR codes: sends what a code holds, and the suffix it is set to."""

from __future__ import annotations

from devices.simulators.port import Port

ON, OFF = bytes.fromhex("16540d"), bytes.fromhex("16550d")


class CodeSimulator:
    """``show`` holds a code before it. ``waits``: it looks only after it was told to; ``suffix`` ends each code."""

    def __init__(self, port: Port, suffix: bytes = b"\r", *, waits: bool = False) -> None:
        self.port, self.suffix = port, suffix
        self.waits, self.looking = waits, not waits
        self._heard = b""
        port.on_bytes = self._on_bytes

    def _on_bytes(self, data: bytes) -> None:
        self._heard = (self._heard + data)[-len(ON) :]
        if self.waits and self._heard in (ON, OFF):
            self.looking = self._heard == ON

    def show(self, content: str | bytes, encoding: str = "utf-8") -> None:
        """Hold a code before the reader; nothing comes while it does not look."""
        if self.looking:
            self.port.send((content.encode(encoding) if isinstance(content, str) else content) + self.suffix)
