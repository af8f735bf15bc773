"""Sealed files at the platform, the same contract in a folder and in a bucket."""

from __future__ import annotations

import random
import threading
from pathlib import Path

import pytest

from sync.hub.blobs import BlobError, Blobs
from sync.hub.services import Platform
from sync.protocol.canonical import digest

DATA = random.Random(5).randbytes(10_000)
NAME = digest(DATA)


@pytest.fixture
def blobs(platform: Platform) -> Blobs:
    return platform.blobs


def test_a_blob_comes_in_pieces_and_is_there_once_it_is_whole(blobs: Blobs) -> None:
    assert blobs.offset(NAME) == (0, False)
    assert not blobs.append(NAME, 0, DATA[:4000], len(DATA))
    assert blobs.offset(NAME) == (4000, False)
    assert blobs.sizes([NAME]) == {}
    with pytest.raises(FileNotFoundError):
        blobs.read(NAME)
    assert blobs.append(NAME, 4000, DATA[4000:], len(DATA))
    assert blobs.offset(NAME) == (10_000, True)
    assert blobs.sizes([NAME, digest(b"another")]) == {NAME: 10_000}
    assert blobs.read(NAME) == DATA


def test_what_is_whole_takes_nothing_more(blobs: Blobs) -> None:
    assert blobs.append(NAME, 0, DATA, len(DATA))
    assert blobs.append(NAME, 0, b"other bytes", 11)
    assert blobs.read(NAME) == DATA


@pytest.mark.parametrize(
    ("offset", "data", "total"),
    [(10, DATA[10:20], 10_000), (-1, DATA[:10], 10_000), (0, DATA, 9_999), (0, DATA[:10], 0), (0, b"x", 10**12)],
)
def test_a_piece_in_another_place_changes_nothing(blobs: Blobs, offset: int, data: bytes, total: int) -> None:
    with pytest.raises(BlobError):
        blobs.append(NAME, offset, data, total)
    assert blobs.offset(NAME) == (0, False)


def test_a_wrong_byte_anywhere_is_found_and_the_part_thrown_away(blobs: Blobs) -> None:
    wrong = bytes([DATA[0] ^ 1]) + DATA[1:]
    blobs.append(NAME, 0, wrong[:4000], len(DATA))
    with pytest.raises(BlobError):
        blobs.append(NAME, 4000, wrong[4000:], len(DATA))
    assert blobs.offset(NAME) == (0, False)
    assert blobs.append(NAME, 0, DATA, len(DATA))


@pytest.mark.parametrize(
    "name", ["", "sha256:", "sha256:../../etc/passwd", "md5:" + "0" * 32, NAME.upper(), NAME + "0"]
)
def test_what_is_no_digest_is_no_name(blobs: Blobs, name: str) -> None:
    with pytest.raises(BlobError):
        blobs.offset(name)
    with pytest.raises(BlobError):
        blobs.append(name, 0, b"x", 1)


def test_two_that_send_the_same_blob_at_once_both_end_well(blobs: Blobs) -> None:
    """Each goes on where the platform says; one of two pieces for the same place is refused."""

    def send() -> None:
        place, complete = blobs.offset(NAME)
        while not complete:
            try:
                complete = blobs.append(NAME, place, DATA[place : place + 700], len(DATA))
                place += 700
            except BlobError:
                place, complete = blobs.offset(NAME)

    senders = [threading.Thread(target=send) for _ in range(2)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join(60)
    assert blobs.read(NAME) == DATA


def test_the_national_digest_names_a_blob_too(blobs: Blobs, tmp_path: Path) -> None:
    name = digest(DATA, "sm3")
    assert blobs.append(name, 0, DATA, len(DATA))
    assert blobs.read(name) == DATA
    assert blobs.offset(NAME) == (0, False)
