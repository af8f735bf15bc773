"""The cable pulled after every single byte of a card read and of a receipt."""

from __future__ import annotations

from kiosk.ipc.device_messages import CardRead, PrintState, ReaderMode
from kiosk.model.device import Availability
from kiosk.model.paper import Align, Pair, PaperDocument, QrCode, Rule, Words
from tests.devices.virtual import VirtualPrinter, VirtualReader

RECEIPT = PaperDocument(
    parts=[
        Words(text="收件回执", align=Align.CENTRE, size=2, bold=True),
        Pair(label="业务号", value="T01-ABCD-000001-0"),
        Words(text="王㛃𠮷"),
        Rule(),
        QrCode(data="BM1:T01-ABCD-000001-0"),
    ]
)
COPY = PaperDocument(parts=[Words(text="副本"), *RECEIPT.parts])


def _reader() -> VirtualReader:
    reader = VirtualReader()
    reader.mode(ReaderMode.READ)
    reader.run(2)
    reader.port.passed = 0
    reader.sam.lay("aygul")
    return reader


def test_a_card_read_cut_off_at_any_byte_says_so_and_reads_again() -> None:
    whole = _reader()
    whole.run(1)
    assert whole.told.of(CardRead)
    for place in range(whole.port.passed):
        reader = _reader()
        reader.port.cut_after = place
        reader.run(2)
        assert reader.faults == {"reader_missing"}, place
        assert reader.driver.state.availability == Availability.NO_DEVICE
        read = len(reader.told.of(CardRead))
        reader.sam.lift()
        reader.port.plug()
        reader.run(2)
        reader.sam.lay("aygul")
        reader.run(2)
        assert reader.faults == set(), place
        assert len(reader.told.of(CardRead)) == read + 1, place
        assert {m.document.name for m in reader.told.of(CardRead)} == {"阿依古丽·示例"}


def _printer() -> VirtualPrinter:
    printer = VirtualPrinter()
    printer.run(2)
    printer.port.passed = 0
    printer.print("a", RECEIPT)
    return printer


def test_a_receipt_cut_off_at_any_byte_ends_in_a_named_state_and_is_never_there_twice() -> None:
    whole = _printer()
    whole.run(1)
    assert whole.ends() == {"a": PrintState.CONFIRMED}
    for place in range(whole.port.passed):
        printer = _printer()
        printer.port.cut_after = place
        printer.run(3)
        end = printer.ends()["a"]
        assert end in (PrintState.FAILED, PrintState.UNCERTAIN, PrintState.CONFIRMED), place
        printer.port.plug()
        printer.run(5)
        before = [t.qr_codes for t in printer.printer.tickets]
        # The citizen sees that the end is not certain and takes a copy: it comes whole, and nothing else with it.
        printer.print("b", COPY)
        printer.run(5)
        assert printer.ends()["b"] == PrintState.CONFIRMED, place
        last = printer.printer.tickets[-1]
        assert (last.text[0], last.qr_codes) == ("副本", ["BM1:T01-ABCD-000001-0"]), place
        assert len(printer.printer.tickets) == len(before) + 1, place
        assert sum(len(codes) for codes in before) <= 1, place
        if end == PrintState.CONFIRMED:
            assert before == [["BM1:T01-ABCD-000001-0"]], place
