"""The real drivers on pseudo-terminals that speak the real bytes."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel

from devices.id_reader.driver import IdReaderDriver
from devices.other_links import open_link
from devices.printer.driver import PrinterDriver
from devices.printer.encoder import Encoder
from devices.printer.profiles import profile
from devices.simulators.client import RigClient
from devices.start import MESSAGE
from kiosk.config import ASSETS
from kiosk.ipc.device_messages import (
    Beat,
    CardFailed,
    CardFault,
    CardPresent,
    CardRead,
    CardRemoved,
    PaperAtSlot,
    PrintDocument,
    PrintProgress,
    PrintState,
    ReaderMode,
    SetReaderMode,
)
from kiosk.model.clock import SystemClock
from kiosk.model.device import Availability, Supply
from kiosk.model.paper import Align, Pair, PaperDocument, QrCode, Rule, Words

RECEIPT = PaperDocument(
    parts=[
        Words(text="收件回执", align=Align.CENTRE, size=2, bold=True),
        Rule(),
        Pair(label="业务号", value="T01-ABCD-000001-0"),
        Words(text="标点：（）￥——…「」，一行字很长很长，长到一定要换到下一行去才放得下为止，Latin words stay whole."),
        Words(text="王㛃𠮷 䶮"),
        QrCode(data="BM1:T01-ABCD-000001-0"),
    ]
)


class Told(list[BaseModel]):
    """Messages of a driver, in order."""

    def emit(self, message: BaseModel, _fds: object = ()) -> None:
        self.append(message)

    def of(self, kind: type) -> list[BaseModel]:
        return [m for m in self if isinstance(m, kind)]


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def reader(rig: RigClient, rig_folder: Path, told: Told) -> IdReaderDriver:
    clock = SystemClock()
    driver = IdReaderDriver(lambda baud: open_link(str(rig_folder / "id_reader"), baud, clock), clock, told.emit)
    driver.step()
    return driver


def read(driver: IdReaderDriver, steps: int = 3) -> None:
    driver.handle(SetReaderMode(mode=ReaderMode.READ), [])
    for _ in range(steps):
        driver.step()


def test_a_card_is_read_with_its_newest_address(reader: IdReaderDriver, rig: RigClient, told: Told) -> None:
    assert reader.state.availability == Availability.ONLINE
    assert reader.state.device_id.startswith("05.01-")
    rig.order("lay", card="aygul")
    read(reader)
    (card,) = told.of(CardRead)
    assert isinstance(card, CardRead)
    assert card.document.name == "阿依古丽·示例"
    assert card.document.address == "测试省测试市花园路66号1单元301"


def test_the_card_left_on_the_reader_is_noticed_and_its_removal_too(
    reader: IdReaderDriver, rig: RigClient, told: Told
) -> None:
    rig.order("lay", card="wei")
    read(reader)
    assert not told.of(CardRemoved)
    rig.order("lift")
    reader.step()
    assert len(told.of(CardRemoved)) == 1
    assert len(told.of(CardRead)) == 1


def test_a_card_laid_at_the_welcome_screen_is_not_read_before_consent(
    reader: IdReaderDriver, rig: RigClient, told: Told
) -> None:
    rig.order("lay", card="wei")
    reader.handle(SetReaderMode(mode=ReaderMode.WATCH), [])
    reader.step()
    reader.step()
    assert told.of(CardPresent)
    assert not told.of(CardRead)
    read(reader, 1)
    assert told.of(CardRead)


def test_another_card_is_no_identity_card(reader: IdReaderDriver, rig: RigClient, told: Told) -> None:
    rig.order("lay", card="not_a_card")
    read(reader)
    assert told.of(CardFailed) == [CardFailed(fault=CardFault.NOT_AN_ID_CARD)]


@pytest.mark.parametrize(
    ("status", "fault"),
    [(0x41, CardFault.UNREADABLE), (0x32, CardFault.NOT_TRUSTED), (0x33, CardFault.NOT_TRUSTED)],
)
def test_a_failed_read_says_what_to_do(
    reader: IdReaderDriver, rig: RigClient, told: Told, status: int, fault: CardFault
) -> None:
    rig.order("lay", card="wei")
    reader.handle(SetReaderMode(mode=ReaderMode.WATCH), [])
    reader.step()
    rig.order("reader_status", status=status)
    read(reader, 1)
    assert told.of(CardFailed) == [CardFailed(fault=fault)]


def test_a_reader_unplugged_and_plugged_in_reads_again(reader: IdReaderDriver, rig: RigClient, told: Told) -> None:
    reader.handle(SetReaderMode(mode=ReaderMode.READ), [])
    rig.order("unplug", device="id_reader")
    reader.step()
    assert reader.state.availability == Availability.NO_DEVICE
    assert reader.state.faults == {"reader_missing"}
    reader.step()
    rig.order("plug", device="id_reader")
    rig.order("lay", card="wei")
    read(reader)
    assert reader.state.availability == Availability.ONLINE
    assert told.of(CardRead)


def test_a_silent_reader_is_called_lost_after_three_misses(reader: IdReaderDriver, rig: RigClient) -> None:
    rig.order("silence", device="id_reader", on=True)
    reader.step()
    reader.step()
    assert reader.state.availability == Availability.ONLINE
    reader.step()
    assert reader.state.faults == {"reader_silent"}
    rig.order("silence", device="id_reader", on=False)
    reader.step()
    assert reader.state.availability == Availability.ONLINE


@pytest.fixture
def printer(rig: RigClient, rig_folder: Path, told: Told) -> PrinterDriver:
    fonts = sorted((ASSETS / "fonts").glob("*.ttf"))
    clock, kind = SystemClock(), profile("realtime", "custom")
    driver = PrinterDriver(
        lambda baud: open_link(str(rig_folder / "printer"), baud, clock),
        115200,
        Encoder(48, fonts),
        kind,
        clock,
        told.emit,
    )
    driver.step()
    return driver


def states(told: Told) -> list[PrintState]:
    return [m.state for m in told.of(PrintProgress) if isinstance(m, PrintProgress)]


def test_what_is_on_paper_is_what_was_meant(printer: PrinterDriver, rig: RigClient, told: Told) -> None:
    printer.handle(PrintDocument(job="a", document=RECEIPT), [])
    printer.step()
    assert states(told) == [PrintState.QUEUED, PrintState.SENDING, PrintState.CONFIRMED]
    _png, text, codes = rig.ticket(1)
    assert codes == ["BM1:T01-ABCD-000001-0"]
    assert text[0] == "收件回执"
    assert text[2].startswith("业务号 ")
    assert text[2].endswith(" T01-ABCD-000001-0")
    assert "".join(text).replace(" ", "").find("标点：（）￥——…「」") >= 0
    assert "[picture]" in text  # the line with characters that the printer's ROM has not
    assert "?" not in "".join(text)


def test_a_receipt_left_in_the_slot_is_noticed(printer: PrinterDriver, rig: RigClient, told: Told) -> None:
    printer.handle(PrintDocument(job="a", document=RECEIPT), [])
    printer.step()
    printer.step()
    rig.order("tear")
    printer.step()
    assert told.of(PaperAtSlot) == [PaperAtSlot(waiting=True), PaperAtSlot(waiting=False)]


def test_without_paper_nothing_is_sent(printer: PrinterDriver, rig: RigClient, told: Told) -> None:
    rig.order("empty")
    printer.handle(PrintDocument(job="a", document=RECEIPT), [])
    printer.step()
    assert states(told)[-1] == PrintState.FAILED
    assert printer.state.paper == Supply.OUT
    assert printer.state.faults == {"paper_out"}
    rig.order("refill")
    assert rig.order("state")["tickets"] == []


def test_paper_that_ends_in_the_middle_never_gives_the_next_citizen_this_receipt(
    printer: PrinterDriver, rig: RigClient, told: Told
) -> None:
    rig.order("empty", lines=3)
    printer.handle(PrintDocument(job="a", document=RECEIPT), [])
    printer.step()
    assert states(told)[-1] == PrintState.FAILED
    printer.step()  # its answers show that the order to clear has arrived: no hand puts paper in faster than that
    rig.order("refill")
    printer.handle(PrintDocument(job="b", document=PaperDocument(parts=[Words(text="下一位")])), [])
    printer.step()
    tickets = rig.order("state")["tickets"]
    printed = [rig.ticket(n)[1] for n in tickets]
    assert len(printed) == 2, printed
    half, whole = printed
    # Half a receipt is on paper and cannot be unprinted: it is cut off and taken back in before the next one.
    assert half[0] == "收件回执"
    assert not any("业务号" in line for line in half)
    assert whole == ["下一位", "", "", ""]
    assert rig.order("state")["retracted"] == 1


def test_an_open_cover_and_a_missing_printer_are_told_apart(printer: PrinterDriver, rig: RigClient) -> None:
    rig.order("cover", open=True)
    printer.step()
    assert printer.state.faults == {"printer_cover_open"}
    rig.order("unplug", device="printer")
    printer.step()
    assert printer.state.faults == {"printer_missing"}


def test_a_silent_printer_is_never_called_ready(printer: PrinterDriver, rig: RigClient, told: Told) -> None:
    rig.order("silence", device="printer", on=True)
    for _ in range(3):
        printer.step()
    assert printer.state.paper == Supply.UNKNOWN
    assert printer.state.faults == {"printer_silent"}
    printer.handle(PrintDocument(job="a", document=RECEIPT), [])
    printer.step()
    assert states(told)[-1] == PrintState.FAILED


def test_the_first_sign_of_life_is_one_that_the_supervisor_knows() -> None:
    assert Beat.model_validate_json(MESSAGE) == Beat()
