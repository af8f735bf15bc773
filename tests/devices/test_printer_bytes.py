import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.printer.layout import width, wrapped
from devices.printer.status import decode, is_realtime, is_transmit
from devices.simulators.escpos_reader import EscPosReader
from kiosk.model.device import Supply


@pytest.mark.parametrize(
    ("answers", "faults", "paper"),
    [
        ("12 12 12 12", set(), Supply.FULL),
        ("12 12 12 1E", {"paper_low"}, Supply.LOW),
        ("1A 32 12 7E", {"paper_out"}, Supply.OUT),
        ("1A 16 12 12", {"printer_cover_open"}, Supply.FULL),
        ("1A 52 1A 12", {"printer_cutter"}, Supply.FULL),
        ("1A 12 12 12", {"printer_error"}, Supply.FULL),
        ("12 12 12 16", {"paper_low"}, Supply.LOW),
    ],
)
def test_published_status_bytes(answers: str, faults: set[str], paper: Supply) -> None:
    status = decode(*bytes.fromhex(answers))
    assert (set(status.faults), status.paper) == (faults, paper)


def test_no_byte_is_both_a_realtime_and_a_transmitted_status() -> None:
    assert not [b for b in range(256) if is_realtime(b) and is_transmit(b)]


@given(st.text(st.sampled_from("中文，。ab c-𠮷é"), max_size=200), st.sampled_from([32, 42, 48]))
def test_property_lines_fit_and_nothing_is_lost(text: str, columns: int) -> None:
    lines = list(wrapped(text, columns))
    assert all(width(line) <= columns for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


@given(st.binary(max_size=300), st.integers(1, 40))
def test_property_the_simulated_printer_takes_any_bytes_in_any_pieces(data: bytes, piece: int) -> None:
    whole, pieces = EscPosReader(), EscPosReader()
    at_once = whole.feed(data)
    assert at_once == [op for i in range(0, len(data), piece) for op in pieces.feed(data[i : i + piece])]
