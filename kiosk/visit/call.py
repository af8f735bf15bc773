"""A call for help: what the screen may say of it. It never says that people were told before they were."""

from __future__ import annotations

from enum import StrEnum

from kiosk.model.clock import Clock

PATIENCE = 8.0
"""Seconds until a citizen who still waits for the platform's word is sent to the desk."""


class Heard(StrEnum):
    NOBODY_CALLS = "nobody_calls"
    CALLING = "calling"
    TOLD = "told"
    UNHEARD = "unheard"


class HelpCall:
    """From the touch on "Help" to its end. ``since`` names the call (the time of the touch)."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._began = 0.0
        self.since = ""

    def begin(self, since: str = "") -> None:
        """A new call, or with ``since`` one that a crashed worker had begun."""
        self.since, self._began = since or self._clock.now().isoformat(), self._clock.monotonic()

    def end(self) -> None:
        self.since = ""

    def heard(self, told: str, *, online: bool) -> Heard:
        """``told``: the call that the platform has confirmed last; ``online``: it is within reach, as far as known."""
        if not self.since:
            return Heard.NOBODY_CALLS
        if told == self.since:
            return Heard.TOLD
        waits = online and self._clock.monotonic() - self._began < PATIENCE
        return Heard.CALLING if waits else Heard.UNHEARD
