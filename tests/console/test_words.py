"""Every word in both languages, and a word for everything that can happen."""

from __future__ import annotations

import re
import string
from pathlib import Path

from kiosk.model.fault import Actor, Fault, Severity
from kiosk.model.identity import DocumentKind, IdentityDocument, Sex
from sync.hub import console
from sync.hub.console.pages.audit import KINDS
from sync.hub.console.pages.cases import REASONS
from sync.hub.console.pages.quarantine import APART
from sync.hub.console.queries.handovers import Shown
from sync.hub.console.queries.terminals import Filter, Health
from sync.hub.console.speech import Speech
from sync.hub.departments.breaker import Circuit
from sync.hub.departments.contract import Trouble
from sync.hub.opening import CaseStage, Setback
from sync.hub.roles import Role
from sync.hub.words import load_words
from sync.protocol.wire import ChainState

WORDS = load_words()
HUB = Path(console.__file__).parents[1]


def test_both_languages_have_the_same_words_with_the_same_gaps() -> None:
    def gaps(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    assert WORDS["zh"].keys() == WORDS["en"].keys()
    assert {k: gaps(t) for k, t in WORDS["zh"].items()} == {k: gaps(t) for k, t in WORDS["en"].items()}
    assert not [k for k, t in WORDS["en"].items() if re.search(r"[一-鿿，。]", t)]
    assert not [k for k, t in WORDS["zh"].items() if not re.search(r"[一-鿿：]", t)]


def test_everything_that_can_happen_has_a_word() -> None:
    families = {
        "state": CaseStage,
        "setback": [*Setback, *APART],
        "setback_long": [*Setback, *APART],
        "health": Health,
        "show": Filter,
        "chain_short": ChainState,
        "chain": [c for c in ChainState if c != ChainState.WHOLE],
        "role": Role,
        "role_text": Role,
        "severity": Severity,
        "actor": Actor,
        "kind": KINDS,
        "circuit": Circuit,
        "handover": Shown,
        "trouble": Trouble,
        "reason": REASONS,
        "identity": IdentityDocument.model_fields,
        "identity_kind": DocumentKind,
        "identity_sex": Sex,
    }
    wanted = {f"{family}_{member}" for family, members in families.items() for member in members}
    assert not wanted - WORDS["zh"].keys()


def test_no_word_is_left_over() -> None:
    source = "\n".join(p.read_text("utf-8") for p in [*HUB.rglob("*.html"), *HUB.rglob("*.py")])
    looked_up = re.compile(
        "(circuit|handover|trouble|state|setback|health|show|chain|role|severity|actor|kind|reason|detail|value|identity|finding|field"
        "|done|error|by|days|hours|minutes)_"
    )
    unused = [key for key in WORDS["zh"] if not re.search(rf"\b{key}\b", source) and not looked_up.match(key)]
    assert not unused


def test_kinds_that_are_written_are_kinds_that_can_be_read() -> None:
    source = "\n".join(p.read_text("utf-8") for p in HUB.rglob("*.py"))
    written = set(re.findall(r'Entry\([^,]+,\s*"(\w+)"', source) + re.findall(r'_note\([^,]+, \w+, "(\w+)"', source))
    assert len(written) > 10
    assert not written - set(KINDS)


def test_times_are_said_as_people_say_them(say: Speech) -> None:
    assert say.when("2026-11-26T00:30:00+00:00") == "2026-11-26 08:30:00", "on the hall's clock"
    wanted = {"zh": ["刚刚", "3 分钟前", "1 小时前", "2 天前", "从未"]}
    wanted["en"] = ["just now", "3 minutes ago", "1 hour ago", "2 days ago", "never"]
    at = ["2026-11-26T00:59:30+00:00", "2026-11-26T00:56:10+00:00", "2026-11-25T23:30:00+00:00"]
    at += ["2026-11-23T12:00:00+00:00", ""]
    assert [say.ago(t) for t in at] == wanted[say.lang]
    assert say.when("no time") == "no time", "a terminal may write what it likes"


def test_a_fault_is_said_in_few_words(say: Speech, faults: dict[str, Fault]) -> None:
    assert say.fault("printer_jam") == {"zh": "打印机卡纸", "en": "Paper is jammed in the printer"}[say.lang]
    assert "low_mb" in say.fault("disk_low"), "what citizens read of it says nothing"
    assert say.fault("of_a_later_version") == "of_a_later_version"
    assert all(0 < len(say.fault(code)) < 110 for code in faults)
    assert say.worst_first(["paper_low", "printer_jam", "reader_slow_line"])[0] == "printer_jam"
