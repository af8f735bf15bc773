"""Passports by their machine-readable zone, from a reader that speaks only when one is swiped."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.id_reader.mrz_lines import MrzLines
from devices.link import LinkFault
from devices.simulators.mrz_simulator import passport
from kiosk.ipc.device_messages import CardFailed, CardFault, CardRead, ReaderMode
from kiosk.model.device import Availability
from kiosk.model.identity import DocumentKind, Sex
from tests.devices.virtual import VirtualPassports

MIRA = passport("BEISPIEL", "MIRA", "X1234567", "880412", "340101")
WRONG = [MIRA[0], MIRA[1][:-1] + "9"]
VISA = [
    "V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<",
    "L8988901C4XXX4009078F96121096ZE184226B<<<<<<",
]


@pytest.fixture
def reader() -> VirtualPassports:
    reader = VirtualPassports()
    reader.run(1)
    reader.mode(ReaderMode.READ)
    return reader


def test_a_passport_is_read(reader: VirtualPassports) -> None:
    reader.passports.swipe()
    reader.run(1)
    (card,) = reader.told.of(CardRead)
    document = card.document
    assert (document.kind, document.name, document.number) == (DocumentKind.PASSPORT, "BEISPIEL MIRA", "X1234567")
    assert (document.birth, document.valid_to, document.sex) == ("1988-04-12", "2034-01-01", Sex.FEMALE)


def test_a_foreign_card_is_read(reader: VirtualPassports) -> None:
    lines = ["I<UTOD231458907<<<<<<<<<<<<<<<", "7408122F1204159UTO<<<<<<<<<<<6", "ERIKSSON<<ANNA<MARIA<<<<<<<<<<"]
    reader.passports.swipe(lines)
    reader.run(1)
    (card,) = reader.told.of(CardRead)
    assert (card.document.kind, card.document.name) == (DocumentKind.TRAVEL_CARD, "ERIKSSON ANNA MARIA")


def test_what_is_swiped_before_consent_is_nobodys(reader: VirtualPassports) -> None:
    reader.mode(ReaderMode.WATCH)
    reader.passports.swipe()
    reader.run(1)
    reader.mode(ReaderMode.READ)
    reader.run(1)
    assert not reader.told


def test_a_wrong_check_digit_is_never_a_document(reader: VirtualPassports) -> None:
    reader.passports.swipe(WRONG)
    reader.run(1)
    assert reader.told.of(CardFailed) == [CardFailed(fault=CardFault.UNREADABLE)]
    assert not reader.told.of(CardRead)


def test_a_visa_is_no_identity_document(reader: VirtualPassports) -> None:
    reader.passports.swipe(VISA)
    reader.run(1)
    assert reader.told.of(CardFailed) == [CardFailed(fault=CardFault.NOT_AN_ID_CARD)]


def _garble(reader: VirtualPassports) -> None:
    for _ in range(3):
        reader.passports.swipe(WRONG)
        reader.run(1)


FAULTS: dict[str, tuple[Callable[[VirtualPassports], object], Callable[[VirtualPassports], object]]] = {
    "mrz_reader_missing": (lambda r: r.port.unplug(), lambda r: r.port.plug()),
    "mrz_reader_port_busy": (
        lambda r: (setattr(r.port, "refuse", LinkFault.BUSY), r.driver.close()),
        lambda r: setattr(r.port, "refuse", None),
    ),
    "mrz_reader_no_permission": (
        lambda r: (setattr(r.port, "refuse", LinkFault.NO_PERMISSION), r.driver.close()),
        lambda r: setattr(r.port, "refuse", None),
    ),
    "mrz_reader_garbled": (_garble, lambda r: r.passports.swipe()),
}


@pytest.mark.parametrize("code", FAULTS)
def test_a_fault_of_the_passport_reader_is_named_and_goes_with_its_cause(reader: VirtualPassports, code: str) -> None:
    FAULTS[code][0](reader)
    reader.run(3)
    assert reader.faults == {code}
    FAULTS[code][1](reader)
    reader.run(3)
    assert (reader.driver.state.availability, reader.faults) == (Availability.ONLINE, set())


def test_a_cable_pulled_after_any_byte_never_makes_a_document(reader: VirtualPassports) -> None:
    for place in range(91):
        reader.port.cut_after = place
        reader.passports.swipe()
        reader.run(2)
        reader.port.plug()
        reader.run(2)
    assert not reader.told.of(CardRead)
    reader.passports.swipe()
    reader.run(1)
    assert len(reader.told.of(CardRead)) == 1


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n"])
@pytest.mark.parametrize("framed", [True, False])
def test_readers_that_end_their_lines_otherwise_are_understood(end: bytes, framed: bool) -> None:
    stream = end.join(line.encode() for line in MIRA) + (b"\x03" if framed else end)
    assert MrzLines().feed(b"\x02" * framed + stream) == [MIRA]


@given(st.binary(max_size=200), st.integers(1, 9))
def test_property_garbage_between_zones_costs_at_most_the_next_one(noise: bytes, size: int) -> None:
    lines = MrzLines()
    zone = b"".join(line.encode() + b"\r" for line in MIRA)
    stream = noise + b"\x02" + zone + b"\x03"
    found = [z for i in range(0, len(stream), size) for z in lines.feed(stream[i : i + size])]
    assert found[-1] == MIRA
