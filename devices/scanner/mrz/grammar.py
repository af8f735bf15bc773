"""What may stand where (ICAO Doc 9303 parts 4 to 7): each position's alphabet, and the fields of check digits."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from devices.scanner.mrz.lines_net import SYMBOLS
from kiosk.model.mrz import MrzFormat

DIGITS = "0123456789"
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
Place = tuple[int, int]
"""Line and position, from 0."""
UNLAWFUL, UNUSUAL = 5.0, 1.5
"""Taken from the logarithm of a character that the position should not hold, or rarely holds. A clear print of it
still wins, as national documents bend the rules."""

_ALPHABETS = {
    "a": (LETTERS, ""),  # a letter
    "b": (LETTERS + "<", ""),  # a letter or the filler
    "d": (DIGITS + "<", ""),
    "D": (DIGITS, ""),  # a check digit
    "E": (DIGITS + "<", ""),  # a check digit that may be left out
    "s": ("MF<", "X"),  # sex
    "I": ("IAC", "VP"),  # the document's letter on cards
    "P": ("P", ""),
    "V": ("V", ""),
    "k": (LETTERS + "<", DIGITS),  # the issuer's own second letter; American cards have C1 and C2
    "*": (SYMBOLS, ""),
}
_DATES = "ddddddD" + "s" + "ddddddD"


@dataclass(frozen=True)
class Field:
    """The places that a check digit covers, in the order in which they count, and the digit's own place.

    ``more``: where a long number goes on when a filler stands in the digit's place (part 5, 4.2.4).
    """

    name: str
    places: tuple[Place, ...]
    digit: Place
    more: tuple[Place, ...] = ()


@dataclass(frozen=True)
class Layout:
    """A format's lines as letters of ``_ALPHABETS``, its checked fields (the composite one last), the places of the
    two codes of states, and of the dates."""

    kind: MrzFormat
    shape: tuple[str, ...]
    fields: tuple[Field, ...]
    states: tuple[tuple[Place, ...], ...]
    dates: tuple[tuple[Place, ...], ...]


def _span(line: int, start: int, stop: int) -> tuple[Place, ...]:
    return tuple((line, i) for i in range(start, stop))


def _card() -> Layout:
    fields = (
        Field("number", _span(0, 5, 14), (0, 14), _span(0, 15, 30)),
        Field("birth", _span(1, 0, 6), (1, 6)),
        Field("expiry", _span(1, 8, 14), (1, 14)),
        Field("composite", _span(0, 5, 30) + _span(1, 0, 7) + _span(1, 8, 15) + _span(1, 18, 29), (1, 29)),
    )
    shape = ("Ikabb" + "*" * 9 + "E" + "*" * 15, _DATES + "abb" + "*" * 11 + "D", "b" * 30)
    return Layout(MrzFormat.TD1, shape, fields, (_span(0, 2, 5), _span(1, 15, 18)), (_span(1, 0, 6), _span(1, 8, 14)))


def _two_lines(kind: MrzFormat, letter: str, number: str, rest: str) -> Layout:
    width = 28 + len(rest)
    fields = [
        Field("number", _span(1, 0, 9), (1, 9), _span(1, 28, 35) if kind == MrzFormat.TD2 else ()),
        Field("birth", _span(1, 13, 19), (1, 19)),
        Field("expiry", _span(1, 21, 27), (1, 27)),
    ]
    if kind == MrzFormat.TD3:
        fields.append(Field("optional", _span(1, 28, 42), (1, 42)))
    if letter != "V":
        covered = _span(1, 0, 10) + _span(1, 13, 20) + _span(1, 21, width - 1)
        fields.append(Field("composite", covered, (1, width - 1)))
    shape = (letter + "kabb" + "b" * (width - 5), "*" * 9 + number + "abb" + _DATES + rest)
    states, dates = (_span(0, 2, 5), _span(1, 10, 13)), (_span(1, 13, 19), _span(1, 21, 27))
    return Layout(kind, shape, tuple(fields), states, dates)


def _french() -> Layout:
    """The French identity card of 1988 to 2021: 2 x 36, older than the standard."""
    fields = (
        Field("number", _span(1, 0, 12), (1, 12)),
        Field("birth", _span(1, 27, 33), (1, 33)),
        Field("composite", _span(0, 0, 36) + _span(1, 0, 35), (1, 35)),
    )
    shape = ("Ikabb" + "b" * 25 + "*" * 6, "*" * 12 + "D" + "b" * 14 + "ddddddD" + "s" + "D")
    return Layout(MrzFormat.TD2, shape, fields, (_span(0, 2, 5),), (_span(1, 27, 33),))


@cache
def layout(kind: MrzFormat) -> Layout:
    """The standard's layout of a format."""
    match kind:
        case MrzFormat.TD1:
            return _card()
        case MrzFormat.TD2:
            return _two_lines(kind, "I", "E", "*" * 7 + "D")
        case MrzFormat.TD3:
            return _two_lines(kind, "P", "D", "*" * 14 + "ED")
        case MrzFormat.MRV_A:
            return _two_lines(kind, "V", "D", "*" * 16)
        case MrzFormat.MRV_B:
            return _two_lines(kind, "V", "D", "*" * 8)


@cache
def national(kind: MrzFormat, begin: str) -> Layout:
    """The layout for lines whose first starts with ``begin`` (five characters): France's own, or the standard's."""
    return _french() if kind == MrzFormat.TD2 and begin == "IDFRA" else layout(kind)


def size(kind: MrzFormat) -> tuple[int, int]:
    """Lines, characters a line."""
    shape = layout(kind).shape
    return len(shape), len(shape[0])


@cache
def cost(of: Layout) -> NDArray[np.float32]:
    """(lines, characters, 37): what is taken from the logarithm of each character."""
    table = np.zeros((len(of.shape), len(of.shape[0]), len(SYMBOLS)), np.float32)
    for n, line in enumerate(of.shape):
        for i, letter in enumerate(line):
            usual, rare = _ALPHABETS[letter]
            table[n, i] = [0 if s in usual else UNUSUAL if s in rare else UNLAWFUL for s in SYMBOLS]
    return table
