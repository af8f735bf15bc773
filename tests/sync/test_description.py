"""The description of the terminal API, and whether the platform keeps to it whatever it is asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import schemathesis
import urllib3
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from kiosk.config import ASSETS
from kiosk.model.clock import ManualClock
from sync.hub.services import Platform, open_platform
from sync.protocol.canonical import b64, digest
from sync.protocol.suites import suite
from sync.protocol.wire import BlobGrant, EnrolRequest, Problem, Purpose, SignedRequest
from tests.sync.server import serving, unhurried

INTL = suite("intl")
PRIVATE, PUBLIC = INTL.new_signing_key()
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
PUBLISHED = json.loads((Path(__file__).parents[2] / "docs" / "protocol" / "openapi.json").read_text())
OPERATIONS = sorted((method, path) for path, ways in PUBLISHED["paths"].items() for method in ways)


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    opened = open_platform(tmp_path_factory.mktemp("hub"), ASSETS / "catalogue", ManualClock(datetime.now(UTC)))
    opened.desk.enrol(EnrolRequest(code=opened.desk.new_code(), terminal="T01", suite="intl", public_key=b64(PUBLIC)))
    yield opened
    opened.engine.dispose()


@pytest.fixture(scope="module")
def url(platform: Platform) -> Iterator[str]:
    with unhurried(), serving(platform) as address:
        yield address


def asked(method: str, url: str, body: bytes = b"", **headers: str) -> urllib3.BaseHTTPResponse:
    sent = {"Content-Type": "application/json", **{k.replace("_", "-"): v for k, v in headers.items()}}
    return urllib3.request(method, url, body=body, headers=sent, retries=False, timeout=20)


def test_what_is_served_is_what_is_published(url: str) -> None:
    served = json.loads(asked("GET", url + "/v1/openapi.json").data)
    assert served == PUBLISHED
    assert all(path.startswith("/v1/") for path in served["paths"])


@pytest.mark.parametrize("operation", OPERATIONS, ids=" ".join)
def test_no_made_up_request_gets_an_answer_that_is_not_described(url: str, operation: tuple[str, str]) -> None:
    method, path = operation
    described = schemathesis.openapi.from_dict(PUBLISHED)
    described.config.update(base_url=url)

    way = described[path][method]

    @given(
        case=way.as_strategy(generation_mode=GenerationMode.POSITIVE)
        | way.as_strategy(generation_mode=GenerationMode.NEGATIVE)
    )
    @settings(
        max_examples=25,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def ask(case: Any) -> None:
        case.call_and_validate(checks=CHECKS)

    ask()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)
BATCHES = st.fixed_dictionaries({"records": st.lists(JSON, max_size=3)}) | st.fixed_dictionaries(
    {"ratings": st.lists(JSON, max_size=3)}
)


def signed(purpose: Purpose, body: str, at: str) -> SignedRequest:
    made = SignedRequest(terminal="T01", purpose=purpose, at=at, body=body, signature="")
    return made.model_copy(update={"signature": b64(INTL.sign(PRIVATE, made._signed()))})


@pytest.mark.parametrize("purpose", [Purpose.RECORDS, Purpose.HEARTBEAT, Purpose.RATINGS])
def test_whatever_an_enrolled_terminal_signs_is_answered(url: str, platform: Platform, purpose: Purpose) -> None:
    at = platform.clock.now().isoformat()

    @given(st.text(max_size=40) | (JSON | BATCHES).map(json.dumps))
    @settings(max_examples=60, deadline=None, derandomize=True, database=None)
    def ask(body: str) -> None:
        answer = asked("POST", f"{url}/v1/{purpose.value}", signed(purpose, body, at).model_dump_json().encode())
        assert answer.status in (200, 204, 403, 422)
        if answer.status >= 400:
            Problem.model_validate_json(answer.data)

    ask()


@pytest.mark.parametrize("nesting", [30, 500, 100_000])
def test_a_record_in_depths_is_refused_and_harms_nothing(url: str, platform: Platform, nesting: int) -> None:
    body = '{"records": [' + "[" * nesting + "]" * nesting + "]}"
    request = signed(Purpose.RECORDS, body, platform.clock.now().isoformat())
    assert asked("POST", url + "/v1/records", request.model_dump_json().encode()).status in (200, 422)


@pytest.mark.parametrize("junk", ["1e999", "99999999999999999999", '"\\ud800"', "NaN"])
def test_a_record_without_a_canonical_form_is_refused(url: str, platform: Platform, junk: str) -> None:
    record = {
        "suite": "intl",
        "key_id": "k",
        "terminal": "T01",
        "case_id": "c",
        "receipt": "r",
        "service": "s",
        "form_version": "1",
        "stamp": {"raw": "", "trusted": "", "epoch": "E", "sequence": 1},
        "wrapped_key": "",
        "blobs": [{"id": "body", "role": "body", "digest": digest(b""), "size": 1}],
    }
    body = json.dumps({"records": [record]}).replace('"suite"', f'"later": {junk}, "suite"')
    request = signed(Purpose.RECORDS, body, platform.clock.now().isoformat())
    answer = asked("POST", url + "/v1/records", request.model_dump_json().encode())
    assert (answer.status, json.loads(answer.data)["answers"][0]["status"]) == (200, "refused")


@pytest.mark.parametrize(
    ("offset", "length", "status"),
    [
        ("-1", "10", 400),
        ("+1", "10", 400),
        ("1_0", "100", 400),
        ("9" * 5000, "10", 400),
        ("0", "0", 400),
        ("0", "3", 400),
        ("0", "200000001", 413),
        ("5", "10", 403),
        ("", "", 400),
    ],
)
def test_a_place_that_cannot_be_is_told_so(url: str, offset: str, length: str, status: int) -> None:
    address = f"{url}/v1/blobs/{digest(b'here')}"
    answer = asked("PATCH", address, b"four", Upload_Offset=offset, Upload_Length=length)
    assert answer.status == status
    assert Problem.model_validate_json(answer.data).detail


def leave(platform: Platform, name: str, size: int) -> str:
    grant = BlobGrant(digest=name, size=size).model_dump_json()
    return signed(Purpose.BLOB, grant, platform.clock.now().isoformat()).as_header()


def test_a_piece_in_another_place_is_told_the_right_one(url: str, platform: Platform) -> None:
    name = digest(b"here")
    headers = {"Upload_Offset": "5", "Upload_Length": "10", "Authorization": leave(platform, name, 10)}
    answer = asked("PATCH", f"{url}/v1/blobs/{name}", b"four", **headers)
    assert (answer.status, answer.headers["Upload-Offset"]) == (409, "0")


def test_a_piece_without_bytes_is_none(url: str, platform: Platform) -> None:
    name = digest(b"later")
    address = f"{url}/v1/blobs/{name}"

    def send(data: bytes, size: int) -> urllib3.BaseHTTPResponse:
        headers = {"Upload_Offset": "0", "Upload_Length": str(size), "Authorization": leave(platform, name, size)}
        return asked("PATCH", address, data, **headers)

    assert send(b"", 5).status == 400
    assert send(b"later", 5).status == 204
    again = send(b"others", 6)
    assert (again.status, again.headers["Upload-Offset"], again.headers["Upload-Complete"]) == (204, "5", "?1")


@pytest.mark.parametrize("change", [{"suite": "rot13"}, {"public_key": ""}, {"public_key": "AA"}, {"public_key": "*"}])
def test_a_terminal_without_a_key_is_not_enrolled(url: str, platform: Platform, change: dict[str, str]) -> None:
    request = {"code": platform.desk.new_code(), "terminal": "T02", "suite": "intl", "public_key": b64(PUBLIC)}
    assert asked("POST", url + "/v1/enrol", json.dumps(request | change).encode()).status == 400


def test_a_terminal_of_another_suite_is_not_enrolled(url: str, platform: Platform) -> None:
    _private, public = suite("gm").new_signing_key()
    request = {"code": platform.desk.new_code(), "terminal": "T02", "suite": "gm", "public_key": b64(public)}
    answer = asked("POST", url + "/v1/enrol", json.dumps(request).encode())
    assert (answer.status, json.loads(answer.data)["reason"]) == (403, "wrong_suite")


def test_times_are_compared_as_moments_and_not_as_text(url: str, platform: Platform) -> None:
    """As from a terminal that writes its own zone: 09:30+08:00 is later than 01:29+00:00, and earlier than 01:31."""
    now = platform.clock.now() + timedelta(seconds=60)
    shanghai = timezone(timedelta(hours=8))

    def beat(at: datetime) -> int:
        request = signed(Purpose.HEARTBEAT, "{}", at.isoformat())
        return asked("POST", url + "/v1/heartbeat", request.model_dump_json().encode()).status

    assert [beat(now.astimezone(shanghai)), beat(now), beat(now + timedelta(seconds=1))] == [200, 403, 200]
    assert beat(now.astimezone(shanghai)) == 403
