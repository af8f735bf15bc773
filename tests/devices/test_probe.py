"""What hangs on which port is found by asking, at whatever speed it speaks."""

from __future__ import annotations

import pytest

from devices.link import LinkFault
from devices.probe import Kind, probe
from devices.simulators.port import MemoryPort
from devices.simulators.printer_simulator import PrinterSimulator
from devices.simulators.sam_simulator import SamSimulator
from kiosk.model.clock import ManualClock


@pytest.fixture
def port() -> MemoryPort:
    return MemoryPort(ManualClock())


@pytest.mark.parametrize("baud", [115200, 57600, 38400, 19200, 9600])
def test_a_reader_is_found_with_its_number_at_its_speed(port: MemoryPort, baud: int) -> None:
    SamSimulator(port)
    port.speaks_at = baud
    found = probe("p", port.open, port.clock)
    assert (found.kind, found.baud) == (Kind.READER, baud)
    assert found.detail.startswith("05.01-")


@pytest.mark.parametrize("baud", [115200, 19200, 9600])
def test_a_printer_is_found_and_nothing_is_printed(port: MemoryPort, baud: int) -> None:
    printer = PrinterSimulator(port)
    port.speaks_at = baud
    found = probe("p", port.open, port.clock)
    assert (found.kind, found.baud, found.detail) == (Kind.PRINTER, baud, "ready, paper full")
    assert printer.tickets == []


def test_what_says_nothing_is_called_silent(port: MemoryPort) -> None:
    assert probe("p", port.open, port.clock).kind == Kind.SILENT


def test_a_port_that_cannot_be_opened_says_why(port: MemoryPort) -> None:
    port.refuse = LinkFault.BUSY
    found = probe("p", port.open, port.clock)
    assert found.kind == Kind.CLOSED
    assert found.detail.startswith("busy")


def test_a_cable_pulled_while_asking_is_no_crash(port: MemoryPort) -> None:
    SamSimulator(port)
    for place in range(60):
        port.plug()
        port.cut_after = place
        assert probe("p", port.open, port.clock).kind in (Kind.CLOSED, Kind.READER)
