"""How a case stands, by its receipt number: typed, or from the receipt's QR code."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import Property, QObject, Signal, Slot

from kiosk.model.clock import HALL_ZONE
from kiosk.receipts.receipt import receipt_of
from kiosk.visit.stage import Stage, WayOut
from ui.session import Session
from ui.viewmodels.i18n import words


class Lookup(QObject):
    """State of the look-up screen."""

    changed = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._receipt = self._error = ""
        session.moved.connect(self._moved)
        session.appearance_changed.connect(self.changed)
        session.hardware.changed.connect(self.changed)
        session.store_changed.connect(self.changed)
        session.code_shown.connect(self.search)

    def _moved(self) -> None:
        if self._session.visit.stage != Stage.LOOKUP and (self._receipt or self._error):
            self._receipt = self._error = ""
        self.changed.emit()

    @Property(str, notify=changed)
    def ask(self) -> str:
        """What to do: by the code reader too, where one works, or else by the camera."""
        session, works = self._session, self._session.hardware.works
        way = "show" if works("code_reader") else "camera" if works("camera") else "type"
        return words(session.language)[f"lookup_{way}"]

    @Property(bool, notify=changed)
    def camera(self) -> bool:
        """Whether the camera looks for the code."""
        return self._session.camera.on and not self.rows

    @Property(str, notify=changed)
    def error(self) -> str:
        return words(self._session.language)[f"lookup_{self._error}"] if self._error else ""

    @Property(str, notify=changed)
    def receipt(self) -> str:
        """The number whose case is shown; empty before a search."""
        return self._receipt

    @Property(list, notify=changed)
    def rows(self) -> list[dict[str, str]]:
        """Label and text, in reading order; empty where nothing was found."""
        session, opened = self._session, self._session.terminal.opened
        line = opened.intake.by_receipt(self._receipt) if opened is not None and self._receipt else None
        if line is None:
            return []
        lang, w = session.language, words(session.language)
        package = session.terminal.catalogue.services.get(line.service)
        handed_in = datetime.fromisoformat(line.created).astimezone(HALL_ZONE)
        now = session.now().astimezone(HALL_ZONE)
        as_of = w["lookup_as_of"].format(now.strftime("%Y-%m-%d %H:%M"))
        return [
            {"label": w["lookup_number"], "text": line.receipt},
            {"label": w["lookup_service"], "text": package.title(lang) if package else line.service},
            {"label": w["lookup_handed_in"], "text": handed_in.strftime("%Y-%m-%d %H:%M")},
            {"label": w["lookup_state"], "text": f"{w[f'lookup_{line.state}']}\n{as_of}"},
        ]

    @Slot(str)
    def search(self, code: str) -> None:
        """Look for what was typed or shown."""
        self._receipt = receipt_of(code) or ""
        terminal = self._session.terminal
        if not self._receipt:
            self._error = "wrong"
        elif terminal.opened is not None and terminal.opened.intake.by_receipt(self._receipt) is not None:
            self._error = ""
        else:
            own = self._receipt.startswith(f"{terminal.settings.terminal.code}-")
            self._error = "unknown" if own else "elsewhere"
        self.changed.emit()

    @Slot()
    def leave(self) -> None:
        self._session.end(WayOut.FINISHED)
