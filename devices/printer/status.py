"""Status bytes of ESC/POS printers: DLE EOT 1-4, automatic status (ASB), GS r, and the presenters' own.

Which byte is which follows the tables of several vendors' manuals; what only one source says is marked.
"""

from __future__ import annotations

from dataclasses import dataclass

from kiosk.model.device import Supply

PRINTER, OFFLINE_CAUSE, ERROR, PAPER = (b"\x10\x04" + bytes((n,)) for n in (1, 2, 3, 4))
AUTOMATIC_ON = b"\x1da\x0e"
"""GS a: report at once, and at every change of on-line state, error and paper."""


def is_realtime(byte: int) -> bool:
    """Whether a byte can be the answer to DLE EOT: ``0xx1xx10``."""
    return byte & 0x93 == 0x12


def is_transmit(byte: int) -> bool:
    """Whether a byte can be the answer to GS r: ``0xx0xxxx``."""
    return byte & 0x90 == 0x00


@dataclass(frozen=True)
class PrinterStatus:
    """What a printer says of itself, as codes of the fault catalogue and the state of the paper."""

    faults: frozenset[str]
    paper: Supply

    @property
    def can_print(self) -> bool:
        return not self.faults - HARMLESS


HARMLESS = frozenset({"paper_low", "receipt_left"})


@dataclass(frozen=True)
class _Bits:
    offline: bool
    waiting: bool
    fed: bool
    cover: bool
    stopped_by_paper: bool
    mechanical: bool
    cutter: bool
    unrecoverable: bool
    hot: bool
    near_end: bool
    end: bool


def _judged(bits: _Bits) -> PrinterStatus:
    faults = set()
    supply = Supply.FULL
    if bits.near_end:
        supply = Supply.LOW
        faults.add("paper_low")
    if bits.end or bits.stopped_by_paper:
        supply = Supply.OUT
        faults = {"paper_out"}
    for on, code in (
        (bits.cover, "printer_cover_open"),
        (bits.cutter, "printer_cutter"),
        (bits.unrecoverable, "printer_error"),
        (bits.mechanical, "printer_mechanical"),
        (bits.hot, "printer_hot"),
        (bits.fed, "printer_feeding"),
    ):
        if on:
            faults.add(code)
    if not faults - HARMLESS and (bits.offline or bits.waiting):
        faults.add("printer_offline")
    return PrinterStatus(frozenset(faults), supply)


def decode(printer: int, cause: int, error: int, paper: int) -> PrinterStatus:
    """Meaning of the answers to DLE EOT 1, 2, 3, 4. Near-end sensors report one or both of bits 2 and 3."""
    return _judged(
        _Bits(
            offline=bool(printer & 0x08),
            waiting=bool(printer & 0x20),
            fed=bool(cause & 0x08),
            cover=bool(cause & 0x04),
            stopped_by_paper=bool(cause & 0x20),
            mechanical=bool(error & 0x04),
            cutter=bool(error & 0x08),
            unrecoverable=bool(error & 0x20),
            hot=bool(error & 0x40),
            near_end=bool(paper & 0x0C),
            end=bool(paper & 0x60),
        )
    )


def decode_automatic(block: bytes) -> PrinterStatus:
    """Meaning of the four bytes of an automatic status (ASB)."""
    one, two, three, _four = block
    return _judged(
        _Bits(
            offline=bool(one & 0x08),
            waiting=bool(two & 0x01),
            fed=bool(one & 0x40),
            cover=bool(one & 0x20),
            stopped_by_paper=False,
            mechanical=bool(two & 0x04),
            cutter=bool(two & 0x08),
            unrecoverable=bool(two & 0x20),
            hot=bool(two & 0x40),
            near_end=bool(three & 0x03),
            end=bool(three & 0x0C),
        )
    )


@dataclass(frozen=True)
class Heard:
    """What the bytes of a printer are: ``realtime`` (DLE EOT), ``automatic`` (4 bytes), ``transmit`` (GS r),
    ``process`` (the four bytes that GS ( H was sent with), ``hold`` or ``go`` (XOFF, XON), or ``unknown``."""

    kind: str
    data: bytes


class StatusParser:
    """Tells the answers of a printer apart in a stream of bytes.

    Answers to GS r have the shape of the later bytes of an automatic status, so a printer is asked for one of
    the two, never both: ``automatic`` says which.
    """

    def __init__(self, *, automatic: bool = False) -> None:
        self._automatic = automatic
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Heard]:
        """What ``data`` completes."""
        self._buffer += data
        found = []
        while self._buffer:
            heard = self._next()
            if heard is None:
                break
            del self._buffer[: len(heard.data)]
            found.append(heard)
        return found

    def _next(self) -> Heard | None:
        b = self._buffer
        first = b[0]
        if first in (0x11, 0x13):
            return Heard("go" if first == 0x11 else "hold", bytes(b[:1]))
        if is_realtime(first):
            return Heard("realtime", bytes(b[:1]))
        if first == 0x37 and not (len(b) > 1 and b[1] != 0x22):
            if len(b) < 7:
                return None
            if b[6] == 0:
                return Heard("process", bytes(b[:7]))
        if self._automatic and first & 0x93 == 0x10:
            # A byte of another kind in the middle means that the block is broken: give up on its first byte.
            broken = any(x & 0x90 for x in b[1:4])
            if len(b) < 4 and not broken:
                return None
            return Heard("unknown", bytes(b[:1])) if broken else Heard("automatic", bytes(b[:4]))
        if not self._automatic and is_transmit(first):
            return Heard("transmit", bytes(b[:1]))
        return Heard("unknown", bytes(b[:1]))


@dataclass(frozen=True)
class SlotStatus:
    """The presenter: whether a receipt waits to be taken, and what is wrong there."""

    waiting: bool
    faults: frozenset[str]


def decode_slot(byte: int) -> SlotStatus:
    """Meaning of the answer to GS e 6 [Custom KPM, Pyramid Reliance]."""
    faults = {c for bit, c in ((0x40, "printer_presenter"), (0x80, "printer_jam")) if byte & bit}
    return SlotStatus(bool(byte & 0x08), frozenset(faults))


def decode_full(block: bytes) -> tuple[PrinterStatus, SlotStatus]:
    """Meaning of the six bytes ``10 0F b3 b4 b5 b6`` that answer DLE EOT 20 [KPM150H, KPM210, Reliance].

    Raises ValueError where they are not such bytes.
    """
    if len(block) != 6 or block[:2] != b"\x10\x0f":
        raise ValueError("not a full status")
    three, four, five, six = block[2:]
    status = _judged(
        _Bits(
            offline=False,
            waiting=False,
            fed=bool(four & 0x20),
            cover=bool(four & 0x03),
            stopped_by_paper=False,
            mechanical=False,
            cutter=bool(six & 0x01),
            unrecoverable=False,
            hot=bool(five & 0x01),
            near_end=bool(three & 0x04),
            end=bool(three & 0x01),
        )
    )
    slot = {c for bit, c in ((0x40, "printer_jam"), (0x08, "printer_voltage"), (0x02, "printer_line")) if five & bit}
    return status, SlotStatus(bool(three & 0x20), frozenset(slot))
