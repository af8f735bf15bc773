"""One page of the form."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Property, QObject, Signal, Slot

from kiosk.forms.engine import Problem
from kiosk.visit.step import StepKind
from ui.session import Session


class Question(QObject):
    """The page that the citizen is on. ``fields`` is announced anew only with a new page or new errors:
    a list that changed under every key would take the focus away from the field."""

    pageChanged = Signal()
    errorsChanged = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._problems: list[Problem] = []
        session.moved.connect(self._moved)
        session.appearance_changed.connect(self.pageChanged)
        session.appearance_changed.connect(self.errorsChanged)

    @property
    def _here(self) -> bool:
        step = self._session.visit.step
        return step is not None and step.kind == StepKind.PAGE

    def _moved(self) -> None:
        self._problems = []
        self.errorsChanged.emit()
        if self._here:
            self.pageChanged.emit()

    @Property(str, notify=pageChanged)
    def title(self) -> str:
        return self._session.visit.page().title(self._session.language) if self._here else ""

    @Property(str, notify=pageChanged)
    def intro(self) -> str:
        intro = self._session.visit.page().intro if self._here else None
        return intro(self._session.language) if intro else ""

    @Property(list, notify=pageChanged)
    def fields(self) -> list[dict[str, Any]]:
        """What the page asks for, with what is answered already."""
        visit, lang = self._session.visit, self._session.language
        if not self._here or visit.draft is None:
            return []
        return [
            {
                "id": f.id,
                "type": f.type.value,
                "label": f.label(lang),
                "hint": f.hint(lang) if f.hint else "",
                "value": visit.draft.answers.get(f.id, ""),
                "choices": [
                    {"value": c.value, "label": c.label(lang), "hint": c.hint(lang) if c.hint else ""}
                    for c in f.choices
                ],
                "maxLength": f.max_length,
            }
            for f in visit.fields(self._session.now())
        ]

    @Property(dict, notify=errorsChanged)
    def errors(self) -> dict[str, str]:
        """What is wrong, by field; empty until the citizen has tried to go on."""
        return {p.where: p.message(self._session.language) for p in self._problems}

    @Slot(str, str)
    def answer(self, field: str, value: str) -> None:
        self._session.answer(field, value)
        if any(p.where == field for p in self._problems):
            self._problems = [p for p in self._problems if p.where != field]
            self.errorsChanged.emit()

    @Slot()
    def proceed(self) -> None:
        """On to the next step, or show what is wrong."""
        found: list[Problem] = []
        self._session.act(lambda: found.extend(self._session.visit.proceed(self._session.now())))
        self._problems = found
        self.errorsChanged.emit()
