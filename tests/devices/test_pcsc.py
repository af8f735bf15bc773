"""Readers behind PC/SC, on a port of the test's own; and the library, where it is not installed."""

from __future__ import annotations

import sys

import pytest

from devices.id_reader.pcsc import PHOTO, TEXT, PcscError, PcscPort, PcscReaderDriver, system_port
from devices.simulators.people import PEOPLE, text_block
from kiosk.ipc.device_messages import (
    CardFailed,
    CardFault,
    CardPresent,
    CardRead,
    CardRemoved,
    ReaderMode,
    SetReaderMode,
)
from kiosk.model.clock import ManualClock
from kiosk.model.device import Availability
from tests.devices.virtual import Told


class FakeCard:
    def __init__(self, answers: dict[bytes, tuple[bytes, int]]) -> None:
        self.answers = answers
        self.open = True

    def transmit(self, apdu: bytes) -> tuple[bytes, int]:
        if apdu not in self.answers:
            raise PcscError("the card is gone")
        return self.answers[apdu]

    def close(self) -> None:
        self.open = False


class FakePort:
    def __init__(self) -> None:
        self.readers = ["Example CCID 00"]
        self.card: FakeCard | None = None
        self.broken = False

    def names(self) -> list[str]:
        if self.broken:
            raise PcscError("no service")
        return self.readers

    def connect(self, name: str) -> FakeCard | None:
        assert name in self.readers
        return self.card


def headed(data: bytes) -> tuple[bytes, int]:
    return len(data).to_bytes(4, "big") + data, 0x9000


def card_of(key: str) -> FakeCard:
    return FakeCard({TEXT: headed(text_block(PEOPLE[key])), PHOTO: headed(b"WL" + bytes(1022))})


class Desk:
    """A driver, its port, its clock."""

    def __init__(self, name: str = "") -> None:
        self.port, self.clock, self.told = FakePort(), ManualClock(), Told()

        def opened() -> PcscPort:
            return self.port

        self.driver = PcscReaderDriver(opened, name, self.clock, self.told.emit)

    def run(self, seconds: float) -> None:
        end = self.clock.monotonic() + seconds
        while self.clock.monotonic() < end:
            self.clock.advance(self.driver.step())

    def mode(self, mode: ReaderMode) -> None:
        self.driver.handle(SetReaderMode(mode=mode), [])


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.mode(ReaderMode.READ)
    desk.run(1)
    return desk


def test_a_card_is_read_once_and_its_removal_noticed(desk: Desk) -> None:
    desk.port.card = card_of("aygul")
    desk.run(3)
    desk.port.card = None
    desk.run(1)
    kinds = [type(m) for m in desk.told]
    assert kinds == [CardPresent, CardRead, CardRemoved]
    assert desk.told.of(CardRead)[0].document.number == PEOPLE["aygul"].number
    assert desk.driver.state.device_id == "Example CCID 00"


def test_a_card_that_still_lies_there_after_back_must_be_lifted_first(desk: Desk) -> None:
    desk.port.card = card_of("wei")
    desk.run(1)
    desk.mode(ReaderMode.WATCH)
    desk.mode(ReaderMode.READ)
    desk.run(2)
    assert len(desk.told.of(CardRead)) == 1
    assert desk.told.of(CardFailed) == [CardFailed(fault=CardFault.UNREADABLE)]
    desk.port.card = None
    desk.run(1)
    desk.port.card = card_of("wei")
    desk.run(1)
    assert len(desk.told.of(CardRead)) == 2


@pytest.mark.parametrize(
    ("answers", "fault"),
    [
        ({}, CardFault.UNREADABLE),
        ({TEXT: (b"", 0x6A82)}, CardFault.NOT_AN_ID_CARD),
        ({TEXT: (b"\x00\x00", 0x9000)}, CardFault.NOT_AN_ID_CARD),
        ({TEXT: ((9999).to_bytes(4, "big") + bytes(256), 0x9000), PHOTO: headed(b"")}, CardFault.NOT_AN_ID_CARD),
        ({TEXT: headed(bytes(256)), PHOTO: headed(b"")}, CardFault.NOT_AN_ID_CARD),
    ],
)
def test_a_card_that_is_none_is_said_so(desk: Desk, answers: dict[bytes, tuple[bytes, int]], fault: CardFault) -> None:
    desk.port.card = FakeCard(answers)
    desk.run(2)
    assert [m.fault for m in desk.told.of(CardFailed)] == [fault]
    assert not desk.port.card.open


def _break(desk: Desk) -> None:
    desk.port.broken = True


def _mend(desk: Desk) -> None:
    desk.port.broken = False


FAULTS = {"reader_pcsc": (_break, _mend)}


def test_a_service_that_is_gone_is_named_and_comes_back(desk: Desk) -> None:
    _break(desk)
    desk.run(3)
    assert (desk.driver.state.availability, desk.driver.state.faults) == (Availability.HARDWARE_ERROR, {"reader_pcsc"})
    _mend(desk)
    desk.run(3)
    assert (desk.driver.state.availability, desk.driver.state.faults) == (Availability.ONLINE, set())


def test_a_reader_of_another_name_is_not_taken() -> None:
    desk = Desk("Model-X")
    desk.run(3)
    assert (desk.driver.state.availability, desk.driver.state.faults) == (Availability.NO_DEVICE, {"reader_missing"})


def test_a_card_that_is_left_is_told_to_staff(desk: Desk) -> None:
    desk.mode(ReaderMode.WATCH)
    desk.port.card = card_of("wei")
    desk.run(25)
    assert desk.driver.state.faults == {"card_left"}
    desk.port.card = None
    desk.run(1)
    assert desk.driver.state.faults == set()


def test_without_the_library_the_technician_is_told_which(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "devices.id_reader.pcsc_system", None)
    with pytest.raises(PcscError, match="pyscard is not installed"):
        system_port()
