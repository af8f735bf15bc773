"""From what each position may be to what the lines say, with the doubtful characters marked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from devices.scanner.mrz.evidence import Chosen, Logs, fits, is_date, repair, set_state
from devices.scanner.mrz.grammar import UNUSUAL, Layout, Place, cost, layout, national
from devices.scanner.mrz.lines_net import SYMBOLS
from kiosk.model.mrz import MrzFormat

CHECKED, FREE, ALIKE, FAILED = 3.5, 4.5, 5.5, 5.0
"""Margins, in natural logarithms, below which a character is doubtful: under check digits that fit, under none,
there with a look-alike as the next likely, and under one that does not fit. Measured on drawn documents and on other
sizes of the specimens; see the model card in ``tools/mrz_net``."""

LOOK_ALIKES = frozenset(
    frozenset(p)
    for p in "0O 0Q 0D OQ OD 1I 1L IL 2Z 5S 8B 6G 4A 7T UV VY CG EF MN".split()  # noqa: SIM905
)


@dataclass(frozen=True)
class Decision:
    """``margins`` (lines, characters): how much likelier each character is than the next, natural logarithms."""

    kind: MrzFormat
    lines: tuple[str, ...]
    doubtful: tuple[frozenset[int], ...]
    checks: dict[str, bool]
    repaired: tuple[frozenset[int], ...]
    margins: NDArray[np.float32]

    @property
    def settled(self) -> bool:
        """Whether further attempts have nothing to settle."""
        return all(self.checks.values()) and not any(self.doubtful)


def decide(kind: MrzFormat, attempts: list[Logs]) -> Decision:
    """``attempts``: logarithms (lines, characters, 37) each."""
    used = layout(kind)
    logs = _lawful(attempts, used)
    first = _text(logs.argmax(-1))[0]
    # Sizes tell visas not from others, and those have no composite digit: what is called a passport is checked as one.
    if (own := national(_by_letter(kind, first), first[:5])) is not used:
        used, logs = own, _lawful(attempts, own)
    chosen = np.asarray(logs.argmax(-1), np.int64)
    unsure: set[Place] = set()
    for places in used.states:
        unsure |= set_state(logs, chosen, places)
    repaired = repair(logs, chosen, used.fields)
    checks = {f.name: fits(chosen, f) for f in used.fields}
    margins = _margins(logs, chosen)
    doubtful = margins < _limits(used, checks, repaired, _alike(logs, chosen))
    for one in attempts:
        doubtful |= (one - cost(used)).argmax(-1) != chosen
    doubtful |= np.take_along_axis(cost(used), chosen[..., None], -1)[..., 0] > UNUSUAL
    for place in repaired | unsure | _suspects(used, chosen, checks):
        doubtful[place] = True
    lines = _text(chosen)
    return Decision(
        _by_letter(kind, lines[0]),
        lines,
        tuple(frozenset(int(i) for i in np.flatnonzero(row)) for row in doubtful),
        checks,
        tuple(frozenset(i for line, i in repaired if line == n) for n in range(len(lines))),
        margins,
    )


def _text(chosen: NDArray[np.integer]) -> tuple[str, ...]:
    return tuple("".join(SYMBOLS[i] for i in row) for row in chosen)


def _lawful(attempts: list[Logs], used: Layout) -> Logs:
    logs = np.mean(attempts, 0) - cost(used)
    return np.asarray(logs - np.logaddexp.reduce(logs, axis=-1, keepdims=True), np.float32)


def _margins(logs: Logs, chosen: Chosen) -> NDArray[np.float32]:
    best = np.take_along_axis(logs, chosen[..., None], -1)[..., 0]
    others = logs.copy()
    np.put_along_axis(others, chosen[..., None], -np.inf, -1)
    return np.asarray(best - others.max(-1), np.float32)


def _alike(logs: Logs, chosen: Chosen) -> NDArray[np.bool_]:
    """Where the next likely character is a look-alike of the chosen one."""
    order = np.argsort(-logs, axis=-1)
    other = np.where(order[..., 0] == chosen, order[..., 1], order[..., 0])
    both = [
        [{SYMBOLS[a], SYMBOLS[b]} in LOOK_ALIKES for a, b in zip(x, y, strict=True)]
        for x, y in zip(chosen, other, strict=True)
    ]
    return np.array(both, np.bool_)


def _limits(
    used: Layout, checks: dict[str, bool], repaired: set[Place], alike: NDArray[np.bool_]
) -> NDArray[np.float32]:
    limits = np.where(alike, ALIKE, FREE).astype(np.float32)
    for field in reversed(used.fields):  # a field's own digit has the last word over the composite one
        places = (*field.places, field.digit)
        # A digit that fits only after an exchange has confirmed nothing.
        limit = CHECKED if checks[field.name] and repaired.isdisjoint(places) else FAILED
        for place in places:
            limits[place] = limit
    return limits


def _suspects(used: Layout, chosen: Chosen, checks: dict[str, bool]) -> set[Place]:
    """Places that somebody has to look at whatever the network says: of a failed check, and of no date."""
    found: set[Place] = set()
    for field in used.fields:
        if not checks[field.name]:
            found |= {field.digit} if field.name == "composite" else {*field.places, field.digit}
    for places in used.dates:
        if not is_date(chosen, places):
            found |= set(places)
    return found


def _by_letter(kind: MrzFormat, line: str) -> MrzFormat:
    """Visas have the letter V and the sizes of other documents."""
    match kind, line[0] == "V":
        case ((MrzFormat.TD3 | MrzFormat.MRV_A), visa):
            return MrzFormat.MRV_A if visa else MrzFormat.TD3
        case ((MrzFormat.TD2 | MrzFormat.MRV_B), visa):
            return MrzFormat.MRV_B if visa else MrzFormat.TD2
        case _:
            return kind
