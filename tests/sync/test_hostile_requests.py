"""Anything at all as the body of a request: an answer, never an exception."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sync.hub.door import Malformed, _beat, _incoming
from sync.hub.ingest import Incoming
from sync.protocol.envelope import Blob, Envelope, Stamp
from sync.protocol.wire import Purpose, SignedRequest

ENVELOPE = Envelope(
    suite="intl",
    key_id="k",
    terminal="T01",
    case_id="case-1",
    receipt="T01-0000-000001-0",
    service="residence-permit",
    form_version="2026.11",
    stamp=Stamp(raw="2026", trusted="2026", epoch="AB12", sequence=1),
    wrapped_key="AAAA",
    blobs=[Blob(id="body", role="body", digest="sha256:" + "0" * 64, size=1)],
    signature="AAAA",
).model_dump(mode="json")

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def request(body: str) -> SignedRequest:
    return SignedRequest(terminal="T01", purpose=Purpose.RECORDS, at="2026", body=body, signature="")


@given(st.text(max_size=200))
def test_property_any_text_is_answered(body: str) -> None:
    for read in (_incoming, _beat):
        read(request(body))


@settings(max_examples=300)
@given(st.dictionaries(st.sampled_from([*ENVELOPE, "more"]), VALUES, max_size=4), st.integers(0, 3))
def test_property_any_change_to_a_record_leaves_the_others(change: dict[str, Any], good: int) -> None:
    body = json.dumps({"records": [ENVELOPE | change] + [ENVELOPE] * good})
    found = _incoming(request(body))
    assert isinstance(found, Incoming | Malformed)
    if isinstance(found, Incoming):
        assert all(isinstance(r, Envelope) for r in found.records[1:])
        for record in found.records:
            if isinstance(record, Envelope):
                record.with_digest()
