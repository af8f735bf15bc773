"""Code tables of national standards that fields of a case are filled by, as data beside this module; their checks.

``gbt2260.json`` divisions (provinces only), ``gbt2261-1.json`` sex, ``gbt3304.json`` nationalities, ``gb11643.json``
the rule of citizens' numbers, ``gb32100.json`` the rule of unified social credit codes.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from kiosk.model.identity import check_character

_FOLDER = Path(__file__).parent


class Entry(BaseModel):
    """One code of a table. ``latin`` and ``letters`` stand in GB/T 3304 alone."""

    model_config = ConfigDict(frozen=True)

    code: str
    name: str
    latin: str = ""
    letters: str = ""


class Table(BaseModel):
    """A table as it stands in its file."""

    model_config = ConfigDict(frozen=True)

    standard: str
    title: str
    note: str = ""
    entries: tuple[Entry, ...]


class CheckRule(BaseModel):
    """How the last character of a number follows from those before it."""

    model_config = ConfigDict(frozen=True)

    standard: str
    title: str
    rule: str
    length: int
    weights: tuple[int, ...]
    modulus: int
    alphabet: str = ""
    check: str = ""
    examples: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Files:
    divisions: Table
    sexes: Table
    nationalities: Table
    citizen: CheckRule
    credit: CheckRule


@lru_cache(maxsize=1)
def _files() -> _Files:
    return _Files(
        divisions=Table.model_validate_json((_FOLDER / "gbt2260.json").read_bytes()),
        sexes=Table.model_validate_json((_FOLDER / "gbt2261-1.json").read_bytes()),
        nationalities=Table.model_validate_json((_FOLDER / "gbt3304.json").read_bytes()),
        citizen=CheckRule.model_validate_json((_FOLDER / "gb11643.json").read_bytes()),
        credit=CheckRule.model_validate_json((_FOLDER / "gb32100.json").read_bytes()),
    )


def divisions() -> Table:
    """GB/T 2260, the first two digits: provinces, autonomous regions, municipalities, special regions."""
    return _files().divisions


def sexes() -> Table:
    """GB/T 2261.1."""
    return _files().sexes


def nationalities() -> Table:
    """GB/T 3304-1991: numbers 01 to 56 with Chinese names, romanisation and letters."""
    return _files().nationalities


def citizen_rule() -> CheckRule:
    """GB 11643, as data."""
    return _files().citizen


def credit_rule() -> CheckRule:
    """GB 32100-2015, as data."""
    return _files().credit


def province(code: str) -> Entry | None:
    """The province that a division code of two or more digits begins with, or None."""
    return next((e for e in divisions().entries if code[:2] == e.code), None)


def nationality(given: str) -> Entry | None:
    """By number (``01``), letters (``HA``) or name (``汉`` as on a card, or ``汉族``); None for any other text."""
    return next((e for e in nationalities().entries if given in (e.code, e.letters, e.name, e.name[:-1])), None)


def citizen_number_holds(number: str) -> bool:
    """Whether the check character of an 18-character citizen number fits (GB 11643)."""
    first, last = number[:-1], number[-1:]
    return len(number) == 18 and first.isascii() and first.isdigit() and check_character(first) == last


class CreditCodeFault(StrEnum):
    """Why a unified social credit code cannot be right."""

    LENGTH = "length"
    CHARACTERS = "characters"
    CHECK_CHARACTER = "check_character"


def credit_check(first17: str) -> str:
    """The 18th character for the first 17 of a unified social credit code (GB 32100).

    Raises ValueError for a character that the code does not use (I, O, S, V, Z among the letters).
    """
    rule = credit_rule()
    total = sum(rule.alphabet.index(c) * w for c, w in zip(first17, rule.weights, strict=True))
    return rule.alphabet[-total % rule.modulus]


def credit_code_fault(code: str) -> CreditCodeFault | None:
    """What is wrong with a unified social credit code, or None. Whether it was ever given out, no rule can tell."""
    if len(code) != credit_rule().length:
        return CreditCodeFault.LENGTH
    if not set(code) <= set(credit_rule().alphabet) or not code[2:8].isdigit():
        return CreditCodeFault.CHARACTERS
    return None if credit_check(code[:17]) == code[17] else CreditCodeFault.CHECK_CHARACTER
