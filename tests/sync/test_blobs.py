"""Sealed files at the platform, the same contract in a folder and in a bucket."""

from __future__ import annotations

import io
import random
import threading
from pathlib import Path

import pytest
import urllib3
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError

from sync.hub.blobs import BlobError, Blobs
from sync.hub.services import Platform
from sync.protocol.canonical import digest
from sync.protocol.wire import BlobGrant, Purpose
from tests.sync.conftest import Terminal

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


# by tus 1.0, with another's client


@pytest.fixture
def leave(terminal: Terminal) -> dict[str, str]:
    return {"Authorization": terminal.sign(Purpose.BLOB, BlobGrant(digest=NAME, size=len(DATA))).as_header()}


def test_a_client_of_tus_brings_a_blob(url: str, blobs: Blobs, leave: dict[str, str]) -> None:
    known = TusClient(f"{url}/v1/blobs", headers=leave)
    first = known.uploader(file_stream=io.BytesIO(DATA), chunk_size=3000)
    first.upload_chunk()
    assert blobs.offset(NAME) == (3000, False)
    # It was cut off, and goes on where the platform says.
    again = known.uploader(file_stream=io.BytesIO(DATA), chunk_size=3000, url=first.url)
    assert again.get_offset() == 3000
    again.upload()
    assert again.offset == len(DATA)
    assert blobs.read(NAME) == DATA
    # What is whole is taken for done.
    once_more = known.uploader(file_stream=io.BytesIO(DATA), chunk_size=4000)
    once_more.upload_chunk()
    assert once_more.offset == len(DATA)


def test_tus_needs_a_leave_too(url: str, blobs: Blobs, leave: dict[str, str]) -> None:
    for headers, content in (({}, DATA), ({"Authorization": "Basic x"}, DATA), (leave, DATA[:-1])):
        with pytest.raises(TusCommunicationError):
            TusClient(f"{url}/v1/blobs", headers=headers).uploader(file_stream=io.BytesIO(content)).upload()
    assert blobs.offset(NAME) == (0, False)


def test_what_is_said_to_a_client_of_tus(url: str, leave: dict[str, str]) -> None:
    told = urllib3.request("OPTIONS", f"{url}/v1/blobs")
    assert (told.status, told.headers["Tus-Version"], told.headers["Tus-Extension"]) == (204, "1.0.0", "creation")
    newer = {**leave, "Tus-Resumable": "2.0.0", "Upload-Length": str(len(DATA))}
    refused = urllib3.request("POST", f"{url}/v1/blobs", headers=newer)
    assert (refused.status, refused.headers["Tus-Version"]) == (412, "1.0.0")
    here = urllib3.request("HEAD", f"{url}/v1/blobs/{NAME}", headers=leave)
    assert (here.headers["Upload-Length"], here.headers["Upload-Offset"]) == (str(len(DATA)), "0")
    assert {a.headers["Tus-Resumable"] for a in (told, refused, here)} == {"1.0.0"}
    assert "Upload-Length" not in urllib3.request("HEAD", f"{url}/v1/blobs/{NAME}").headers


def test_the_national_digest_names_a_blob_too(blobs: Blobs, tmp_path: Path) -> None:
    name = digest(DATA, "sm3")
    assert blobs.append(name, 0, DATA, len(DATA))
    assert blobs.read(name) == DATA
    assert blobs.offset(NAME) == (0, False)
