"""Rules in CEL (the Common Expression Language), compiled once and evaluated with the answers so far."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property, lru_cache
from typing import Any

from cel_expr_python import cel

from kiosk.model.clock import hall_date
from kiosk.model.identity import age_on, birth_of

Answers = dict[str, str]


class RuleError(ValueError):
    """A rule does not compile."""


def _age(born: str, today: str) -> int:
    """``age(born, today)``: completed years; ``born`` is an ISO date or an 18-character number."""
    day = birth_of(born) if len(born) == 18 else date.fromisoformat(born)
    if day is None:
        raise ValueError("no date of birth")
    return age_on(day, date.fromisoformat(today))


def _months_between(first: str, second: str) -> int:
    """``months_between(a, b)``: completed months from ISO date a to ISO date b; negative when b is earlier."""
    a, b = date.fromisoformat(first), date.fromisoformat(second)
    return (b.year - a.year) * 12 + b.month - a.month - (b.day < a.day)


def _days_between(first: str, second: str) -> int:
    """``days_between(a, b)``: days from ISO date a to ISO date b; negative when b is earlier."""
    return (date.fromisoformat(second) - date.fromisoformat(first)).days


def _function(name: str, implementation: Any) -> Any:
    overload = cel.Overload(f"{name}_string_string", cel.Type.INT, [cel.Type.STRING] * 2, False, implementation)
    return cel.FunctionDecl(name, [overload])


_STRINGS = cel.Type.Map(cel.Type.STRING, cel.Type.STRING)
_ENVIRONMENT = cel.NewEnv(
    variables={
        "answers": _STRINGS,
        "applicant": _STRINGS,
        "now": cel.Type.TIMESTAMP,
        "today": cel.Type.STRING,
        "this": cel.Type.STRING,
    },
    functions=[
        _function("age", _age),
        _function("months_between", _months_between),
        _function("days_between", _days_between),
    ],
)


@dataclass(frozen=True)
class Context:
    """What rules may look at besides the answers. ``captured`` is the time of capture, handed in."""

    applicant: dict[str, str]
    captured: datetime

    @cached_property
    def today(self) -> str:
        return hall_date(self.captured)


@lru_cache(maxsize=1024)
def _compiled(source: str) -> Any:
    """Compiling takes longer than evaluating, and every case of a form is looked at by the same rules."""
    return _ENVIRONMENT.compile(source)


class CompiledRule:
    """One rule, ready to be evaluated."""

    def __init__(self, source: str) -> None:
        """Raises RuleError where ``source`` is no CEL, or names what rules do not know."""
        self.source = source
        try:
            self._expression = _compiled(source)
        except RuntimeError as bad:
            raise RuleError(str(bad).split("\n", maxsplit=1)[0]) from None

    def value(self, answers: Answers, context: Context, this: str = "") -> Any:
        """The value, or None where it depends on an answer that is absent or does not fit."""
        result = self._expression.eval(
            data={
                "answers": answers,
                "applicant": context.applicant,
                "now": context.captured.astimezone(UTC),
                "today": context.today,
                "this": this,
            }
        )
        return None if result.type() == cel.Type.ERROR else result.plain_value()
