"""Receipt numbers that stay unique even after a disk was restored from a copy.

A number is terminal, epoch and counter. The counter lives in the database and would run twice after a
restore, so the epoch, four random characters, is drawn anew whenever continuity is not proven: when the
machine was started anew, or when the volatile mark in memory knows a higher counter than the database.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

from kiosk.model.ids import ALPHABET, receipt_number
from kiosk.store.database import Store


@dataclass(frozen=True)
class Drawn:
    """One number: the receipt's text, its epoch and its place in the terminal's order."""

    receipt: str
    epoch: str
    sequence: int


def boot_id() -> str:
    """The kernel's random number of this start of the machine."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


class ReceiptCounter:
    """Draws numbers. ``mark`` is a file in memory (it must not survive a restart of the machine)."""

    def __init__(self, store: Store, terminal: str, mark: Path, boot: str) -> None:
        self._store, self._terminal, self._mark, self._boot = store, terminal, mark, boot

    def draw(self) -> Drawn:
        """The next number; must run inside the transaction that stores its case."""
        counter = int(self._store.get("receipt_counter", "0"))
        epoch = self._store.get("epoch")
        if not epoch or self._store.get("epoch_boot") != self._boot or self._seen() > counter:
            epoch = "".join(secrets.choice(ALPHABET) for _ in range(4))
            self._store.put("epoch", epoch)
            self._store.put("epoch_boot", self._boot)
        counter += 1
        self._store.put("receipt_counter", str(counter))
        return Drawn(receipt_number(self._terminal, epoch, counter % 1_000_000), epoch, counter)

    def committed(self, drawn: Drawn) -> None:
        """Remember the number outside the database, after the commit."""
        self._mark.write_text(str(drawn.sequence))

    def _seen(self) -> int:
        try:
            return int(self._mark.read_text())
        except (FileNotFoundError, ValueError):
            return 0
