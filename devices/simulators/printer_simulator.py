"""A receipt printer with a roll, a cutter and a slot in which a receipt waits to be taken."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

from devices.simulators.escpos_reader import EscPosReader, Op
from devices.simulators.paper import PaperStrip
from devices.simulators.terminal import PseudoPort

ROLL = 400
NEAR_END = 60


@dataclass(frozen=True)
class Ticket:
    """A cut piece of paper: its picture as PNG, and its text and codes as a person would read them."""

    number: int
    png: bytes
    text: list[str]
    qr_codes: list[str]


class PrinterSimulator:
    """Prints while there is paper and the cover is shut; keeps unprinted data until it can, as real ones do."""

    def __init__(self, link: Path) -> None:
        self.port = PseudoPort(link, self._on_bytes)
        self._reader = EscPosReader()
        self._queue: list[Op] = []
        self._strip = PaperStrip()
        self.tickets: list[Ticket] = []
        self.paper = ROLL
        self.cover_open = False
        self.silent = False
        self.at_slot = False
        self._count = 0

    def tear_off(self) -> None:
        """Take the receipt out of the slot."""
        self.at_slot = False

    def refill(self) -> None:
        self.paper = ROLL
        self._work()

    def set_cover(self, is_open: bool) -> None:
        self.cover_open = is_open
        self._work()

    def _on_bytes(self, data: bytes) -> None:
        if self.silent:
            return
        for op in self._reader.feed(data):
            # Real-time commands are obeyed on arrival, even with a full buffer and no paper.
            if op.name == "realtime_status":
                self.port.send(bytes((self._status(op.data[0]),)))
            elif op.name in ("clear", "recover"):
                self._queue.clear()
                self._strip = PaperStrip()
            else:
                self._queue.append(op)
        self._work()

    @property
    def _ready(self) -> bool:
        return self.paper > 0 and not self.cover_open

    def _work(self) -> None:
        while self._queue:
            op = self._queue[0]
            if op.name == "presenter" and op.data == b"\x06":
                # The slot's sensor answers without paper too.
                self._queue.pop(0)
                self.port.send(bytes((0x08 if self.at_slot else 0x00,)))
                continue
            if not self._ready:
                return
            self._queue.pop(0)
            if op.name == "transmit_status":
                self.port.send(bytes((0x03 if self.paper < NEAR_END else 0x00,)))
            elif op.name == "cut":
                self._cut()
            else:
                self.paper = max(0, self.paper - self._strip.apply(op))

    def _cut(self) -> None:
        if self._strip.empty:
            return
        self._count += 1
        buffer = io.BytesIO()
        self._strip.picture().save(buffer, "PNG")
        self.tickets.append(Ticket(self._count, buffer.getvalue(), self._strip.text, self._strip.qr_codes))
        del self.tickets[:-20]
        self._strip = PaperStrip()
        self.at_slot = True

    def _status(self, n: int) -> int:
        out, near = self.paper <= 0, self.paper < NEAR_END
        match n:
            case 1:
                return 0x12 | (0x08 if out or self.cover_open else 0)
            case 2:
                return 0x12 | (0x20 if out else 0) | (0x04 if self.cover_open else 0)
            case 4:
                return 0x12 | (0x6C if out else 0x0C if near else 0)
            case _:
                return 0x12
