"""What a hall tells everybody who comes to a terminal: opening hours, a department that is closed, a new service."""

from __future__ import annotations

from datetime import date
from typing import Self

from pydantic import Field, field_validator, model_validator

from kiosk.forms.spec import Strict
from kiosk.model.text import Lang, Text

LONGEST = 160
"""Characters in one language: more is not read in passing."""


class Notice(Strict):
    """Shown on the welcome screen from the day ``since`` to the day ``until``, both of them included."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")
    text: Text
    since: date
    until: date

    @field_validator("text")
    @classmethod
    def _in_every_language(cls, text: Text) -> Text:
        for lang in Lang:
            if not 0 < len(text.root.get(lang, "").strip()) <= LONGEST:
                raise ValueError(f"needs 1 to {LONGEST} characters in {lang.value}")
        return text

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.until < self.since:
            raise ValueError("it ends before it begins")
        return self

    def holds(self, day: date) -> bool:
        return self.since <= day <= self.until
