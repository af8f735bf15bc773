"""A line on which a device speaks only when it is used: code readers, swipe readers for passports.

Whether such a device is alive cannot be asked: it is online while its port is there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import structlog

from devices.link import Link, LinkFault, LinkLost, Opener
from kiosk.model.device import Availability, DeviceState

log = structlog.get_logger()

LOOK = 0.2
"""Seconds between two looks at a line that does not wake its host; one that does is read at once."""
REOPEN = 1.0


class Listener:
    """Opens the line, reads what comes, loses it and opens it again; keeps the device's state.

    ``faults`` names the fault of each way in which the line can be lost, ``opened`` is called with each new line.
    """

    def __init__(
        self,
        device: str,
        opener: Opener,
        baud: int,
        faults: Mapping[LinkFault, str],
        on_bytes: Callable[[bytes], None],
        opened: Callable[[], None] = lambda: None,
    ) -> None:
        self._opener, self._baud, self._faults = opener, baud, faults
        self._on_bytes, self._opened = on_bytes, opened
        self._link: Link | None = None
        self._notes: set[str] = set()
        self.state = DeviceState(device=device)

    def fileno(self) -> int:
        """What becomes readable when the device speaks; -1 while there is no line."""
        return -1 if self._link is None else self._link.fileno()

    def step(self) -> float:
        """Read what has come; returns the seconds until the next look."""
        try:
            if self._link is None:
                self._link = self._opener(self._baud)
                self._set(Availability.ONLINE)
                self._opened()
            data = self._link.read_some(0)
        except LinkLost as gone:
            self._lost(gone)
            return REOPEN
        if data:
            self._on_bytes(data)
        return LOOK

    def write(self, data: bytes) -> None:
        """Send, where the line is there; a line that is lost over it is opened again by ``step``."""
        if self._link is None:
            return
        try:
            self._link.write(data)
        except LinkLost as gone:
            self._lost(gone)

    def close(self) -> None:
        if self._link is not None:
            self._link.close()
        self._link = None

    def note(self, code: str, on: bool) -> None:
        """A fault that does not stop the device, or its end."""
        (self._notes.add if on else self._notes.discard)(code)
        self._set(self.state.availability)

    def _lost(self, gone: LinkLost) -> None:
        code = self._faults[gone.fault]
        if code not in self.state.faults:
            log.warning("line_lost", device=self.state.device, error=str(gone))
        self.close()
        self._notes.clear()
        missing = gone.fault == LinkFault.MISSING
        self._set(Availability.NO_DEVICE if missing else Availability.HARDWARE_ERROR, code)

    def _set(self, availability: Availability, *faults: str) -> None:
        codes = frozenset({*faults, *self._notes})
        self.state = self.state.model_copy(update={"availability": availability, "faults": codes})
