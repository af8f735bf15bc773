"""What hangs on a serial port: asks each one in the languages that the drivers speak."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from devices.id_reader.line import BAUDS, ReaderLine
from devices.link import Link, LinkLost
from devices.printer.line import PrinterLine
from devices.printer.profiles import profile
from kiosk.model.clock import Clock
from kiosk.model.result import Ok

PRINTER_BAUDS = (115200, 9600, 19200, 38400, 57600)


class Kind(StrEnum):
    READER = "id_reader"
    PRINTER = "printer"
    SILENT = "silent"  # nothing there, or something that speaks only when used: a code reader
    CLOSED = "closed"


@dataclass(frozen=True)
class Found:
    """What answered on ``port``. ``baud`` is 0 where nothing did; ``detail`` is the device's own number, or why."""

    port: str
    kind: Kind
    baud: int
    detail: str


def probe(port: str, opener: Callable[[int], Link], clock: Clock) -> Found:
    """Ask one port. Never raises.

    Printers are asked first: their question is three bytes that nothing prints, while a printer takes the
    reader's question for text.
    """
    try:
        return _printer(port, opener, clock) or _reader(port, opener, clock) or Found(port, Kind.SILENT, 0, "")
    except LinkLost as gone:
        return Found(port, Kind.CLOSED, 0, f"{gone.fault}: {gone}")


def _printer(port: str, opener: Callable[[int], Link], clock: Clock) -> Found | None:
    for baud in PRINTER_BAUDS:
        line = PrinterLine(opener, baud, profile("realtime", "none"), clock)
        line.open()
        try:
            answer = line.status()
        finally:
            line.close()
        if isinstance(answer, Ok):
            faults = ", ".join(sorted(answer.value.faults)) or "ready"
            return Found(port, Kind.PRINTER, baud, f"{faults}, paper {answer.value.paper}")
    return None


def _reader(port: str, opener: Callable[[int], Link], clock: Clock) -> Found | None:
    line = ReaderLine(opener, clock)
    try:
        found = line.open(BAUDS)
        return Found(port, Kind.READER, line.baud, found.value.identity()) if isinstance(found, Ok) else None
    finally:
        line.close()
