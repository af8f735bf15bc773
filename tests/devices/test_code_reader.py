"""Barcodes and QR codes from a reader on a serial line, in either encoding and with any suffix."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.code_reader.codes import LONGEST, CodeStream, decoded
from devices.link import LinkFault
from kiosk.ipc.device_messages import CodeFailed, CodeRead, ReaderMode
from kiosk.model.device import Availability
from tests.devices.virtual import VirtualCodes

RECEIPT = "BM1:CD03-7K2M-000187-X"


def ready(ends: bytes = b"\r", *, waits: bool = False, **options: str) -> VirtualCodes:
    reader = VirtualCodes(ends, waits=waits, **options)
    reader.run(1)
    reader.mode(ReaderMode.READ)
    return reader


@pytest.fixture
def reader() -> VirtualCodes:
    return ready()


@pytest.mark.parametrize(
    ("suffix", "setting"), [(b"\r", "cr"), (b"\r\n", "cr"), (b"\n", "lf"), (b"\r\n", "lf"), (b"", "none")]
)
@pytest.mark.parametrize("encoding", ["utf-8", "gbk"])
def test_a_code_is_read_whatever_its_suffix_and_encoding(suffix: bytes, setting: str, encoding: str) -> None:
    reader = ready(suffix, suffix=setting)
    for text in (RECEIPT, "测试街道 18 号"):
        reader.codes.show(text, encoding)
        reader.run(1)
    assert [m.text for m in reader.told.of(CodeRead)] == [RECEIPT, "测试街道 18 号"]


def test_a_line_feed_inside_a_code_is_kept(reader: VirtualCodes) -> None:
    reader.codes.show("一\n二")
    reader.run(1)
    assert [m.text for m in reader.told.of(CodeRead)] == ["一\n二"]


def test_what_is_shown_before_somebody_asks_is_nobodys(reader: VirtualCodes) -> None:
    reader.mode(ReaderMode.OFF)
    reader.codes.show(RECEIPT)
    reader.run(1)
    reader.mode(ReaderMode.READ)
    reader.run(1)
    assert not reader.told


def test_a_reader_that_waits_for_its_trigger_is_told_to_look_and_again_after_it_was_without_power() -> None:
    reader = ready(waits=True, trigger="honeywell")
    assert reader.codes.looking
    reader.port.unplug()
    reader.codes.looking = False
    reader.run(3)
    reader.port.plug()
    reader.run(3)
    assert reader.codes.looking
    reader.mode(ReaderMode.OFF)
    assert not reader.codes.looking


def test_a_code_that_is_too_long_is_dropped_whole_and_the_next_one_is_read(reader: VirtualCodes) -> None:
    reader.codes.show("9" * (LONGEST + 1))
    reader.codes.show(RECEIPT)
    reader.run(1)
    assert reader.told.of(CodeFailed) == [CodeFailed()]
    assert [m.text for m in reader.told.of(CodeRead)] == [RECEIPT]


def _garble(reader: VirtualCodes) -> None:
    for n in range(3):
        reader.codes.show(bytes((0xFF, n + 0xF0, 0xFF)))
        reader.run(1)


def _leave(reader: VirtualCodes) -> None:
    for _ in range(9):
        reader.codes.show(RECEIPT)
        reader.run(1)


FAULTS: dict[str, tuple[Callable[[VirtualCodes], object], Callable[[VirtualCodes], object]]] = {
    "code_reader_missing": (lambda r: r.port.unplug(), lambda r: r.port.plug()),
    "code_reader_port_busy": (
        lambda r: (setattr(r.port, "refuse", LinkFault.BUSY), r.driver.close()),
        lambda r: setattr(r.port, "refuse", None),
    ),
    "code_reader_no_permission": (
        lambda r: (setattr(r.port, "refuse", LinkFault.NO_PERMISSION), r.driver.close()),
        lambda r: setattr(r.port, "refuse", None),
    ),
    "code_reader_garbled": (_garble, lambda r: r.codes.show(RECEIPT)),
    "code_left": (_leave, lambda r: r.run(32)),
}


@pytest.mark.parametrize("code", FAULTS)
def test_a_fault_of_the_code_reader_is_named_and_goes_with_its_cause(reader: VirtualCodes, code: str) -> None:
    FAULTS[code][0](reader)
    reader.run(3)
    assert reader.faults == {code}
    FAULTS[code][1](reader)
    reader.run(3)
    assert (reader.driver.state.availability, reader.faults) == (Availability.ONLINE, set())


def test_a_code_that_is_left_before_the_reader_is_told_no_more(reader: VirtualCodes) -> None:
    for _ in range(30):
        reader.codes.show(RECEIPT)
        reader.run(0.5)
    assert len(reader.told.of(CodeRead)) == 7


def test_a_cable_pulled_after_any_byte_never_makes_half_a_code() -> None:
    reader = ready()
    for place in range(len(RECEIPT) + 1):
        reader.port.cut_after = place
        reader.codes.show(RECEIPT)
        reader.run(2)
        reader.port.plug()
        reader.run(2)
    assert not reader.told.of(CodeRead)


@given(st.lists(st.text(min_size=1).filter(lambda t: not set(t) & set("\r\ufeff")), max_size=5), st.integers(1, 9))
def test_property_codes_come_whole_in_any_pieces(texts: list[str], piece: int) -> None:
    stream = b"".join(t.encode("utf-8", "surrogatepass") + b"\r" for t in texts)
    codes, found = CodeStream(), list[bytes]()
    for i in range(0, len(stream), piece):
        found += codes.feed(stream[i : i + piece], 0.0)
    # A line feed first in a code cannot be told from the second half of CR LF.
    expected = [t.encode("utf-8", "surrogatepass") for t in texts]
    starts = [e.removeprefix(b"\n") if i else e for i, e in enumerate(expected)]
    assert found == [e for e in starts if e]


@given(st.binary(max_size=300))
def test_property_any_bytes_are_text_or_refused(data: bytes) -> None:
    text = decoded(data)
    assert text is None or isinstance(text, str)
