"""The fault catalogue: what can go wrong, who acts, and what each of them reads."""

from __future__ import annotations

import tomllib
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from kiosk.model.device import Capability
from kiosk.model.text import Text


class Severity(StrEnum):
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Actor(StrEnum):
    CITIZEN = "citizen"
    HALL_STAFF = "hall_staff"
    TECHNICIAN = "technician"
    NOBODY = "nobody"  # it recovers by itself


class Fault(BaseModel):
    """One entry of the catalogue."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str
    severity: Severity
    actor: Actor
    citizen: Text
    staff: Text
    removes: list[Capability] = []


def load_faults(path: Path) -> dict[str, Fault]:
    """The catalogue of a TOML file, by code. Raises ValueError where an entry is incomplete."""
    with path.open("rb") as source:
        table = tomllib.load(source)
    return {code: Fault.model_validate({"code": code, **entry}) for code, entry in table.items()}
