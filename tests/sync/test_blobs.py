"""Sealed files at the platform, the same contract in a folder and in a bucket."""

from __future__ import annotations

import errno
import io
import random
import threading
from collections.abc import Callable
from pathlib import Path

import obstore
import pytest
import urllib3
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError

from sync.client import Altered, NoNetwork
from sync.hub.blobs import BlobError, Blobs, FolderBlobs, name_of
from sync.hub.bucket import BucketBlobs, _piece
from sync.hub.services import Platform
from sync.outbox import UNREADABLE, Sent
from sync.protocol.canonical import digest
from sync.protocol.wire import BlobGrant, Purpose, SignedRequest
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
    assert blobs.read_part(NAME, 10, 20) == DATA[10:30]
    assert blobs.read_part(NAME, 9_990, 10) == DATA[-10:]
    with pytest.raises(FileNotFoundError):
        blobs.read_part(digest(b"another"), 0, 10)


def test_what_is_whole_takes_nothing_more(blobs: Blobs) -> None:
    assert blobs.append(NAME, 0, DATA, len(DATA))
    assert blobs.append(NAME, 0, b"other bytes", 11)
    assert blobs.read(NAME) == DATA


def left_by_a_process_that_died(blobs: Blobs, name: str, data: bytes) -> None:
    """All bytes are there; it did not come to the digest."""
    if isinstance(blobs, FolderBlobs):
        (blobs._parts / name_of(name)).write_bytes(data)
    else:
        assert isinstance(blobs, BucketBlobs)
        obstore.put(blobs._store, _piece(name_of(name), 0), data)


def test_a_blob_with_all_its_bytes_is_completed_by_none(blobs: Blobs) -> None:
    left_by_a_process_that_died(blobs, NAME, DATA)
    assert blobs.offset(NAME) == (10_000, False)
    assert blobs.append(NAME, 10_000, b"", 10_000)
    assert blobs.read(NAME) == DATA


@pytest.mark.parametrize("there", [DATA, bytes(10_000)])
def test_a_terminal_goes_on_where_a_process_died_before_the_digest(
    there: bytes, terminal: Terminal, platform: Platform
) -> None:
    """Also where what is there is not what was sent."""
    case_id = terminal.submit()
    (outgoing,) = terminal.cases.due(terminal.clock.now().timestamp())
    for blob in outgoing.envelope.blobs:
        data = terminal.files.path(outgoing.files[blob.id]).read_bytes()
        left_by_a_process_that_died(platform.blobs, blob.digest, data if there == DATA else bytes(len(data)))
        terminal.client._begun.add(blob.digest)
    assert terminal.outbox.send_next() == Sent.SENT
    line = terminal.cases.line(case_id)
    assert line is not None
    assert line.state == "stored"


def test_what_was_changed_at_the_platform_is_sent_again_and_sets_no_case_aside(
    terminal: Terminal, platform: Platform
) -> None:
    """A loss of power there, say, has left the first bytes of a file as zeros."""
    terminal.submit()
    (outgoing,) = terminal.cases.due(terminal.clock.now().timestamp())
    blob = outgoing.envelope.blobs[0]
    left_by_a_process_that_died(platform.blobs, blob.digest, bytes(10))
    assert terminal.outbox.send_next() == Sent.NOTHING_DUE
    terminal.cases.try_now()
    assert terminal.outbox.send_next() == Sent.SENT


def test_what_never_arrives_as_it_was_sent_is_a_matter_for_people_and_holds_no_other_case_up(
    terminal: Terminal, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = terminal.submit(), terminal.submit()
    send = terminal.client.send_blob
    bad = {b.digest for o in terminal.cases.due(terminal.clock.now().timestamp())[:1] for b in o.envelope.blobs}

    def altered(digest: str, file: Path, leave: Callable[[str, int], SignedRequest]) -> None:
        if digest in bad:
            raise Altered("what arrived is not what was sent")
        send(digest, file, leave)

    monkeypatch.setattr(terminal.client, "send_blob", altered)
    assert terminal.outbox.send_next() == Sent.SENT
    lines = [terminal.intake.line(case_id) for case_id in (first, second)]
    assert sorted(line.state for line in lines if line is not None) == ["queued", "stored"]
    for _ in range(UNREADABLE):
        assert terminal.cases.held() == 0
        terminal.cases.try_now()
        terminal.outbox.send_next()
    assert terminal.cases.held() == 1


@pytest.mark.parametrize(
    "bad", [Altered("a piece has changed on its way"), OSError(errno.EIO, "the disk said no once")]
)
def test_after_days_without_network_one_file_that_fails_once_sets_no_case_aside(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, bad: Exception
) -> None:
    terminal.submit()
    said: list[Exception] = [NoNetwork("down")] * (2 * UNREADABLE) + [bad]
    send = terminal.client.send_blob

    def fails(digest: str, file: Path, leave: Callable[[str, int], SignedRequest]) -> None:
        if said:
            raise said.pop(0)
        send(digest, file, leave)

    monkeypatch.setattr(terminal.client, "send_blob", fails)
    while said:
        terminal.cases.try_now()
        terminal.outbox.send_next()
    assert terminal.cases.held() == 0
    terminal.cases.try_now()
    assert terminal.outbox.send_next() == Sent.SENT


def test_a_file_that_was_changed_at_the_terminal_is_a_matter_for_people(terminal: Terminal) -> None:
    terminal.submit()
    (outgoing,) = terminal.cases.due(terminal.clock.now().timestamp())
    file = terminal.files.path(outgoing.files[outgoing.envelope.blobs[0].id])
    file.write_bytes(bytes(file.stat().st_size))
    assert terminal.outbox.send_next() == Sent.NOTHING_DUE
    assert terminal.cases.held() == 1


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
