"""Picture files that are broken, or made to break a reader: one clear error, in bounded time and memory."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from devices.scanner.codes import read_codes
from devices.scanner.load import LARGEST, BadPicture, load_picture

PLAIN = Image.fromarray(np.random.default_rng(1).integers(0, 255, (120, 160, 3)).astype(np.uint8))


def encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


FILES = {kind: encoded(PLAIN, kind) for kind in ("JPEG", "PNG", "TIFF", "WEBP", "BMP")}


@pytest.mark.parametrize("kind", FILES)
def test_every_format_is_read(kind: str) -> None:
    assert load_picture(FILES[kind]).shape == (120, 160, 3)


@pytest.mark.parametrize(
    "picture",
    [
        PLAIN.convert("CMYK"),
        Image.fromarray((np.arange(120 * 160).reshape(120, 160) * 3).astype(np.uint16)),
        PLAIN.convert("1"),
        PLAIN.convert("P"),
        PLAIN.convert("LA"),
        PLAIN.convert("RGBA"),
    ],
    ids=["cmyk", "16 bit", "1 bit", "palette", "grey with alpha", "alpha"],
)
def test_every_kind_of_pixels_becomes_bgr(picture: Image.Image) -> None:
    seen = load_picture(encoded(picture, "TIFF" if picture.mode == "CMYK" else "PNG"))
    assert (seen.shape, seen.dtype) == ((120, 160, 3), np.uint8)
    assert seen.std() > 5


def test_a_cmyk_jpeg_is_read() -> None:
    assert load_picture(encoded(PLAIN.convert("CMYK"), "JPEG")).shape == (120, 160, 3)


def test_the_camera_s_note_on_its_position_is_followed() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    assert load_picture(encoded(PLAIN, "JPEG", exif=exif)).shape == (160, 120, 3)


def test_of_several_pictures_the_first_is_taken() -> None:
    frames = [PLAIN, PLAIN.rotate(90, expand=True)]
    assert load_picture(encoded(frames[0], "TIFF", save_all=True, append_images=frames[1:])).shape == (120, 160, 3)
    assert load_picture(encoded(frames[0], "WEBP", save_all=True, append_images=[PLAIN.rotate(180)])).shape == (
        120,
        160,
        3,
    )


def huge_png(side: int) -> bytes:
    """A few bytes that say they are ``side`` by ``side`` pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("side", [30_000, 65_000, 2**31 - 1])
def test_a_picture_that_says_it_is_huge_is_refused_before_it_is_unpacked(side: int) -> None:
    assert side * side > LARGEST
    with pytest.raises(BadPicture):
        load_picture(huge_png(side))


@pytest.mark.parametrize("data", [b"", b"\xff\xd8\xff", b"<svg/>", b"%PDF-1.4", b"GIF89a" + bytes(20), bytes(1000)])
def test_what_is_no_picture_is_said_to_be_none(data: bytes) -> None:
    with pytest.raises(BadPicture):
        load_picture(data)


@pytest.mark.parametrize("kind", FILES)
def test_a_file_cut_off_anywhere_is_a_picture_or_an_error(kind: str) -> None:
    whole = FILES[kind]
    for end in range(0, len(whole), max(1, len(whole) // 60)):
        try:
            assert load_picture(whole[:end]).ndim == 3
        except BadPicture:
            continue


@settings(max_examples=200)
@given(
    st.sampled_from(sorted(FILES)),
    st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), min_size=1, max_size=8),
)
def test_property_changed_bytes_make_a_picture_or_an_error(kind: str, changes: list[tuple[float, int]]) -> None:
    data = bytearray(FILES[kind])
    for place, value in changes:
        data[int(place * len(data))] = value
    try:
        picture = load_picture(bytes(data))
    except BadPicture:
        return
    assert picture.ndim == 3
    assert picture.shape[0] * picture.shape[1] <= LARGEST


@pytest.mark.parametrize("shape", [(1, 1, 3), (8, 3000, 3), (64, 64, 3)])
def test_codes_are_looked_for_on_any_picture(shape: tuple[int, int, int]) -> None:
    assert read_codes(np.full(shape, 200, np.uint8)) == []
