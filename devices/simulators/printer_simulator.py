"""A receipt printer with a roll, a cutter and a slot in which a receipt waits to be taken."""

from __future__ import annotations

import io
from dataclasses import dataclass

from devices.simulators.escpos_reader import EscPosReader, Op
from devices.simulators.paper import PaperStrip
from devices.simulators.port import Port

ROLL = 400
NEAR_END = 60


@dataclass(frozen=True)
class Ticket:
    """A cut piece of paper: its picture as PNG, and its text and codes as a person would read them."""

    number: int
    strip: PaperStrip

    @property
    def png(self) -> bytes:
        buffer = io.BytesIO()
        self.strip.picture().save(buffer, "PNG")
        return buffer.getvalue()

    @property
    def text(self) -> list[str]:
        return self.strip.text

    @property
    def qr_codes(self) -> list[str]:
        return self.strip.qr_codes


class PrinterSimulator:
    """Prints while there is paper and the cover is shut; keeps unprinted data until it can, as real ones do.

    What is on paper stays there, whatever is cleared. ``errors`` are bits of DLE EOT 3, ``offline`` and ``fed`` bits
    of 1 and 2, ``slot_bits`` of the presenter's answer; ``noise`` garbles every answer.
    """

    def __init__(self, port: Port) -> None:
        self.port = port
        port.on_bytes = self._on_bytes
        self._reader = EscPosReader()
        self._queue: list[Op] = []
        self._strip = PaperStrip()
        self.tickets: list[Ticket] = []
        self.paper = ROLL
        self.cover_open = False
        self.silent = False
        self.at_slot = False
        self.errors = 0
        self.offline = self.fed = self.noise = self.automatic = False
        self.slot_bits = 0
        self.retracted = 0
        self._count = 0

    def tear_off(self) -> None:
        """Take the receipt out of the slot."""
        self.at_slot = False

    def refill(self) -> None:
        self.paper = ROLL
        self._report()
        self._work()

    def set_cover(self, is_open: bool) -> None:
        self.cover_open = is_open
        self._report()
        self._work()

    def set_status(self, **bits: int | bool) -> None:
        """Change what the status says: ``errors``, ``offline``, ``fed``, ``slot_bits``, ``paper``."""
        for name, value in bits.items():
            if not hasattr(self, name):
                raise ValueError(f"no such status: {name}")
            setattr(self, name, value)
        self._report()
        self._work()

    def _answer(self, data: bytes) -> None:
        self.port.send(bytes(b ^ 0xE1 for b in data) if self.noise else data)

    def _report(self) -> None:
        """The automatic status, where it was asked for: at every change."""
        if self.automatic:
            self._answer(self._block())

    def _block(self) -> bytes:
        out, near = self.paper <= 0, self.paper < NEAR_END
        offline = out or self.cover_open or self.offline or bool(self.errors & 0x28)
        one = 0x10 | (0x08 if offline else 0) | (0x20 if self.cover_open else 0) | (0x40 if self.fed else 0)
        return bytes((one, self.errors & 0x6C, 0x0F if out else 0x03 if near else 0, 0))

    def _on_bytes(self, data: bytes) -> None:
        if self.silent:
            return
        for op in self._reader.feed(data):
            # Real-time commands are obeyed on arrival, even with a full buffer and no paper.
            if op.name == "realtime_status":
                self._realtime(op.data[0])
            elif op.name in ("clear", "recover"):
                self._queue.clear()
                self._strip.drop_line()
            else:
                self._queue.append(op)
        self._work()

    @property
    def _ready(self) -> bool:
        return self.paper > 0 and not self.cover_open and not self.errors & 0x28 and not self.offline

    def _work(self) -> None:
        while self._queue:
            op = self._queue[0]
            if op.name == "presenter" and op.data == b"\x06":
                # The slot's sensor answers without paper too.
                self._queue.pop(0)
                self._answer(bytes(((0x08 if self.at_slot else 0x00) | self.slot_bits,)))
                continue
            if not self._ready:
                return
            self._queue.pop(0)
            if op.name == "transmit_status":
                self._answer(bytes((0x03 if self.paper < NEAR_END else 0x00,)))
            elif op.name == "process":
                self._answer(b"\x37\x22" + op.data + b"\x00")
            elif op.name == "automatic_status":
                self.automatic = bool(op.data[0])
                self._report()
            elif op.name == "presenter":
                self._present(op.data[0])
            elif op.name == "cut":
                self._cut()
            else:
                before = self.paper
                self.paper = max(0, self.paper - self._strip.apply(op))
                if (before >= NEAR_END) != (self.paper >= NEAR_END) or not self.paper:
                    self._report()

    def _present(self, order: int) -> None:
        """GS e 2 takes the receipt back in, 5 throws it out, 3 hands it out further."""
        if order in (2, 5) and self.at_slot:
            self.at_slot = False
            self.retracted += order == 2

    def _cut(self) -> None:
        if self._strip.empty:
            return
        self._count += 1
        self.tickets.append(Ticket(self._count, self._strip))
        del self.tickets[:-20]
        self._strip = PaperStrip()
        self.at_slot = True

    def _realtime(self, n: int) -> None:
        if n == 20:
            cover = 0x02 if self.cover_open else 0
            out, near = self.paper <= 0, self.paper < NEAR_END
            three = (0x01 if out else 0) | (0x04 if near else 0) | (0x20 if self.at_slot else 0)
            five = (0x40 if self.slot_bits & 0x80 else 0) | (0x01 if self.errors & 0x40 else 0)
            self._answer(bytes((0x10, 0x0F, three, cover, five, 0x01 if self.errors & 0x08 else 0)))
            return
        self._answer(bytes((self._status(n),)))

    def _status(self, n: int) -> int:
        out, near = self.paper <= 0, self.paper < NEAR_END
        match n:
            case 1:
                offline = out or self.cover_open or self.offline or bool(self.errors & 0x28)
                return 0x12 | (0x08 if offline else 0)
            case 2:
                cause = (0x20 if out else 0) | (0x04 if self.cover_open else 0) | (0x08 if self.fed else 0)
                return 0x12 | cause | (0x40 if self.errors else 0)
            case 3:
                return 0x12 | (self.errors & 0x6C)
            case 4:
                return 0x12 | (0x6C if out else 0x0C if near else 0)
            case _:
                return 0x12
