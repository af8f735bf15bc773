"""What is fuzzed: parsers of bytes that come from outside. Each target raises only where a parser breaks a promise."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import date

from devices.id_reader.card_layout import parse_text_block
from devices.id_reader.sam_frame import MAX_LENGTH, PREAMBLE, FrameParser, checksum
from devices.printer.status import StatusParser, decode, decode_automatic, decode_full, decode_slot
from kiosk.model.mrz import MrzError, MrzFormat, check_digit, parse_mrz

TODAY = date(2026, 1, 1)


def _stream(data: bytes) -> bytes:
    """Bytes for the frame parser: as they are, behind a preamble, or as a whole frame with one byte changed."""
    mode, body = data[0] % 4, data[1:]
    if mode == 0:
        return body
    if mode == 1:
        return PREAMBLE + body
    counted = (len(body) + 1).to_bytes(2, "big") + body
    frame = bytearray(PREAMBLE + counted + bytes((checksum(counted),)))
    if mode == 3:
        frame[data[0] % len(frame)] ^= 1 + (data[0] >> 4)
    return bytes(frame) + body[: data[0]]


def sam(data: bytes) -> None:
    """Frames of the ID reader, fed in two pieces at a place that the input chooses."""
    if not data:
        return
    stream = _stream(data)
    cut = data[-1] % (len(stream) + 1)
    parser = FrameParser()
    replies = [*parser.feed(stream[:cut]), *parser.feed(stream[cut:])]
    for reply in replies:
        body = reply.status + reply.data
        counted = (len(body) + 1).to_bytes(2, "big") + body
        assert len(counted) <= MAX_LENGTH + 2
        sent = PREAMBLE + counted + bytes((checksum(counted),))
        assert sent in stream, "a frame that was not sent, or one with a wrong checksum"
        with contextlib.suppress(ValueError):
            parse_text_block(reply.data[4:260])


def printer(data: bytes) -> None:
    """Answers of a printer, with and without automatic status."""
    for automatic in (False, True):
        parser = StatusParser(automatic=automatic)
        heard = [h for piece in (data[:3], data[3:]) for h in parser.feed(piece)]
        assert b"".join(h.data for h in heard) == data[: sum(len(h.data) for h in heard)], "bytes lost or made up"
        for h in heard:
            if h.kind == "automatic":
                assert h.data[0] & 0x93 == 0x10
                decode_automatic(h.data)
            elif h.kind == "realtime":
                assert h.data[0] & 0x93 == 0x12
            elif h.kind == "process":
                assert h.data[:2] == b"\x37\x22"
    if len(data) >= 4:
        decode(*data[:4])
        decode_slot(data[0])
    with contextlib.suppress(ValueError):
        decode_full(data[:6])


def mrz(data: bytes) -> None:
    """Lines of a machine-readable zone; most inputs are bent into the alphabet so that they get past it."""
    text = data.decode("latin-1")
    if data and data[0] % 8:
        alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ<"
        text = "".join(alphabet[b % 37] for b in data[1:])
        size = (30, 36, 44)[data[0] % 3]
        lines = [text[i * size : (i + 1) * size].ljust(size, "<") for i in range(3 if size == 30 else 2)]
    else:
        lines = text.split("\n")
    try:
        found = parse_mrz(lines, TODAY)
    except MrzError:
        return
    for day in (found.birth, found.expiry):
        assert not day or date.fromisoformat(day)
    if found.valid and found.format != MrzFormat.TD1:
        assert check_digit(lines[1][13:19]) == lines[1][19], "a wrong check digit was accepted"


TARGETS: dict[str, Callable[[bytes], None]] = {"sam": sam, "printer": printer, "mrz": mrz}
