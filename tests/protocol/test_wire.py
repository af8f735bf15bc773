"""What a later version may say, and this one still understands."""

from __future__ import annotations

import pytest
from pydantic import BaseModel, ValidationError

from sync.protocol.canonical import b64
from sync.protocol.envelope import Blob, Envelope, Stamp
from sync.protocol.suites import suite
from sync.protocol.wire import BatchAnswer, ChainHead, Heartbeat, Problem, Refusal, SignedRequest


@pytest.mark.parametrize(
    ("model", "field", "most"),
    [
        (Stamp, "epoch", 16),
        (Envelope, "form_version", 32),
        (Envelope, "receipt", 64),
        (ChainHead, "epoch", 16),
        (Heartbeat, "version", 32),
        (Heartbeat, "oldest", 40),
        (SignedRequest, "at", 40),
        (SignedRequest, "terminal", 64),
    ],
)
def test_a_text_has_at_most_the_length_that_its_column_has(model: type[BaseModel], field: str, most: int) -> None:
    def faults(length: int) -> list[str]:
        with pytest.raises(ValidationError) as found:
            model.model_validate({field: "x" * length, "sequence": "no number", "body": 0, "backlog": "no number"})
        return [f["type"] for f in found.value.errors() if f["loc"] == (field,)]

    assert faults(most) == []
    assert faults(most + 1) == ["string_too_long"]


def test_a_reason_of_a_later_version_is_no_captive_portal() -> None:
    assert Problem.model_validate_json('{"detail": "x", "reason": "not_on_sundays"}').reason == Refusal.OTHER
    answer = BatchAnswer.model_validate_json('{"answers": [{"status": "refused", "reason": "not_on_sundays"}]}')
    assert answer.answers[0].reason == Refusal.OTHER


def test_unknown_fields_inside_stamp_and_blobs_are_kept_and_signed() -> None:
    private, public = suite("intl").new_signing_key()
    blob = Blob.model_validate({"id": "body", "role": "body", "digest": "sha256:" + "0" * 64, "size": 1, "later": [1]})
    stamp = Stamp.model_validate({"raw": "", "trusted": "", "epoch": "E", "sequence": 1, "later": "x"})
    envelope = Envelope(
        suite="intl",
        key_id="k",
        terminal="T01",
        case_id="c",
        receipt="r",
        service="s",
        form_version="1",
        stamp=stamp,
        wrapped_key="",
        blobs=[blob],
    ).signed(private)
    again = Envelope.model_validate_json(envelope.model_dump_json())
    assert again == envelope
    assert again.verified(public)
    changed = again.model_copy(update={"stamp": stamp.model_copy(update={"later": "y"})})
    assert not changed.verified(public)
    assert changed.digest() != envelope.digest()


def test_a_request_by_an_unknown_suite_is_no_error() -> None:
    request = SignedRequest(terminal="T01", purpose="records", at="x", body="", signature=b64(b"x"))  # type: ignore[arg-type]
    assert not request.verified("rot13", b"")
