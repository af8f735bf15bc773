"""Breaks a paper document into lines that fit the paper, counting East-Asian widths."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from kiosk.model.paper import Align, PaperDocument, QrCode, Space, Words
from kiosk.model.paper import Pair as PairPart
from kiosk.model.paper import Rule as RulePart


@dataclass(frozen=True)
class TextLine:
    """One printed line. ``size`` 2 takes two columns a narrow character and prints twice as high."""

    text: str
    align: Align = Align.LEFT
    size: int = 1
    bold: bool = False


@dataclass(frozen=True)
class QrLine:
    data: str


Line = TextLine | QrLine


def width(text: str) -> int:
    """Columns that ``text`` takes: two for wide and full-width characters, none for combining ones."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WFA" else 1 for c in text)


def wrapped(text: str, columns: int) -> Iterator[str]:
    """``text`` in pieces of at most ``columns`` columns; Latin words stay whole where they fit a line."""
    line = ""
    for token in _tokens(text):
        if width(line) + width(token) <= columns:
            line += token
            continue
        if line.strip():
            yield line.rstrip()
        line = ""
        rest = token.lstrip() if token.isspace() else token
        while width(rest) > columns:
            cut = 1
            while width(rest[: cut + 1]) <= columns:
                cut += 1
            yield rest[:cut]
            rest = rest[cut:]
        line = rest
    if line.strip():
        yield line.rstrip()


def _tokens(text: str) -> Iterator[str]:
    word = ""
    for c in text:
        if c != " " and width(c) == 1:
            word += c
            continue
        if word:
            yield word
            word = ""
        yield c
    if word:
        yield word


def lines(document: PaperDocument, columns: int) -> Iterator[Line]:
    """The lines of a document on paper that is ``columns`` narrow characters wide."""
    for part in document.parts:
        match part:
            case Words():
                for piece in wrapped(part.text, columns // part.size):
                    yield TextLine(piece, part.align, part.size, part.bold)
            case PairPart():
                yield from _pair(part, columns)
            case RulePart():
                yield TextLine("-" * columns)
            case QrCode():
                yield QrLine(part.data)
            case Space():
                yield from [TextLine("")] * part.lines


def _pair(part: PairPart, columns: int) -> Iterator[TextLine]:
    gap = columns - width(part.label) - width(part.value)
    if gap >= 1:
        yield TextLine(part.label + " " * gap + part.value)
        return
    for piece in wrapped(part.label, columns):
        yield TextLine(piece)
    for piece in wrapped(part.value, columns - 2):
        yield TextLine("  " + piece)
