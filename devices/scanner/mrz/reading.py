"""What the reader says of a picture."""

from __future__ import annotations

from dataclasses import dataclass

from devices.scanner.geometry import Quad
from kiosk.model.mrz import MrzFormat


@dataclass(frozen=True)
class MrzReading:
    """A machine-readable zone that was found and read; what it says is for ``kiosk.model.mrz.parse_mrz``.

    ``doubtful`` holds for each line the positions that somebody has to confirm. ``checks`` has one entry a check
    digit, by the names of ``Mrz.checks``; a document may itself print a wrong one, so False is reported and never
    repaired against a clear print. ``repaired`` are the positions, by line, where the check digits decided between
    look-alikes; all of them are doubtful too. ``quad``: the zone in pixels of the picture, its first corner at the
    top left of the first line as one reads it. ``attempts``: how many times the zone was read.
    """

    format: MrzFormat
    lines: tuple[str, ...]
    doubtful: tuple[frozenset[int], ...]
    checks: dict[str, bool]
    repaired: tuple[frozenset[int], ...]
    quad: Quad
    attempts: int

    @property
    def passed(self) -> bool:
        """Whether every check digit fits."""
        return all(self.checks.values())

    @property
    def failed_checks(self) -> tuple[str, ...]:
        """The names of the check digits that do not fit."""
        return tuple(name for name, fits in self.checks.items() if not fits)
