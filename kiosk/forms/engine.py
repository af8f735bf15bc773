"""The form engine: which pages, fields and papers apply, what is wrong, and what is handed in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from kiosk.forms.rules import Answers, CompiledRule, Context
from kiosk.forms.spec import FieldSpec, FormSpec, MaterialSpec, PageSpec
from kiosk.forms.values import CHOOSE, REQUIRED, normalised, value_fault
from kiosk.model.text import Text


@dataclass(frozen=True)
class Problem:
    """One thing wrong: the field or the material that it is about, and the words for the citizen."""

    where: str
    message: Text


class FormEngine:
    """A form with its rules compiled. Has no state: answers come in, facts go out."""

    def __init__(self, spec: FormSpec) -> None:
        """Raises kiosk.forms.rules.RuleError where a rule does not compile."""
        self.spec = spec
        sources = {r for f in spec.fields() for r in (f.relevant, f.constraint, f.prefill)}
        sources |= {p.relevant for p in spec.pages} | {m.relevant for m in spec.materials}
        self._rules = {s: CompiledRule(s) for s in sources if s}

    def _true(self, source: str, answers: Answers, context: Context, this: str = "") -> bool:
        """A rule that is not written holds; one that needs an absent answer does not."""
        return not source or self._rules[source].value(answers, context, this) is True

    def pages(self, answers: Answers, context: Context) -> list[PageSpec]:
        """The pages that apply: relevant themselves, with at least one relevant field."""
        return [
            p for p in self.spec.pages if self._true(p.relevant, answers, context) and self.fields(p, answers, context)
        ]

    def fields(self, page: PageSpec, answers: Answers, context: Context) -> list[FieldSpec]:
        """The fields of a page that apply."""
        return [f for f in page.fields if self._true(f.relevant, answers, context)]

    def materials(self, answers: Answers, context: Context) -> list[MaterialSpec]:
        """The papers that must be shown."""
        return [m for m in self.spec.materials if self._true(m.relevant, answers, context)]

    def prefilled(self, page: PageSpec, answers: Answers, context: Context) -> Answers:
        """``answers`` with what is known already put into empty fields of ``page``."""
        known = dict(answers)
        for field in page.fields:
            if field.prefill and field.id not in known:
                value = self._rules[field.prefill].value(known, context)
                if isinstance(value, str) and value:
                    known[field.id] = value
        return known

    def page_problems(self, page: PageSpec, answers: Answers, context: Context) -> list[Problem]:
        """What is wrong on one page; empty when the citizen may go on."""
        problems = []
        today = date.fromisoformat(context.today)
        for field in self.fields(page, answers, context):
            value = normalised(field, answers.get(field.id, ""))
            if not value:
                if field.required:
                    problems.append(Problem(field.id, CHOOSE if field.choices else REQUIRED))
                continue
            fault = value_fault(field, value, today)
            if fault is None and field.constraint and not self._holds(field, value, answers, context):
                fault = field.constraint_message or REQUIRED
            if fault is not None:
                problems.append(Problem(field.id, fault))
        return problems

    def _holds(self, field: FieldSpec, value: str, answers: Answers, context: Context) -> bool:
        return self._true(field.constraint, {**answers, field.id: value}, context, value)

    def final(self, answers: Answers, context: Context) -> Answers:
        """What is handed in: normalised, and without answers to questions that do not apply."""
        return self._kept(self.pages(answers, context), answers, context)

    def _kept(self, pages: list[PageSpec], answers: Answers, context: Context) -> Answers:
        kept: Answers = {}
        for page in pages:
            for field in self.fields(page, answers, context):
                value = normalised(field, answers.get(field.id, ""))
                if value:
                    kept[field.id] = value
        return kept

    def problems(
        self, answers: Answers, page_counts: dict[str, int], promised: set[str], context: Context
    ) -> list[Problem]:
        """Everything wrong with a whole case: the platform runs this again on what arrives.

        ``page_counts`` says how many pages were scanned for each material, ``promised`` which
        materials a promise stands for.
        """
        pages = self.pages(answers, context)
        problems = [p for page in pages for p in self.page_problems(page, answers, context)]
        stray = set(answers) - set(self._kept(pages, answers, context))
        problems += [Problem(name, REQUIRED) for name in sorted(stray) if answers[name]]
        needed = {m.id: m for m in self.materials(answers, context)}
        for material in needed.values():
            count = page_counts.get(material.id, 0)
            by_promise = material.promise is not None and material.id in promised
            if not by_promise and not material.min_pages <= count <= material.max_pages:
                problems.append(Problem(material.id, material.label))
        extra = (set(page_counts) | promised) - set(needed)
        return problems + [Problem(name, REQUIRED) for name in sorted(extra)]
