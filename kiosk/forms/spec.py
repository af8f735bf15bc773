"""What a form is: pages of fields, and the papers that belong to it. Written in packages as YAML."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from kiosk.model.text import Text

Rule = str
"""An expression in CEL. Knows ``answers``, ``applicant``, ``now``, ``today`` and the functions of ``rules``."""

ID_PATTERN = r"^[a-z][a-z0-9_]{1,39}$"


class FieldType(StrEnum):
    TEXT = "text"
    NAME = "name"
    PHONE = "phone"
    DATE = "date"
    CHOICE = "choice"
    ID_NUMBER = "id_number"
    BANK_CARD = "bank_card"


class TrustLevel(StrEnum):
    """How far a paper is trusted: A issued by an agency and reused, B checked at a window, C uploaded
    by the citizen (original to be checked), D the citizen's own promise."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"


class Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Choice(Strict):
    value: str = Field(pattern=r"^[a-z0-9_]{1,40}$")
    label: Text
    hint: Text | None = None


class FieldSpec(Strict):
    """One question. ``concept`` names what it asks in terms shared by all services (ask once, reuse)."""

    id: str = Field(pattern=ID_PATTERN)
    type: FieldType
    label: Text
    hint: Text | None = None
    concept: str = ""
    choices: list[Choice] = []
    max_length: int = Field(default=100, ge=1, le=500)
    prefill: Rule = ""
    relevant: Rule = ""
    required: bool = True
    constraint: Rule = ""
    constraint_message: Text | None = None
    masked: bool = False


class PageSpec(Strict):
    """One screen: one question or one tight group."""

    id: str = Field(pattern=ID_PATTERN)
    title: Text
    intro: Text | None = None
    relevant: Rule = ""
    fields: list[FieldSpec] = Field(min_length=1, max_length=4)


class PageShape(StrEnum):
    """What a paper looks like, so that the camera knows what to expect."""

    A4 = "a4"
    CARD = "card"
    PHOTO = "photo"
    RECEIPT = "receipt"
    FREE = "free"


class PageMode(StrEnum):
    """What a page is kept as: a stamp is told from its copy by its colour, print needs none."""

    COLOUR = "colour"
    GREY = "grey"
    BLACK_AND_WHITE = "black_and_white"


class MaterialSpec(Strict):
    """One paper to scan. ``promise`` is the declaration that may stand in its place."""

    id: str = Field(pattern=ID_PATTERN)
    label: Text
    hint: Text | None = None
    trust: TrustLevel
    shape: PageShape = PageShape.FREE
    mode: PageMode = PageMode.COLOUR
    relevant: Rule = ""
    min_pages: int = Field(default=1, ge=1, le=10)
    max_pages: int = Field(default=1, ge=1, le=20)
    promise: Text | None = None


class FormSpec(Strict):
    pages: list[PageSpec] = Field(min_length=1)
    materials: list[MaterialSpec] = []

    def fields(self) -> list[FieldSpec]:
        return [f for page in self.pages for f in page.fields]
