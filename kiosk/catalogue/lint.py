"""What must hold for a package beyond its schema. A package with a finding is not loaded."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from kiosk.catalogue.package import ServicePackage
from kiosk.forms.engine import FormEngine
from kiosk.forms.rules import CompiledRule, Context, RuleError
from kiosk.forms.spec import FieldType
from kiosk.model.clock import HALL_ZONE
from kiosk.model.text import Lang, Text

_ANSWER = re.compile(r"answers\.([a-z][a-z0-9_]*)")


def lint(package: ServicePackage) -> list[str]:
    """Findings in plain words; empty for a sound package."""
    try:
        engine = FormEngine(package.form)
        for step in package.next_steps:
            CompiledRule(step.when or "true")
    except RuleError as bad:
        return [f"a rule does not compile: {bad}"]
    return [
        *_translations(package),
        *_names(package),
        *_fields(package),
        *_examples(package, engine),
    ]


def _texts(node: Any, path: str) -> Iterator[tuple[str, Text]]:
    if isinstance(node, Text):
        yield path, node
    elif isinstance(node, BaseModel):
        for name in type(node).model_fields:
            yield from _texts(getattr(node, name), f"{path}.{name}")
    elif isinstance(node, list):
        for i, item in enumerate(node):
            yield from _texts(item, f"{path}[{i}]")


def _translations(package: ServicePackage) -> Iterator[str]:
    for path, text in _texts(package, package.id):
        for lang in Lang:
            if not text.root.get(lang, "").strip():
                yield f"{path}: no text in {lang}"


def _names(package: ServicePackage) -> Iterator[str]:
    fields = {f.id for f in package.form.fields()}
    counts = Counter(f.id for f in package.form.fields()) + Counter(m.id for m in package.form.materials)
    yield from (f"{name}: named {n} times" for name, n in counts.items() if n > 1)
    rules = [r for f in package.form.fields() for r in (f.relevant, f.constraint, f.prefill)]
    rules += [p.relevant for p in package.form.pages] + [m.relevant for m in package.form.materials]
    rules += [s.when for s in package.next_steps]
    for rule in rules:
        for name in _ANSWER.findall(rule):
            if name not in fields:
                yield f"rule {rule!r} names the unknown field {name}"


def _fields(package: ServicePackage) -> Iterator[str]:
    for field in package.form.fields():
        if (field.type == FieldType.CHOICE) != bool(field.choices):
            yield f"{field.id}: choices belong to the type choice, and to it alone"
        if field.constraint and field.constraint_message is None:
            yield f"{field.id}: a constraint without words for the citizen"
    for material in package.form.materials:
        if material.min_pages > material.max_pages:
            yield f"{material.id}: at least {material.min_pages} pages, at most {material.max_pages}"


def _examples(package: ServicePackage, engine: FormEngine) -> Iterator[str]:
    for case in package.tests:
        noon = datetime.fromisoformat(f"{case.today}T12:00:00").replace(tzinfo=HALL_ZONE)
        context = Context(case.applicant, noon)
        found = engine.problems(case.answers, case.pages, set(case.promised), context)
        places = sorted(p.where for p in found)
        if places != sorted(case.problems):
            yield f"example {case.name!r}: expected problems {sorted(case.problems)}, found {places}"
    if all(case.problems for case in package.tests):
        yield "no example that can be handed in"
