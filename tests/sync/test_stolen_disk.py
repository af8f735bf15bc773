"""A thief has the terminal's whole disk, all its keys, and all the time in the world."""

from __future__ import annotations

import itertools

import pytest

from kiosk.security.credentials import load_credentials
from sync.hub.services import Platform
from sync.protocol.canonical import unb64
from sync.protocol.case_file import CaseOpener
from sync.protocol.suites import SealError
from tests.sync.conftest import JPEG, PERSON, Terminal

WORDS = [
    PERSON.name.encode(),
    PERSON.number.encode(),
    PERSON.address.encode(),
    b"13900000002",
    b"example_city",
    JPEG[200:264],
]


def test_fifty_unsent_cases_cannot_be_read(terminal: Terminal, platform: Platform) -> None:
    for _ in range(50):
        terminal.submit()
    folder = terminal.store.path.parent
    secrets = load_credentials(folder / "credentials")
    # The thief opens the database with its key: every table, every value.
    tables = [r[0] for r in terminal.store.rows("SELECT name FROM sqlite_master WHERE type = 'table'")]
    rows = [repr(r).encode() for table in tables for r in terminal.store.rows(f"SELECT * FROM {table}")]
    # All but the published packages, whose own examples have invented people too.
    files = [p for p in folder.rglob("*") if p.is_file() and "content" not in p.parts]
    content = b"\n".join([*rows, *(p.read_bytes() for p in files)])
    assert len(terminal.cases.waiting()) == 50
    assert [w for w in WORDS if w in content] == []
    # Each key, and each part of a key that could be one, on each case.
    keys = [secrets.store_key, secrets.signing_key, secrets.tag_key, unb64(platform.keys.sealing[0].public)]
    for outgoing, key in itertools.product(terminal.cases.waiting()[:10], keys):
        with pytest.raises((SealError, ValueError)):
            CaseOpener.unwrapping(outgoing.envelope, key)
        sealed = terminal.files.path(outgoing.files["body"]).read_bytes()
        if len(key) == 32:
            with pytest.raises((SealError, ValueError)):
                CaseOpener(outgoing.envelope, key).body(sealed)
    # The platform can.
    opener = CaseOpener.unwrapping(outgoing.envelope, platform.keys.sealing[0].secret)
    assert opener.body(sealed).identity["name"] == PERSON.name


def test_the_search_would_find_what_is_there(terminal: Terminal) -> None:
    terminal.submit()
    terminal.store.put("leak", PERSON.number)
    rows = repr(terminal.store.rows("SELECT * FROM meta")).encode()
    assert [w for w in WORDS if w in rows] == [PERSON.number.encode()]
