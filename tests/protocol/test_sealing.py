import os
from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from sync.protocol.canonical import b64, canonical, digest
from sync.protocol.case_file import CaseBody, CaseOpener, DocumentInfo, PageInfo, PlatformKey, seal_case
from sync.protocol.envelope import Blob, Envelope, Stamp
from sync.protocol.pin import check_pin, hash_pin
from sync.protocol.suites import CHUNK, SealError, suite

INTL = suite("intl")
PRIVATE, PUBLIC = INTL.new_sealing_key()


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])
def test_what_is_sealed_opens_again(size: int) -> None:
    key, plain = INTL.new_data_key(), os.urandom(size)
    assert INTL.open(key, INTL.seal(key, plain, b"here"), b"here") == plain


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 3 * (CHUNK + 16)), st.integers(1, 255))
def test_property_any_changed_byte_is_noticed(place: int, change: int) -> None:
    key = INTL.new_data_key()
    sealed = bytearray(INTL.seal(key, bytes(3 * CHUNK), b""))
    sealed[place % len(sealed)] ^= change
    with pytest.raises(SealError):
        INTL.open(key, bytes(sealed), b"")


@pytest.mark.parametrize("cut", [0, 10, 11 + CHUNK + 16, -1])
def test_a_cut_file_does_not_open(cut: int) -> None:
    key = INTL.new_data_key()
    with pytest.raises(SealError):
        INTL.open(key, INTL.seal(key, bytes(2 * CHUNK), b"")[:cut], b"")


def test_chunks_cannot_change_places() -> None:
    key = INTL.new_data_key()
    sealed = INTL.seal(key, os.urandom(3 * CHUNK), b"")
    head, body, step = sealed[:11], sealed[11:], CHUNK + 16
    swapped = head + body[step : 2 * step] + body[:step] + body[2 * step :]
    with pytest.raises(SealError):
        INTL.open(key, swapped, b"")


def _case() -> tuple[CaseBody, Envelope, dict[str, bytes]]:
    page = b"%PDF-1.7 pages"
    body = CaseBody(
        case_id="case-1",
        receipt="T01-ABCD-000001-0",
        service="residence-permit",
        form_version="2026.3",
        language="zh",
        captured="2026-03-02T09:30:00+08:00",
        identity={"name": "王𠮷"},
        answers={"address": "柳荫路18号"},
        pages=[PageInfo(id="p1", material="lease", width=1, height=1, digest=digest(page))],
        documents=[DocumentInfo(id="doc-lease", material="lease", digest=digest(page))],
    )
    sealed = seal_case(body, {"lease": page}, "T01", PlatformKey("k1", "intl", PUBLIC))
    signing, _public = INTL.new_signing_key()
    envelope = Envelope(
        suite="intl",
        key_id="k1",
        terminal="T01",
        case_id=body.case_id,
        receipt=body.receipt,
        service=body.service,
        form_version=body.form_version,
        stamp=Stamp(raw="x", trusted="x", epoch="ABCD", sequence=1),
        wrapped_key=b64(sealed.wrapped_key),
        blobs=sealed.blobs,
    ).signed(signing)
    return body, envelope, sealed.files


def test_only_the_platform_opens_a_case() -> None:
    body, envelope, files = _case()
    opener = CaseOpener.unwrapping(envelope, PRIVATE)
    assert opener.body(files["body"]) == body
    assert opener.document("doc-lease", files["doc-lease"]).startswith(b"%PDF")
    other, _public = INTL.new_sealing_key()
    with pytest.raises(SealError):
        CaseOpener.unwrapping(envelope, other)


@pytest.mark.parametrize(
    ("name", "value"), [("terminal", "T02"), ("case_id", "case-2"), ("service", "x"), ("form_version", "2")]
)
def test_a_wrapped_key_opens_no_other_record(name: str, value: str) -> None:
    _body, envelope, _files = _case()
    with pytest.raises(SealError):
        CaseOpener.unwrapping(envelope.model_copy(update={name: value}), PRIVATE)


def test_a_page_cannot_stand_in_for_the_body() -> None:
    _body, envelope, files = _case()
    with pytest.raises(SealError):
        CaseOpener.unwrapping(envelope, PRIVATE).body(files["doc-lease"])


def test_unknown_fields_are_kept_and_signed() -> None:
    private, public = INTL.new_signing_key()
    _body, envelope, _files = _case()
    newer = Envelope.model_validate({**envelope.model_dump(), "from_the_future": "yes"}).signed(private)
    again = Envelope.model_validate_json(newer.model_dump_json())
    assert again.verified(public)
    assert not Envelope.model_validate({**again.model_dump(), "from_the_future": "no"}).verified(public)


def test_an_unknown_suite_is_an_error_not_a_crash() -> None:
    _body, envelope, _files = _case()
    assert not envelope.model_copy(update={"suite": "rot13"}).verified(PUBLIC)
    with pytest.raises(SealError):
        suite("rot13")


def test_canonical_form_does_not_depend_on_order() -> None:
    assert canonical({"b": 1, "a": ["王𠮷", None]}) == canonical({"a": ["王𠮷", None], "b": 1})


def test_pins() -> None:
    stored = hash_pin("2468")
    assert check_pin("2468", stored)
    assert not check_pin("2469", stored)
    assert not check_pin("2468", "no hash at all")


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), JSON_VALUES, max_size=5))
def test_property_the_canonical_form_is_that_of_rfc_8785(value: dict[str, Any]) -> None:
    try:
        expected = rfc8785.dumps(value)
    except rfc8785.CanonicalizationError:
        with pytest.raises(rfc8785.CanonicalizationError):
            canonical(value)
        return
    assert canonical(value) == expected


@given(st.text(max_size=20), st.text(max_size=20), st.dictionaries(st.text(min_size=1), JSON_VALUES, max_size=2))
def test_property_an_envelope_is_signed_in_canonical_form(raw: str, wrapped: str, more: dict[str, Any]) -> None:
    """Known fields are written as they stand, later versions' by another way; both as RFC 8785 wants them."""
    _body, envelope, _files = _case()
    given_fields = envelope.model_dump() | {
        "wrapped_key": wrapped,
        "stamp": {**envelope.stamp.model_dump(), "raw": raw},
    }
    for plain in (given_fields, more | given_fields):
        made = Envelope.model_validate(plain)
        try:
            expected = rfc8785.dumps(made.model_dump(exclude={"signature"}))
        except rfc8785.CanonicalizationError:
            continue
        assert made.signed_part() == expected
    known = Envelope.model_validate(given_fields)
    assert Envelope.model_validate_json(known.with_digest()[0]) == known


@pytest.mark.parametrize("model", [Envelope, Stamp, Blob])
def test_fields_stand_in_the_order_of_the_canonical_form(model: type[BaseModel]) -> None:
    assert list(model.model_fields) == sorted(model.model_fields)
