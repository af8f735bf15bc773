"""Check digits and codes of states as evidence: they decide between characters that look alike, and no more."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from devices.scanner.mrz.grammar import Field, Place
from devices.scanner.mrz.lines_net import SYMBOLS
from devices.scanner.mrz.states import UNLISTED, codes, listed
from kiosk.model.mrz import check_digit

CLOSE, CHEAP = 3.0, 0.7
"""Natural logarithm by which other characters may be less likely, together, and still be chosen for a check digit; and
even against the composite digit."""
DECISIVE = 0.5
"""By how much the best exchange has to be likelier than the next, or none is made."""

Logs = NDArray[np.float32]
Chosen = NDArray[np.int64]


def fits(chosen: Chosen, field: Field) -> bool:
    """Whether the check digit of ``field`` fits."""
    text = "".join(SYMBOLS[chosen[p]] for p in field.places)
    digit = SYMBOLS[chosen[field.digit]]
    if digit == "<" and field.name == "optional":
        return not text.strip("<")
    if digit == "<" and field.more:
        rest = "".join(SYMBOLS[chosen[p]] for p in field.more).split("<", 1)[0]
        text, digit = text + rest[:-1], rest[-1:]
    return digit.isdigit() and digit == check_digit(text)


def repair(logs: Logs, chosen: Chosen, fields: tuple[Field, ...]) -> set[Place]:
    """Exchanges look-alikes in ``chosen`` where check digits ask for it; returns the places exchanged.

    A field's exchange is taken back where the composite digit, which covers it too, speaks against it: then the
    document may print a wrong digit itself.
    """
    made: list[Exchange] = []
    for field in fields:
        if not fits(chosen, field) and (exchange := _likeliest(logs, chosen, field, {p for e in made for p in e.new})):
            exchange.make(chosen)
            made.append(exchange)
    if fields[-1].name == "composite" and not fits(chosen, fields[-1]):
        for exchange in [e for e in made if e.cost > CHEAP]:
            exchange.undo(chosen)
            made.remove(exchange)
    return {place for exchange in made for place in exchange.new}


@dataclass(frozen=True)
class Exchange:
    """Symbols to put in place of others, and how much less likely they are together (natural logarithm)."""

    cost: float
    new: dict[Place, int]
    old: dict[Place, int]

    def make(self, chosen: Chosen) -> None:
        for place, symbol in self.new.items():
            chosen[place] = symbol

    def undo(self, chosen: Chosen) -> None:
        for place, symbol in self.old.items():
            chosen[place] = symbol


def _likeliest(logs: Logs, chosen: Chosen, field: Field, fixed: set[Place]) -> Exchange | None:
    """The likeliest exchange of one or two characters that makes ``field`` fit; None where it is ambiguous."""
    options: list[Exchange] = []
    for place in (*field.places, field.digit):
        own = int(chosen[place])
        for symbol in np.argsort(-logs[place])[:4]:
            cost = float(logs[place][own] - logs[place][symbol])
            if symbol != own and cost < CLOSE and place not in fixed:
                options.append(Exchange(cost, {place: int(symbol)}, {place: own}))
    options.sort(key=lambda e: e.cost)
    pairs = [
        Exchange(a.cost + b.cost, a.new | b.new, a.old | b.old)
        for a, b in combinations(options[:8], 2)
        if a.new.keys() != b.new.keys()
    ]
    found: Exchange | None = None
    for exchange in sorted(options[:14] + pairs, key=lambda e: e.cost):
        if exchange.cost > (CLOSE if found is None else found.cost + DECISIVE):
            break
        exchange.make(chosen)
        good = fits(chosen, field)
        exchange.undo(chosen)
        if good and found is not None:
            return None
        if good:
            found = exchange
    return found


def set_state(logs: Logs, chosen: Chosen, places: tuple[Place, ...]) -> set[Place]:
    """Sets the code at ``places`` to the likeliest, listed ones preferred; returns the places that are doubtful."""
    own = tuple(int(chosen[p]) for p in places)
    if own in listed():
        return set()
    table = np.stack([logs[p] for p in places])
    known = np.array(codes())
    scores = table[np.arange(3), known].sum(1)
    best = known[int(scores.argmax())]
    if float(scores.max()) < float(table[np.arange(3), own].sum()) - UNLISTED:
        return set(places)
    changed = {p for p, s in zip(places, best, strict=True) if chosen[p] != s}
    for place, symbol in zip(places, best, strict=True):
        chosen[place] = symbol
    return changed


def is_date(chosen: Chosen, places: tuple[Place, ...]) -> bool:
    """Whether YYMMDD could be a date; unknown parts are fillers (part 3, 4.8)."""
    text = "".join(SYMBOLS[chosen[p]] for p in places)
    year, month, day = text[:2], text[2:4], text[4:]
    return (
        (year.isdigit() or year == "<<")
        and (month == "<<" or (month.isdigit() and 1 <= int(month) <= 12))
        and (day == "<<" or (day.isdigit() and 1 <= int(day) <= 31))
    )
