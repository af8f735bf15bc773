"""The fault catalogue: what can go wrong, who acts, and what each of them reads."""

from __future__ import annotations

import tomllib
from enum import StrEnum
from pathlib import Path
from typing import Literal

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


class Recovery(StrEnum):
    """How a device comes back once the cause is gone."""

    BY_ITSELF = "by_itself"
    AFTER_ACTION = "after_action"  # a technician changes a setting
    TECHNICIAN = "technician"  # it is repaired or replaced


class Step(BaseModel):
    """One thing that hall staff do; ``picture`` is a file of assets/pictures/steps, without its ending."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    picture: str
    text: Text


class Fault(BaseModel):
    """One entry of the catalogue.

    ``removes`` is what the device cannot do meanwhile; ``stops``: matters that are not begun meanwhile (``scans``:
    those with papers), while what has been begun goes on.
    ``local`` is its value in the vocabulary of Chinese self-service runtimes (-1 initialising, 1 warning, 2 fault,
    3 not connected, 4 disabled); ``within`` are the seconds in which the device is back after its cause is gone.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str
    device: str
    severity: Severity
    actor: Actor
    local: Literal[-1, 1, 2, 3, 4]
    recovers: Recovery
    within: int
    removes: list[Capability] = []
    stops: Literal["nothing", "scans", "all"] = "nothing"
    citizen: Text
    steps: list[Step]
    technician: Text


def load_faults(path: Path) -> dict[str, Fault]:
    """The catalogue of a TOML file, by code. Raises ValueError where an entry is incomplete."""
    with path.open("rb") as source:
        table = tomllib.load(source)
    return {code: Fault.model_validate({"code": code, **entry}) for code, entry in table.items()}
