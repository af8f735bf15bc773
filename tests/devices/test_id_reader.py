"""The SAM_V reader: frames from the published layouts, then the driver on a simulated line."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.id_reader.card_layout import parse_text_block
from devices.id_reader.sam import Command
from devices.id_reader.sam_frame import FrameParser, request
from devices.simulators.people import PEOPLE, text_block
from kiosk.model.identity import DocumentKind

FRAMES = Path(__file__).parents[3] / "shared" / "data" / "idcard_frames"
shared = pytest.mark.skipif(not FRAMES.exists(), reason="the shared card frames are not beside this checkout")
OK_REPLY = bytes.fromhex("AAAAAA96690004000090 94".replace(" ", ""))


def frame(name: str) -> bytes:
    return bytes.fromhex((FRAMES / f"{name}.hex").read_text())


@shared
@pytest.mark.parametrize(
    ("command", "name"),
    [
        (Command.RESET, "cmd_reset"),
        (Command.STATUS, "cmd_sam_status"),
        (Command.SAM_ID, "cmd_sam_id"),
        (Command.FIND, "cmd_find"),
        (Command.SELECT, "cmd_select"),
        (Command.READ_BASE, "cmd_read_base"),
        (Command.READ_ADDRESS, "cmd_read_new_addr"),
    ],
)
def test_commands_are_the_published_bytes(command: Command, name: str) -> None:
    code, parameter, _seconds = command.value
    assert request(code, parameter) == frame(name)


@shared
@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("rsp_base_resident", DocumentKind.RESIDENT),
        ("rsp_base_hmt_J", DocumentKind.HMT_PERMIT),
        ("rsp_base_foreign2017_I", DocumentKind.FOREIGNER_2017),
    ],
)
def test_each_layout_is_read(name: str, kind: DocumentKind) -> None:
    (reply,) = FrameParser().feed(frame(name))
    document = parse_text_block(reply.data[4:260])
    assert document.kind == kind
    assert document.number
    assert document.name
    assert not document.birth or document.birth[4] == "-"


@shared
@pytest.mark.parametrize("name", ["bad_checksum", "bad_len_huge", "bad_len_zero", "bad_truncated_600"])
def test_a_bad_frame_gives_nothing_and_the_next_one_is_read(name: str) -> None:
    parser = FrameParser()
    assert parser.feed(frame(name)) == []
    # What is missing of a cut frame swallows what follows, until the checksum shows it.
    replies = [r for _ in range(200) for r in parser.feed(OK_REPLY)]
    assert replies
    assert all(r.status == b"\0\0\x90" for r in replies)


@given(st.binary(max_size=40), st.lists(st.integers(1, 7), min_size=1, max_size=20))
def test_property_garbage_before_and_pieces_of_any_size_do_not_matter(noise: bytes, pieces: list[int]) -> None:
    noise = noise.replace(b"\xaa", b"\xab")
    stream, parser, found, place = noise + OK_REPLY, FrameParser(), 0, 0
    while place < len(stream):
        step = pieces[place % len(pieces)]
        found += len(parser.feed(stream[place : place + step]))
        place += step
    assert found == 1


@given(st.binary(max_size=400))
def test_property_any_bytes_are_taken_without_a_crash(data: bytes) -> None:
    for reply in FrameParser().feed(b"\xaa\xaa\xaa\x96\x69" + data):
        assert len(reply.status) == 3


def test_an_overlapping_preamble_is_found() -> None:
    assert len(FrameParser().feed(b"\xaa" + OK_REPLY)) == 1


@pytest.mark.parametrize("key", PEOPLE)
def test_invented_cards_read_back_as_they_are(key: str) -> None:
    person = PEOPLE[key]
    document = parse_text_block(text_block(person), person.newest_address)
    assert (document.name, document.number) == (person.name, person.number)
    assert document.address == (person.newest_address or person.address)
    assert document.valid_to == ("" if person.valid_to == "长期" else "20" + document.valid_to[2:])


@pytest.mark.parametrize("block", [b"", bytes(256), b"\x20\x00" * 128, bytes(255)])
def test_an_empty_block_is_no_card(block: bytes) -> None:
    with pytest.raises(ValueError, match="text block"):
        parse_text_block(block)


@given(st.binary(min_size=256, max_size=256))
def test_property_any_text_block_is_a_document_or_an_error(block: bytes) -> None:
    with contextlib.suppress(ValueError):
        assert parse_text_block(block).number
