"""What a run found, as values, as a table and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

from rich.table import Column, Table


class Verdict(StrEnum):
    """Whether a platform holds to a clause, as far as it can be seen from outside."""

    HELD = "held"
    NOT_HELD = "not held"
    NOT_TESTABLE = "not testable from outside"


@dataclass(frozen=True)
class Finding:
    """One clause of docs/protocol.md and what was found; ``guarantee`` is empty where the clause upholds none."""

    check: str
    guarantee: str
    clause: str
    verdict: Verdict
    why: str


class NotHeld(Exception):
    """The platform does not do what the protocol says; the text says what it did."""


class NotTestable(Exception):
    """This cannot be seen from outside, or not at this platform now; the text says why."""


def expect(holds: bool, why: str) -> None:
    """Raises NotHeld with ``why`` unless ``holds``."""
    if not holds:
        raise NotHeld(why)


def as_table(findings: Sequence[Finding]) -> Table:
    """The table that the command prints."""
    table = Table("guarantee", "clause", "check", "verdict", Column("why", overflow="fold"))
    colours = {Verdict.HELD: "green", Verdict.NOT_HELD: "bold red", Verdict.NOT_TESTABLE: "dim"}
    for f in findings:
        table.add_row(f.guarantee, f.clause, f.check, f"[{colours[f.verdict]}]{f.verdict}[/]", f.why)
    return table


def as_json(findings: Sequence[Finding], url: str) -> str:
    """The same for machines."""
    return json.dumps({"platform": url, "findings": [asdict(f) for f in findings]}, ensure_ascii=False, indent=1) + "\n"
