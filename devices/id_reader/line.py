"""The line to a SAM_V reader: opened at the speed at which it answers."""

from __future__ import annotations

from collections.abc import Sequence

from devices.id_reader.sam import Command, SamFault, SamReader
from devices.link import Link, Opener
from kiosk.model.clock import Clock
from kiosk.model.result import Err, Ok, Result

USUAL_BAUD = 115200
BAUDS = (USUAL_BAUD, 57600, 38400, 19200, 9600)
"""A reader keeps the speed it was once set to, even without power; it is looked for, and never changed."""


class ReaderLine:
    """Owns the link. ``reader`` is there while a reader answers."""

    def __init__(self, opener: Opener, clock: Clock) -> None:
        self._opener, self._clock = opener, clock
        self._link: Link | None = None
        self.reader: SamReader | None = None
        self.baud = USUAL_BAUD

    def open(self, bauds: Sequence[int]) -> Result[SamReader, SamFault]:
        """The first speed at which a reader answers. Raises LinkLost where there is no line at all."""
        worst = SamFault.SILENT
        for baud in bauds:
            self.close()
            self._link = self._opener(baud)
            reader = SamReader(self._link, self._clock)
            answer = reader.ask(Command.STATUS)
            if isinstance(answer, Ok):
                self.reader, self.baud = reader, baud
                return Ok(reader)
            # What the usual speed says is the most telling, unless only another one says anything.
            if worst == SamFault.SILENT:
                worst = answer.error
            if answer.error in (SamFault.SELF_TEST, SamFault.NOT_AUTHORISED):
                self.reader, self.baud = reader, baud
                break
        return Err(worst)

    def close(self) -> None:
        if self._link is not None:
            self._link.close()
        self._link = self.reader = None
