"""Every fault of reader and printer: raised by a simulator, named by the driver, gone when its cause is gone."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from devices.link import LinkFault
from devices.simulators.people import PEOPLE
from kiosk.ipc.device_messages import CardFailed, CardRead, PrintState, ReaderMode
from kiosk.model.device import Availability
from kiosk.model.paper import PaperDocument, Words
from tests.devices.virtual import VirtualPrinter, VirtualReader

Cause = Callable[[VirtualReader], None]
HELLO = PaperDocument(parts=[Words(text="您好")])


def _lay_bad(reader: VirtualReader, status: int) -> None:
    reader.mode(ReaderMode.READ)
    reader.sam.bad_card = status
    for _ in range(3):
        reader.sam.lay("wei")
        reader.run(3)
        reader.sam.lift()
        reader.run(2)


def _lay_good(reader: VirtualReader) -> None:
    reader.sam.bad_card = None
    reader.sam.lay("wei")
    reader.run(3)


def _leave(reader: VirtualReader) -> None:
    reader.mode(ReaderMode.WATCH)
    reader.sam.lay("wei")
    reader.run(25)


READER: dict[str, tuple[Cause, Cause]] = {
    "reader_missing": (lambda r: r.port.unplug(), lambda r: r.port.plug()),
    "reader_port_busy": (
        lambda r: (setattr(r.port, "refuse", LinkFault.BUSY), r.driver.close())[0],
        lambda r: setattr(r.port, "refuse", None),
    ),
    "reader_no_permission": (
        lambda r: (setattr(r.port, "refuse", LinkFault.NO_PERMISSION), r.driver.close())[0],
        lambda r: setattr(r.port, "refuse", None),
    ),
    "reader_stuck": (lambda r: setattr(r.port, "held", True), lambda r: setattr(r.port, "held", False)),
    "reader_silent": (lambda r: setattr(r.sam, "mute", True), lambda r: setattr(r.sam, "mute", False)),
    "reader_garbled": (lambda r: setattr(r.sam, "noise", "checksum"), lambda r: setattr(r.sam, "noise", "")),
    "reader_wrong_device": (lambda r: setattr(r.sam, "foreign", True), lambda r: setattr(r.sam, "foreign", False)),
    "reader_self_test": (lambda r: setattr(r.sam, "status", 0x60), lambda r: setattr(r.sam, "status", None)),
    "reader_not_authorised": (lambda r: setattr(r.sam, "status", 0x66), lambda r: setattr(r.sam, "status", None)),
    "reader_refuses": (lambda r: setattr(r.sam, "status", 0x23), lambda r: setattr(r.sam, "status", None)),
    "reader_dirty": (lambda r: _lay_bad(r, 0x41), _lay_good),
    "reader_rejects_cards": (lambda r: _lay_bad(r, 0x31), _lay_good),
    "card_left": (_leave, lambda r: r.sam.lift()),
}


@pytest.mark.parametrize("code", READER)
def test_a_fault_of_the_reader_is_named_and_goes_with_its_cause(code: str) -> None:
    reader = VirtualReader()
    reader.run(3)
    assert (reader.driver.state.availability, reader.faults) == (Availability.ONLINE, set())
    begins, ends = READER[code]
    begins(reader)
    reader.run(12)
    assert reader.faults == {code}
    ends(reader)
    reader.run(30)
    assert (reader.driver.state.availability, reader.faults) == (Availability.ONLINE, set())


def test_another_security_module_is_noticed() -> None:
    reader = VirtualReader(known="05.01-20991231-0000000001-0000000001")
    reader.run(3)
    assert reader.faults == {"reader_swapped"}
    assert reader.driver.state.availability == Availability.ONLINE


def test_a_reader_that_was_set_to_another_speed_is_found_and_left_at_it() -> None:
    reader = VirtualReader()
    reader.port.speaks_at = 9600
    reader.run(30)
    assert reader.faults == {"reader_slow_line"}
    assert reader.driver.state.availability == Availability.ONLINE
    reader.mode(ReaderMode.READ)
    reader.sam.lay("wei")
    reader.run(5)
    assert reader.told.of(CardRead)


@pytest.mark.parametrize("noise", ["before", "checksum", "cut", "length"])
def test_noise_on_the_line_never_makes_a_wrong_document(noise: str) -> None:
    reader = VirtualReader()
    reader.mode(ReaderMode.READ)
    reader.run(2)
    reader.sam.lay("wei")
    reader.sam.noise = noise
    reader.run(20)
    reader.sam.noise = ""
    reader.sam.lift()
    reader.run(10)
    reader.sam.lay("wei")
    reader.run(5)
    names = {m.document.name for m in reader.told.of(CardRead)}
    assert names == {PEOPLE["wei"].name}


@pytest.mark.parametrize("count", [0, 512, 1024])
def test_a_card_with_fingerprints_is_read(count: int) -> None:
    reader = VirtualReader(fingerprint=True)
    reader.mode(ReaderMode.READ)
    reader.sam.fingerprints = bytes(count)
    reader.sam.lay("aygul")
    reader.run(5)
    (card,) = reader.told.of(CardRead)
    assert card.document.name == PEOPLE["aygul"].name


PRINTER: dict[str, tuple[Callable[[VirtualPrinter], object], Callable[[VirtualPrinter], object]]] = {
    "printer_missing": (lambda p: p.port.unplug(), lambda p: p.port.plug()),
    "printer_port_busy": (
        lambda p: (setattr(p.port, "refuse", LinkFault.BUSY), p.driver.close()),
        lambda p: setattr(p.port, "refuse", None),
    ),
    "printer_no_permission": (
        lambda p: (setattr(p.port, "refuse", LinkFault.NO_PERMISSION), p.driver.close()),
        lambda p: setattr(p.port, "refuse", None),
    ),
    "printer_stuck": (lambda p: setattr(p.port, "held", True), lambda p: setattr(p.port, "held", False)),
    "printer_silent": (lambda p: setattr(p.printer, "silent", True), lambda p: setattr(p.printer, "silent", False)),
    "printer_garbled": (lambda p: setattr(p.printer, "noise", True), lambda p: setattr(p.printer, "noise", False)),
    "paper_out": (lambda p: p.printer.set_status(paper=0), lambda p: p.printer.refill()),
    "paper_low": (lambda p: p.printer.set_status(paper=30), lambda p: p.printer.refill()),
    "printer_cover_open": (lambda p: p.printer.set_cover(True), lambda p: p.printer.set_cover(False)),
    "printer_cutter": (lambda p: p.printer.set_status(errors=0x08), lambda p: p.printer.set_status(errors=0)),
    "printer_error": (lambda p: p.printer.set_status(errors=0x20), lambda p: p.printer.set_status(errors=0)),
    "printer_mechanical": (lambda p: p.printer.set_status(errors=0x04), lambda p: p.printer.set_status(errors=0)),
    "printer_hot": (lambda p: p.printer.set_status(errors=0x40), lambda p: p.printer.set_status(errors=0)),
    "printer_feeding": (lambda p: p.printer.set_status(fed=True), lambda p: p.printer.set_status(fed=False)),
    "printer_offline": (lambda p: p.printer.set_status(offline=True), lambda p: p.printer.set_status(offline=False)),
    "printer_presenter": (lambda p: p.printer.set_status(slot_bits=0x40), lambda p: p.printer.set_status(slot_bits=0)),
    "printer_jam": (lambda p: p.printer.set_status(slot_bits=0x80), lambda p: p.printer.set_status(slot_bits=0)),
    "receipt_left": (lambda p: (p.print("a", HELLO), p.run(40)), lambda p: p.printer.tear_off()),
}


@pytest.mark.parametrize("report", ["realtime", "automatic"])
@pytest.mark.parametrize("code", PRINTER)
def test_a_fault_of_the_printer_is_named_and_goes_with_its_cause(code: str, report: str) -> None:
    printer = VirtualPrinter(report)
    printer.run(3)
    assert (printer.driver.state.availability, printer.faults) == (Availability.ONLINE, set())
    begins, ends = PRINTER[code]
    begins(printer)
    printer.run(15)
    assert printer.faults == {code}
    ends(printer)
    printer.run(30)
    assert (printer.driver.state.availability, printer.faults) == (Availability.ONLINE, set())


@pytest.mark.parametrize("code", [c for c in PRINTER if c not in ("paper_low", "receipt_left", "printer_missing")])
def test_with_a_faulty_printer_a_job_never_counts_as_printed(code: str) -> None:
    printer = VirtualPrinter()
    printer.run(3)
    PRINTER[code][0](printer)
    printer.run(5)
    printer.print("x", HELLO)
    printer.run(40)
    assert printer.ends()["x"] in (PrintState.FAILED, PrintState.UNCERTAIN)


def test_a_printer_that_never_answers_is_said_to_be_unverifiable() -> None:
    printer = VirtualPrinter("mute", "none")
    printer.print("x", HELLO)
    printer.run(3)
    assert printer.ends() == {"x": PrintState.UNVERIFIABLE}
    assert printer.printer.tickets


def test_an_unread_card_says_so_at_once() -> None:
    reader = VirtualReader()
    reader.mode(ReaderMode.READ)
    reader.sam.bad_card = 0x41
    reader.sam.lay("wei")
    reader.run(3)
    assert reader.told.of(CardFailed)
