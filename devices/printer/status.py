"""Status bytes of ESC/POS printers: DLE EOT 1-4, GS r, and the presenter of Custom-type kiosk printers."""

from __future__ import annotations

from dataclasses import dataclass

from kiosk.model.device import Supply

PRINTER, OFFLINE_CAUSE, ERROR, PAPER = (b"\x10\x04" + bytes((n,)) for n in (1, 2, 3, 4))
PRESENTER = b"\x1de\x06"
"""Custom KPM and Pyramid Reliance; other makes differ, so it is asked only with the profile ``custom``."""


def is_realtime(byte: int) -> bool:
    """Whether a byte can be the answer to DLE EOT: ``0xx1xx10``."""
    return byte & 0x93 == 0x12


def is_transmit(byte: int) -> bool:
    """Whether a byte can be the answer to GS r: ``0xx0xxxx``."""
    return byte & 0x90 == 0x00


@dataclass(frozen=True)
class PrinterStatus:
    """What four real-time bytes say, as codes of the fault catalogue and the state of the paper."""

    faults: frozenset[str]
    paper: Supply

    @property
    def can_print(self) -> bool:
        return not self.faults - {"paper_low"}


def decode(printer: int, cause: int, error: int, paper: int) -> PrinterStatus:
    """Meaning of the answers to DLE EOT 1, 2, 3, 4. Near-end sensors report one or both of bits 2 and 3."""
    faults = set()
    supply = Supply.FULL
    if paper & 0x0C:
        supply = Supply.LOW
        faults.add("paper_low")
    if paper & 0x60 or cause & 0x20:
        supply = Supply.OUT
        faults = {"paper_out"}
    if cause & 0x04:
        faults.add("printer_cover_open")
    if error & 0x08:
        faults.add("printer_cutter")
    if error & 0x20:
        faults.add("printer_error")
    if printer & 0x08 and not faults - {"paper_low"}:
        faults.add("printer_error")
    return PrinterStatus(frozenset(faults), supply)
