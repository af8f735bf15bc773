"""Checks of what comes first: the platform's answer at all, enrolment, blobs."""

from __future__ import annotations

import json
import os

from sync.conformance.report import NotHeld, expect
from sync.conformance.session import Session
from sync.conformance.terminal import Terminal
from sync.protocol.canonical import b64, digest, unb64
from sync.protocol.envelope import MAX_BLOB
from sync.protocol.published import root_version
from sync.protocol.suites import SUITES, suite
from sync.protocol.wire import BlobGrant, EnrolAnswer, Ping, Purpose, Refusal

PIECE = 5000


def _enrol_text(session: Session, **change: str) -> bytes:
    _private, public = suite(session.suite).new_signing_key()
    request = {"code": session.code, "terminal": session.name, "suite": session.suite, "public_key": b64(public)}
    return json.dumps(request | change).encode()


def ping_tells_a_platform(session: Session) -> None:
    answer = session.wire.ask("GET", "/v1/ping")
    answer.read(Ping)
    expect("json" in answer.headers.get("Content-Type", ""), "the answer to /v1/ping is not JSON by its Content-Type")


def no_page_and_no_redirect(session: Session) -> None:
    """Whatever it is asked: a page or a redirect counts as a captive portal at a terminal."""
    asked = [("GET", "/v1/ping/"), ("GET", "/v1/nothing"), ("POST", "/v1/records"), ("GET", "/v1/heartbeat")]
    asked += [("GET", "/v1/content/metadata/none"), ("POST", "/v1/enrol"), ("HEAD", "/v1/blobs/none")]
    for method, path in asked:
        answer = session.wire.ask(method, path, b"nothing" if method == "POST" else b"")
        expect(not 300 <= answer.status < 400, f"{answer.asked} is redirected ({answer.status})")
        expect("text/html" not in answer.headers.get("Content-Type", ""), f"{answer.asked} is answered with a page")
        expect(answer.status < 500, f"{answer.asked} is answered {answer.status}")


def a_wrong_code_enrols_nobody(session: Session) -> None:
    session.wire.ask("POST", "/v1/enrol", _enrol_text(session, code="0" * 16)).refused(Refusal.UNKNOWN_CODE)


def a_request_without_a_key_does_not_use_up_the_code(session: Session) -> None:
    for change in ({"public_key": "AA"}, {"suite": "rot13"}, {"terminal": "no/name"}):
        session.wire.ask("POST", "/v1/enrol", _enrol_text(session, **change)).must_be(400, 422)


def a_code_enrols_once(session: Session) -> None:
    private, public = suite(session.suite).new_signing_key()
    asked = _enrol_text(session, public_key=b64(public))
    trust = session.wire.ask("POST", "/v1/enrol", asked).read(EnrolAnswer)
    for name in ("sealing", "acknowledging"):
        key = getattr(trust, name)
        expect(key.suite in SUITES, f"the {name} key is of an unknown suite, {key.suite!r}")
        try:
            unb64(key.public)
        except ValueError:
            raise NotHeld(f"the {name} key is not base64url") from None
    try:
        root_version(trust.root.encode())
    except ValueError:
        raise NotHeld("the root of published files is none") from None
    expect(trust.sealing.suite == session.suite, f"enrolled by {session.suite}, told to seal by {trust.sealing.suite}")
    terminal = Terminal(session.wire, session.name, session.suite, trust, private, session.clock)
    terminal.learn_time()
    session.enrolled = terminal
    session.wire.ask("POST", "/v1/enrol", asked).refused(Refusal.UNKNOWN_CODE)


# blobs


def _blob(size: int = 3 * PIECE) -> tuple[str, bytes]:
    data = os.urandom(size)
    return digest(data), data


def a_blob_resumes_at_the_byte(session: Session) -> None:
    name, data = _blob()
    terminal = session.terminal
    expect(terminal.wire.progress(name) == (0, False), "a blob that nobody has sent is not at offset 0")
    first = terminal.piece(name, 0, data[:PIECE], len(data)).must_be(204)
    expect(first.offset == (PIECE, False), "the answer to a piece does not tell where it ends")
    expect(terminal.wire.progress(name) == (PIECE, False), "HEAD does not tell where to go on")
    last = terminal.piece(name, PIECE, data[PIECE:], len(data)).must_be(204)
    expect(last.offset == (len(data), True), "the answer to the last piece does not say that the blob is complete")
    expect(terminal.wire.progress(name) == (len(data), True), "HEAD does not say that the blob is complete")


def a_piece_in_another_place_changes_nothing(session: Session) -> None:
    name, data = _blob()
    terminal = session.terminal
    terminal.piece(name, 0, data[:PIECE], len(data)).must_be(204)
    for place in (0, PIECE + 1, 2 * PIECE):
        refused = terminal.piece(name, place, data[place : place + 10], len(data)).must_be(409)
        expect(refused.offset[0] == PIECE, "a 409 does not tell the offset to go on at")
    expect(terminal.wire.progress(name) == (PIECE, False), "a piece in another place was taken")
    complete = terminal.piece(name, PIECE, data[PIECE:], len(data)).must_be(204).offset[1]
    expect(complete, "a blob is not complete although all its bytes are there")


def a_wrong_digest_is_never_complete(session: Session) -> None:
    name, data = _blob()
    wrong = bytes([data[0] ^ 1]) + data[1:]
    answer = session.terminal.piece(name, 0, wrong, len(wrong))
    expect(not session.wire.progress(name)[1], "bytes with another digest are complete under this one")
    answer.must_be(409)
    expect(session.wire.progress(name) == (0, False), "after a wrong digest the blob does not start anew")
    expect(
        session.terminal.piece(name, 0, data, len(data)).must_be(204).offset[1], "the right bytes are not taken then"
    )


def what_is_complete_takes_nothing_more(session: Session) -> None:
    name, data = _blob()
    session.terminal.piece(name, 0, data, len(data)).must_be(204)
    again = session.terminal.piece(name, 0, data, len(data)).must_be(204)
    expect(again.offset == (len(data), True), "a complete blob that comes again is not answered as complete")
    session.terminal.piece(name, 0, b"other", 5)
    expect(session.wire.progress(name) == (len(data), True), "a complete blob was changed")


def places_that_cannot_be_are_refused(session: Session) -> None:
    name, data = _blob()
    terminal = session.terminal
    for offset, total in ((-1, 10), ("x", 10), (0, ""), ("9" * 30, 10), (0, 0)):
        terminal.piece(name, offset, data[:5], total).must_be(400)
    terminal.piece(name, 0, data, len(data) - 1).must_be(400, 409)
    terminal.piece(name, 0, data[:5], MAX_BLOB + 1).must_be(413, 409)
    terminal.piece("sha256:..%2f..%2fx", 0, data[:5], 5).must_be(400, 404)
    expect(terminal.wire.progress(name) == (0, False), "bytes in a place that cannot be were taken")


def nobody_uploads_without_leave(session: Session) -> None:
    name, data = _blob()
    other, _data = _blob()
    terminal = session.terminal
    leaves = {
        "without leave": ("", Refusal.BAD_SIGNATURE),
        "with a leave that is none": ("Bianmin AAAA", Refusal.BAD_SIGNATURE),
        "with the leave for another blob": (terminal.leave(other, len(data)), Refusal.WRONG_PURPOSE),
        "with the leave for another size": (terminal.leave(name, len(data) + 1), Refusal.WRONG_PURPOSE),
        "with a sign of life as leave": (
            terminal.sign(Purpose.HEARTBEAT, BlobGrant(digest=name, size=len(data))).as_header(),
            Refusal.WRONG_PURPOSE,
        ),
    }
    for words, (leave, reason) in leaves.items():
        answer = terminal.piece(name, 0, data, len(data), leave)
        expect(session.wire.progress(name) == (0, False), f"bytes were taken {words}")
        answer.refused(reason)
