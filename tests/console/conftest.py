"""A platform with people, terminals and cases, and a browser without a window."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

import pytest
import urllib3
from argon2 import PasswordHasher
from sqlalchemy import Connection, insert

from kiosk.model.clock import ManualClock
from kiosk.model.fault import Fault, load_faults
from kiosk.model.ids import new_id, receipt_number
from sync.hub.console.site import FAULTS
from sync.hub.console.speech import Speech
from sync.hub.counts import moved
from sync.hub.database import transaction
from sync.hub.roles import Role
from sync.hub.schema import cases, quarantine, terminals
from sync.hub.services import Platform, Storage, open_platform
from sync.hub.words import load_words
from tests.sync.server import serving

PASSWORD = "a long password"


def iso(platform: Platform, seconds: float) -> str:
    """So many seconds ago."""
    return (platform.clock.now() - timedelta(seconds=seconds)).isoformat()


def add_terminal(platform: Platform, name: str, **values: object) -> None:
    """A terminal that was heard a minute ago and is well, but for ``values``."""
    row = {
        "terminal": name,
        "suite": "intl",
        "public_key": "",
        "enrolled": iso(platform, 9000),
        "version": "2026.11",
        "last_contact": iso(platform, 60),
        "free_bytes": 50 * 10**9,
        **values,
    }
    transaction(platform.engine, lambda connection: connection.execute(insert(terminals).values(**row)))


def envelope(terminal: str, case_id: str, receipt: str, **values: object) -> dict[str, object]:
    blobs = [{"id": "body", "role": "body", "material": "", "digest": "sha256:" + "0" * 64, "size": 10}]
    stamp = {"raw": "2026-11-26T01:00:00+00:00", "trusted": "2026-11-26T01:00:00+00:00", "epoch": "7K2M", "sequence": 1}
    plain: dict[str, object] = {"suite": "intl", "key_id": "k", "terminal": terminal, "case_id": case_id}
    plain |= {"receipt": receipt, "service": "residence-permit", "form_version": "2026.3", "stamp": stamp}
    return {**plain, "wrapped_key": "", "blobs": blobs, **values}


def add_case(platform: Platform, terminal: str, number: int, **values: object) -> str:
    """A case without its files; returns its id."""
    case_id, receipt = new_id(), receipt_number(terminal, "7K2M", number)
    row = {
        "terminal": terminal,
        "case_id": case_id,
        "envelope_digest": f"sha256:{number:064d}",
        "envelope": json.dumps(envelope(terminal, case_id, receipt)),
        "receipt": receipt,
        "service": "residence-permit",
        "received": iso(platform, 60),
        "epoch": "7K2M",
        "sequence": number,
        "previous": "",
        "state": "accepted",
        "acknowledgement": "{}",
        **values,
    }

    def write(connection: Connection) -> None:
        connection.execute(insert(cases).values(**row))
        moved(connection, Counter({(terminal, str(row["state"])): 1}))

    transaction(platform.engine, write)
    return case_id


def add_apart(platform: Platform, terminal: str, digit: str, content: str, **values: object) -> str:
    """A record set apart; returns its digest."""
    digest = "sha256:" + digit * 64
    row = {"terminal": terminal, "content_digest": digest, "reason": "bad_envelope", "content": content}
    row |= {"received": iso(platform, 60), **values}
    transaction(platform.engine, lambda connection: connection.execute(insert(quarantine).values(**row)))
    return digest


@pytest.fixture(autouse=True)
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Argon2id at a cost that tests can bear; that it is dear is not what they are about."""
    monkeypatch.setattr("sync.hub.users.PasswordHasher", partial(PasswordHasher, time_cost=1, memory_cost=64))


@pytest.fixture(params=["sqlite", "postgresql"])
def storage(request: pytest.FixtureRequest) -> Storage:
    """What is asked of the database is asked of both."""
    if request.param == "sqlite":
        return Storage()
    return Storage(request.getfixturevalue("server").url(f"t{new_id()[-12:]}"))


def opened(folder: Path, storage: Storage) -> Platform:
    """A platform without services: to publish them takes longer than most tests."""
    nothing = folder / "nothing"
    nothing.mkdir()
    return open_platform(folder / "hub", nothing, ManualClock(datetime.now(UTC)), storage=storage)


@pytest.fixture
def platform(tmp_path: Path, storage: Storage) -> Iterator[Platform]:
    made = opened(tmp_path, storage)
    yield made
    made.engine.dispose()


@pytest.fixture(scope="session")
def faults() -> dict[str, Fault]:
    return load_faults(FAULTS)


@pytest.fixture(params=["zh", "en"])
def say(request: pytest.FixtureRequest, faults: dict[str, Fault]) -> Speech:
    now = datetime(2026, 11, 26, 1, 0, tzinfo=UTC)
    return Speech(request.param, now, load_words()[request.param], faults, {"card": {"zh": "卡", "en": "Card"}})


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Platform]:
    """A platform in a folder, with one user of each role."""
    made = opened(tmp_path, Storage())
    for role in Role:
        made.users.set_password(f"{role}-1", PASSWORD, role)
    yield made
    made.engine.dispose()


@pytest.fixture
def address(here: Platform) -> Iterator[str]:
    with serving(here) as served:
        yield served


class Visitor:
    """What a browser does, as far as the server can tell."""

    def __init__(self, address: str) -> None:
        self._http = urllib3.PoolManager(retries=False)
        self.address = address
        self.cookie = ""
        self.csrf = ""

    def get(self, path: str, **headers: str) -> urllib3.BaseHTTPResponse:
        return self._http.request(
            "GET", self.address + path, headers={"Cookie": self.cookie, **headers}, redirect=False
        )

    def post(self, path: str, headers: dict[str, str] | None = None, **form: str) -> urllib3.BaseHTTPResponse:
        sent = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": self.cookie, **(headers or {})}
        return self._http.request("POST", self.address + path, headers=sent, body=urlencode(form), redirect=False)

    def act(self, path: str, **form: str) -> urllib3.BaseHTTPResponse:
        """A form of a page, with the token that pages carry."""
        return self.post(path, csrf=self.csrf, **form)

    def log_in(self, name: str, password: str = PASSWORD) -> urllib3.BaseHTTPResponse:
        answer = self.post("/console/login", name=name, password=password)
        if answer.status == 303:
            self.cookie = answer.headers["Set-Cookie"].partition(";")[0]
            found = re.search(r'name="csrf" value="([^"]+)"', self.get("/console/password").data.decode())
            assert found
            self.csrf = found[1]
        return answer


@pytest.fixture
def visitor(address: str) -> Visitor:
    return Visitor(address)
