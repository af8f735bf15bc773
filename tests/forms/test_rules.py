from datetime import UTC, datetime
from typing import Any

import pytest

from kiosk.forms.rules import CompiledRule, Context, RuleError

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)
LATE = datetime(2026, 3, 2, 16, 30, tzinfo=UTC)  # 00:30 on 3 March in the hall


@pytest.mark.parametrize(
    ("rule", "answers", "expected"),
    [
        ('size(answers.name) == 2 && answers.name == "王𠮷"', {"name": "王𠮷"}, True),
        ('answers.name.contains("·")', {"name": "阿依古丽·买买提"}, True),
        ('answers.reason == "work"', {}, None),
        ('has(answers.reason) && answers.reason == "work"', {}, False),
        ('today == "2026-03-02"', {}, True),
        ("months_between(answers.d, today)", {"d": "2025-09-02"}, 6),
        ("months_between(answers.d, today)", {"d": "2025-09-03"}, 5),
        ("days_between(answers.d, today)", {"d": "2026-02-28"}, 2),
        ("days_between(answers.d, today)", {"d": "no date"}, None),
        ("age(answers.d, today)", {"d": "1940-02-29"}, 86),
        ("age(answers.d, today)", {"d": "990000194603030039"}, 79),
        ("age(answers.d, today)", {"d": "9900001946030300xx"}, 79),
        ("applicant.number == this", {}, False),
    ],
)
def test_rules(rule: str, answers: dict[str, str], expected: Any) -> None:
    assert CompiledRule(rule).value(answers, Context({"number": "1"}, NOON)) == expected


def test_today_is_the_date_on_the_halls_wall() -> None:
    assert CompiledRule("today").value({}, Context({}, LATE)) == "2026-03-03"


@pytest.mark.parametrize("rule", ["answers.", "unknown_name > 1", "__import__('os')", "size(1)"])
def test_what_is_no_rule_is_told(rule: str) -> None:
    with pytest.raises(RuleError):
        CompiledRule(rule)
