import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.printer.encoder import Encoder
from devices.printer.layout import TextLine, width, wrapped
from devices.printer.status import decode, is_realtime, is_transmit
from devices.simulators.escpos_reader import EscPosReader
from kiosk.model.device import Supply
from kiosk.model.paper import Align
from tests.devices.virtual import FONTS


@pytest.mark.parametrize(
    ("answers", "faults", "paper"),
    [
        ("12 12 12 12", set(), Supply.FULL),
        ("12 12 12 1E", {"paper_low"}, Supply.LOW),
        ("1A 32 12 7E", {"paper_out"}, Supply.OUT),
        ("1A 16 12 12", {"printer_cover_open"}, Supply.FULL),
        ("1A 52 1A 12", {"printer_cutter"}, Supply.FULL),
        ("1A 12 12 12", {"printer_offline"}, Supply.FULL),
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


@pytest.mark.parametrize("text", ["王㛃𠮷 䶮", "ئايگۈل مەمەت", "ئۇيغۇر 维吾尔 Uyghur gjpqy", "ئ" * 200])
@pytest.mark.parametrize("size", [1, 2])
def test_a_line_that_is_a_picture_is_whole_and_keeps_the_grid(text: str, size: int) -> None:
    encoder = Encoder(48, FONTS)
    (op,) = [o for o in EscPosReader().feed(encoder._raster(TextLine(text, Align.LEFT, size))) if o.name == "raster"]
    wide, high = int.from_bytes(op.data[:2], "little"), int.from_bytes(op.data[2:4], "little")
    assert (wide, high) == (72, 30 * size)
    rows = [op.data[4 + y * wide : 4 + (y + 1) * wide] for y in range(high)]
    assert any(any(row) for row in rows), "nothing is drawn"
    assert not any(rows[0]), "cut off above"
    assert not any(rows[-1]), "cut off below"


def test_a_joined_script_is_written_joined_and_from_the_right() -> None:
    encoder = Encoder(48, FONTS)

    def ink(text: str) -> bytes:
        (op,) = [o for o in EscPosReader().feed(encoder._raster(TextLine(text))) if o.name == "raster"]
        return op.data

    # Letters on their own, with a break between them, look different from a word.
    assert ink("مەن") != ink("م\u200cە\u200cن")
    assert ink("بج") != ink("جب")
