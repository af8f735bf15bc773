"""The steps of the work on a case."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class StepKind(StrEnum):
    PAGE = "page"
    MATERIAL = "material"
    SIGN = "sign"


class Step(BaseModel):
    """One step of the work: a page of the form, a paper to scan, or the signature."""

    model_config = ConfigDict(frozen=True)

    kind: StepKind
    id: str


SIGN = Step(kind=StepKind.SIGN, id="signature")
