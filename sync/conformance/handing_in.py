"""Checks of what becomes of cases: once for ever, never half, never another's, with a word that can be verified."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from kiosk.model.ids import new_id
from sync.conformance.report import expect
from sync.conformance.session import Session
from sync.conformance.wire import NoAnswer
from sync.protocol.canonical import b64, canonical
from sync.protocol.envelope import Acknowledgement, Envelope
from sync.protocol.suites import suite
from sync.protocol.wire import MAX_BODY, BatchAnswer, Heartbeat, Purpose, RecordBatch, RecordStatus, Refusal

LATE = 3600.0
"""Seconds beside the platform's time that no request may be."""


def a_whole_case_is_stored(session: Session) -> None:
    case = session.terminal.seal()
    word = session.terminal.deliver(case)
    session.delivered.append((case, word))
    try:
        aware = datetime.fromisoformat(word.received).tzinfo is not None
    except ValueError:
        aware = False
    expect(aware, f"the acknowledgement tells no time with a zone: {word.received!r}")


def a_repeat_gets_the_same_word(session: Session) -> None:
    case, word = session.first
    for _ in range(2):
        [answer] = session.terminal.hand_in(case.envelope)
        expect(answer.status == RecordStatus.DUPLICATE, f"a repeat is {answer.status.value}, not a duplicate")
        again = session.terminal.word(answer, case.envelope)
        expect(again == word, "a repeat got another acknowledgement than the first time")


def a_case_twice_in_one_batch_is_stored_once(session: Session) -> None:
    case = session.terminal.seal()
    session.terminal.bring(case)
    answers = session.terminal.hand_in(case.envelope, case.envelope)
    expect(
        sorted(a.status for a in answers) == [RecordStatus.DUPLICATE, RecordStatus.STORED],
        f"the same case twice in a batch is {' and '.join(a.status.value for a in answers)}",
    )
    expect(answers[0].acknowledgement == answers[1].acknowledgement, "it got two acknowledgements")


def a_case_from_many_sides_at_once_is_stored_once(session: Session) -> None:
    case = session.terminal.seal()
    session.terminal.bring(case)
    with ThreadPoolExecutor(6) as pool:
        sent = list(pool.map(lambda _: session.terminal.send(case.envelope), range(6)))
    found = [answer.read(BatchAnswer).answers[0] for answer in sent]
    stored = sum(a.status == RecordStatus.STORED for a in found)
    session.terminal.stored += stored
    expect(stored <= 1, f"it was stored {stored} times")
    words = {session.terminal.word(a, case.envelope).model_dump_json() for a in found}
    expect(len(words) == 1, f"it got {len(words)} acknowledgements")


def another_content_is_a_conflict(session: Session) -> None:
    case, word = session.first
    other = session.terminal.seal(case_id=case.envelope.case_id, previous=case.envelope.previous, note="other")
    session.terminal.bring(other)
    [answer] = session.terminal.hand_in(other.envelope)
    expect(
        answer.status == RecordStatus.CONFLICT and answer.acknowledgement is None,
        f"another content under a known case id is {answer.status.value}",
    )
    [again] = session.terminal.hand_in(case.envelope)
    expect(
        again.status == RecordStatus.DUPLICATE and again.acknowledgement == word,
        "after a conflict the first content is not what the platform holds",
    )


def a_case_without_its_blobs_is_put_off(session: Session) -> None:
    case = session.terminal.seal()
    [answer] = session.terminal.hand_in(case.envelope)
    expect(answer.acknowledgement is None, "a case was acknowledged before its blobs were there")
    expect(answer.status == RecordStatus.LATER, f"a case without its blobs is {answer.status.value}, not later")
    expect(set(answer.missing) == set(case.files), "the answer does not list the missing blobs")
    name = case.envelope.body_digest()
    session.terminal.piece(name, 0, case.files[name], len(case.files[name])).must_be(204)
    [half] = session.terminal.hand_in(case.envelope)
    expect(half.status == RecordStatus.LATER, f"a case with one of its blobs is {half.status.value}, not later")
    session.terminal.deliver(case)


def a_blob_of_another_size_is_refused(session: Session) -> None:
    case = session.terminal.seal()
    session.terminal.bring(case)
    blobs = [b.model_copy(update={"size": b.size + 1}) for b in case.envelope.blobs]
    wrong = session.terminal.signed(case.envelope.model_copy(update={"blobs": blobs}))
    [answer] = session.terminal.hand_in(wrong)
    expect(
        (answer.status, answer.acknowledgement) == (RecordStatus.REFUSED, None),
        f"an envelope whose blob has another size is {answer.status.value}",
    )


def a_case_of_another_terminal_is_refused(session: Session) -> None:
    other = "ZY98" if session.name != "ZY98" else "ZY97"
    case = session.terminal.seal(terminal=other)
    session.terminal.bring(case)
    [answer] = session.terminal.hand_in(case.envelope)
    expect(
        (answer.status, answer.reason) == (RecordStatus.REFUSED, Refusal.ANOTHER_TERMINAL),
        f"a case in another terminal's name is {answer.status.value} ({answer.reason})",
    )


def a_bad_record_harms_no_other(session: Session) -> None:
    case = session.terminal.seal()
    session.terminal.bring(case)
    records = [{"version": 1}, case.envelope.model_dump(mode="json"), "no record", {"later": 2**60}]
    request = session.terminal.sign_text(Purpose.RECORDS, json.dumps({"records": records}))
    answers = session.wire.ask("POST", "/v1/records", request).read(BatchAnswer).answers
    found = [a.status.value for a in answers]
    session.terminal.stored += found.count("stored")
    expect(found == ["refused", "stored", "refused", "refused"], f"a good record among bad ones: {', '.join(found)}")


def fields_of_a_later_version_are_kept(session: Session) -> None:
    case = session.terminal.seal(later={"list": [1, "二", None]})
    plain = case.envelope.model_dump(mode="json")
    plain["stamp"]["later"] = True
    plain["blobs"][0]["later"] = "yes"
    envelope = session.terminal.signed(Envelope.model_validate(plain))
    session.terminal.bring(case)
    [answer] = session.terminal.hand_in(envelope)
    expect(answer.status == RecordStatus.STORED, f"an envelope with unknown fields is {answer.status.value}")
    session.terminal.word(answer, envelope)


def every_word_of_a_batch_verifies_and_no_other(session: Session) -> None:
    cases = [session.terminal.seal() for _ in range(5)]
    for case in cases:
        session.terminal.bring(case)
    answers = session.terminal.hand_in(*(c.envelope for c in cases))
    words = [session.terminal.word(a, c.envelope) for a, c in zip(answers, cases, strict=True)]
    changes: list[Callable[[Acknowledgement], dict[str, object]]] = [
        lambda w: {"case_id": new_id()},
        lambda w: {"envelope": w.envelope[:-1] + ("0" if w.envelope[-1] != "0" else "1")},
        lambda w: {"received": w.received.replace("20", "21", 1)},
        lambda w: {"count": w.count + 1},
        lambda w: {"path": [*w.path, b64(bytes(32))]},
        lambda w: {"signature": b64(bytes(64))},
        lambda w: {"key_id": w.key_id + "x"},
    ]
    for word in words:
        for change in changes:
            tampered = word.model_copy(update=change(word))
            expect(not session.terminal.believes(tampered), f"an acknowledgement still verifies with {change(word)}")


# who sends


def _beat(session: Session, **change: str) -> bytes:
    request = session.terminal.sign(Purpose.HEARTBEAT, Heartbeat(backlog=1))
    return request.model_copy(update=change).model_dump_json().encode()


def a_forged_request_is_refused(session: Session) -> None:
    crypto = suite(session.suite)
    stranger, _public = crypto.new_signing_key()
    forged = b64(crypto.sign(stranger, b"anything"))
    for change in ({"signature": forged}, {"signature": ""}, {"body": canonical(Heartbeat(backlog=2)).decode()}):
        session.wire.ask("POST", "/v1/heartbeat", _beat(session, **change)).refused(Refusal.BAD_SIGNATURE)
    case, _word = session.first
    request = session.terminal.sign(Purpose.RECORDS, RecordBatch(records=[case.envelope]))
    bad = request.model_copy(update={"signature": forged})
    session.wire.ask("POST", "/v1/records", bad).refused(Refusal.BAD_SIGNATURE)


def a_request_for_something_else_is_refused(session: Session) -> None:
    beat = session.terminal.sign(Purpose.HEARTBEAT, Heartbeat())
    for path in ("/v1/records", "/v1/ratings"):
        session.wire.ask("POST", path, beat).refused(Refusal.WRONG_PURPOSE)
    case, _word = session.first
    carried = session.terminal.sign(Purpose.CARRIED, RecordBatch(records=[case.envelope]))
    session.wire.ask("POST", "/v1/records", carried).refused(Refusal.WRONG_PURPOSE)


def a_stranger_is_refused(session: Session) -> None:
    session.wire.ask("POST", "/v1/heartbeat", _beat(session, terminal="ZY99")).refused(Refusal.UNKNOWN_TERMINAL)


def an_old_or_future_request_is_refused(session: Session) -> None:
    for off in (-LATE, LATE):
        request = session.terminal.sign(Purpose.HEARTBEAT, Heartbeat(), session.terminal.at(off))
        session.wire.ask("POST", "/v1/heartbeat", request).refused(Refusal.EXPIRED)
    case, _word = session.first
    late = session.terminal.sign(Purpose.RECORDS, RecordBatch(records=[case.envelope]), session.terminal.at(-LATE))
    session.wire.ask("POST", "/v1/records", late).refused(Refusal.EXPIRED)


def too_much_is_told_so(session: Session) -> None:
    try:
        session.wire.ask("POST", "/v1/records", b'"' + b"x" * (MAX_BODY + 1000) + b'"').must_be(413)
    except NoAnswer:
        # Who closes without reading the rest may be heard no more; then the platform must still be there.
        session.wire.ask("GET", "/v1/ping").must_be(200)
    case, _word = session.first
    many = {"records": [case.envelope.model_dump(mode="json")] * 101}
    for body in (json.dumps(many), "", "[]", '{"records": []}', "no JSON"):
        request = session.terminal.sign_text(Purpose.RECORDS, body)
        session.wire.ask("POST", "/v1/records", request).must_be(422)
