"""Somebody at this terminal calls for help: the store tells the agent, the agent the hall."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from kiosk.model.clock import Clock
from kiosk.store.database import CALL, CALL_TOLD, Store
from kiosk.visit.call import Heard, HelpCall
from ui.notes import noted


class Calling(QObject):
    """``heard``: what the screen may say of the call. Without a store nobody can be told."""

    changed = Signal()

    def __init__(self, store: Store | None, clock: Clock) -> None:
        super().__init__()
        self._store, self._call = store, HelpCall(clock)
        self.heard = Heard.NOBODY_CALLS

    @property
    def on(self) -> bool:
        return bool(self._call.since)

    def set(self, on: bool) -> None:
        if on == self.on:
            return
        if on:
            self._call.begin()
        else:
            self._call.end()
        self._write(self._call.since)

    def take_up(self, *, resume: bool) -> None:
        """A call outlives the worker that crashed; with its visit it is over."""
        since = self._store.get(CALL) if self._store is not None else ""
        if since and resume:
            self._call.begin(since)
        elif since:
            self._write("")

    def look(self, *, online: bool) -> None:
        """``online``: the platform is within reach, as far as known."""
        told = self._store.get(CALL_TOLD) if self._store is not None and self.on else ""
        heard = self._call.heard(told, online=online and self._store is not None)
        if heard != self.heard:
            self.heard = heard
            self.changed.emit()

    def _write(self, since: str) -> None:
        if self._store is not None:
            store = self._store
            noted(lambda: store.put(CALL, since))
