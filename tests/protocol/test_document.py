"""The standard and the code say the same: sections, reasons, limits."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sync.client import PIECE
from sync.conformance import arriving, handing_in
from sync.conformance.run import CHECKS, UNSEEN
from sync.hub.senders import FRESH
from sync.hub.terminals import MOST_CHANGES
from sync.outbox import BASE, CAP
from sync.protocol.envelope import MAX_BLOB
from sync.protocol.suites import CHUNK
from sync.protocol.wire import MAX_BODY, MAX_RECORDS, ChainState, Purpose, RecordStatus, Refusal

DOCS = Path(__file__).parents[2] / "docs"
TWINS = ("protocol.md", "protocol.zh-CN.md")


@pytest.fixture(params=TWINS)
def text(request: pytest.FixtureRequest) -> str:
    return (DOCS / request.param).read_text()


def sections(text: str) -> list[str]:
    return re.findall(r"^#{2,3} ([0-9.]+?)\.? ", text, re.MULTILINE)


def test_the_twins_have_the_same_sections_tables_and_examples() -> None:
    one, other = ((DOCS / name).read_text() for name in TWINS)
    assert sections(one) == sections(other)
    assert one.count("\n|") == other.count("\n|")
    assert one.count("```") == other.count("```")
    assert set(re.findall(r"`[a-z_]{3,}`", one)) == set(re.findall(r"`[a-z_]{3,}`", other))


def test_every_clause_that_is_checked_is_there(text: str) -> None:
    clauses = {c.clause.split()[0] for c in CHECKS} | {clause.split()[0] for _n, _g, clause, _w in UNSEEN}
    assert clauses <= set(sections(text))


def test_every_word_of_the_wire_is_explained(text: str) -> None:
    words = [w.value for kind in (Refusal, RecordStatus, ChainState, Purpose) for w in kind]
    assert [w for w in words if f"`{w}`" not in text and w != Refusal.OTHER] == []


def test_limits_are_those_of_the_code(text: str) -> None:
    assert (MAX_BODY, MAX_BLOB, FRESH, MAX_RECORDS, MOST_CHANGES) == (4_000_000, 200_000_000, 600, 100, 200)
    assert (arriving.MAX_BLOB, handing_in.MAX_BODY) == (MAX_BLOB, MAX_BODY)
    assert (CHUNK, PIECE, BASE, CAP) == (65_536, 256 * 1024, 2, 900)
    for limit in ("4,000,000", "200,000,000", "600", "65,536", "256 KiB", "900 s"):
        assert limit in text


def test_every_link_leads_somewhere(text: str) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert (DOCS / target).exists(), target
