"""The staff's page: which device fails and what to do, what is left out, what waits."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Property, QObject, Signal, Slot

from kiosk.model.device import Availability
from kiosk.store.cases import CaseRepository
from kiosk.store.pages import SealedFiles
from sync.protocol.pin import check_pin
from ui.session import Session
from ui.viewmodels.i18n import words

MAX_TRIES = 5


class Staff(QObject):
    """Behind a PIN. Shows no data of any citizen."""

    changed = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._open = False
        self._tries = 0
        session.hardware.changed.connect(self.changed)
        session.appearance_changed.connect(self.changed)

    @Property(bool, notify=changed)
    def unlocked(self) -> bool:
        return self._open

    @Property(str, notify=changed)
    def message(self) -> str:
        w = words(self._session.language)
        if self._tries >= MAX_TRIES:
            return w["staff_locked"]
        return w["staff_wrong"] if self._tries else ""

    @Slot(str)
    def enter(self, pin: str) -> None:
        """Check the PIN. Five wrong ones lock the page until the terminal app starts anew."""
        opened = self._session.terminal.opened
        stored = opened.staff_pin if opened else ""
        if self._tries < MAX_TRIES and stored and check_pin(pin, stored):
            self._open, self._tries = True, 0
        else:
            self._tries += 1
        self.changed.emit()

    @Slot()
    def lock(self) -> None:
        self._open = False
        self.changed.emit()

    @Property(list, notify=changed)
    def rows(self) -> list[dict[str, Any]]:
        """Devices, packages left out, backlog; each with what staff do about it."""
        session, lang = self._session, self._session.language
        w = words(lang)
        if not self._open:
            return []
        rows: list[dict[str, Any]] = []
        for state in session.hardware.states.values():
            faults = [f for f in session.hardware.active_faults() if f.code in state.faults]
            well = state.availability in (Availability.ONLINE, Availability.BUSY)
            rows.append(
                {
                    "label": w[f"staff_{state.device}"],
                    "value": w["staff_attention" if faults and well else f"staff_{state.availability}"],
                    "advice": "",
                    "steps": [
                        {"number": n, "picture": s.picture, "text": s.text(lang)}
                        for f in faults
                        for n, s in enumerate(f.steps, 1)
                    ],
                    "detail": "\n".join(f"{f.code} ({f.local}): {f.technician(lang)}" for f in faults),
                    "good": not faults and well,
                }
            )
        rows += [
            {"label": left.name, "value": w[f"staff_package_{left.fault}"], "advice": left.detail, "good": False}
            for left in session.terminal.catalogue.left_out
        ]
        opened = session.terminal.opened
        if opened is not None:
            cases = CaseRepository(opened.store, SealedFiles(session.terminal.settings.paths.state / "sealed"))
            waiting = w["staff_count"].format(cases.backlog())
            rows.append({"label": w["staff_backlog"], "value": waiting, "advice": "", "good": True})
            held = cases.held()
            if held:
                rows.append(
                    {
                        "label": w["staff_held"],
                        "value": w["staff_count"].format(held),
                        "advice": w["staff_held_advice"],
                        "good": False,
                    }
                )
        return rows
