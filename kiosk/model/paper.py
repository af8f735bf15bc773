"""A document on a strip of paper, free of any printer's language."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class Align(StrEnum):
    LEFT = "left"
    CENTRE = "centre"


class Words(_Part):
    """A paragraph; it wraps at the paper's width. ``size`` 2 is twice as wide and high."""

    kind: Literal["words"] = "words"
    text: str
    align: Align = Align.LEFT
    size: Literal[1, 2] = 1
    bold: bool = False


class Pair(_Part):
    """A label and its value on one line, or the value below where it does not fit."""

    kind: Literal["pair"] = "pair"
    label: str
    value: str


class Rule(_Part):
    """A line across the paper."""

    kind: Literal["rule"] = "rule"


class QrCode(_Part):
    kind: Literal["qr"] = "qr"
    data: str = Field(max_length=500)


class Space(_Part):
    kind: Literal["space"] = "space"
    lines: int = Field(default=1, ge=1, le=10)


Part = Annotated[Words | Pair | Rule | QrCode | Space, Field(discriminator="kind")]


class PaperDocument(_Part):
    """What is to be printed, top to bottom; ends with a cut."""

    parts: list[Part]
