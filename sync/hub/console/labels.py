"""What questions, choices and papers are called, in the version of the form that a case was made with."""

from __future__ import annotations

from collections.abc import Mapping

from kiosk.catalogue.package import ServicePackage
from sync.hub.console.speech import Speech
from sync.protocol.tables import nationality

_LINES = ("name", "number", "kind", "sex", "ethnicity", "birth", "address", "issuer", "valid_from", "valid_to")


class Labels:
    """Without the form (it was never published here) ids stand for themselves."""

    def __init__(self, package: ServicePackage | None, say: Speech) -> None:
        self._say = say
        form = package.form if package else None
        self._fields = {f.id: f for f in form.fields()} if form else {}
        self._materials = {m.id: m.label(say.lang) for m in form.materials} if form else {}

    def answers(self, answers: Mapping[str, object]) -> list[tuple[str, str]]:
        """Questions and answers in the order of the form; a choice by its label."""
        known = [field for field in self._fields if field in answers]
        others = [field for field in answers if field not in self._fields]
        return [(self._question(field), self._answer(field, answers[field])) for field in known + others]

    def identity(self, identity: Mapping[str, object]) -> list[tuple[str, str]]:
        """The lines of an identity document, those first that people look for first."""
        lines = {k: v for k, v in identity.items() if isinstance(v, str) and v}
        order = [*(k for k in _LINES if k in lines), *(k for k in lines if k not in _LINES)]
        return [(self._say.of("identity", k), self._line(k, lines[k])) for k in order]

    def _line(self, key: str, value: str) -> str:
        """Cards hold codes: a nationality's is that of the national table."""
        if key == "ethnicity" and (known := nationality(value)):
            return known.name if self._say.lang == "zh" else known.latin
        return self._say.of(f"identity_{key}", value)

    def _question(self, field: str) -> str:
        known = self._fields.get(field)
        return known.label(self._say.lang) if known else field

    def _answer(self, field: str, value: object) -> str:
        known = self._fields.get(field)
        choices = {c.value: c.label(self._say.lang) for c in known.choices} if known else {}
        return choices.get(str(value), str(value))

    def material(self, material: str) -> str:
        return self._materials.get(material, material)

    def finding(self, code: str) -> str:
        """What does not fit, in words: ``form.phone`` names the question."""
        kind, _, what = code.partition(".")
        if kind == "form":
            name = self._question(what) if what in self._fields else self.material(what)
            return self._say("finding_form", what=name)
        return self._say("finding_envelope", what=what) if kind == "envelope" else self._say.of("finding", kind)
