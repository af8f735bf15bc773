"""A passport or travel card under the document camera: its zone read, and what is doubtful in it confirmed."""

from __future__ import annotations

from datetime import date
from typing import Any

from PySide6.QtCore import Property, QObject, Signal, Slot

from kiosk.ipc.device_messages import PreviewHint, ZoneRead
from kiosk.model.clock import hall_date
from kiosk.model.mrz import Mrz, MrzError, document_of, look_alikes, parse_mrz
from ui.session import Session
from ui.viewmodels.i18n import words
from ui.viewmodels.live import Live


class Passport(QObject):
    """``scanning`` while the document is looked for, ``confirming`` while the citizen compares it."""

    changed = Signal()

    def __init__(self, session: Session, live: Live) -> None:
        super().__init__()
        self._session, self._live = session, live
        self._lines: list[str] = []
        self._error = ""
        session.card_changed.connect(self._card_changed)
        session.appearance_changed.connect(self.changed)
        session.hardware.changed.connect(self.changed)
        session.moved.connect(self._card_changed)
        live.changed.connect(self.changed)

    @property
    def _zone(self) -> ZoneRead | None:
        return self._session.camera.zone

    def _card_changed(self) -> None:
        zone = self._zone
        if zone is None:
            self._lines, self._error = [], ""
        elif not self._lines:
            self._lines = list(zone.lines)
            mrz = self._parsed()
            if not any(zone.doubtful) and mrz is not None and mrz.valid:
                self._identify(mrz)
        self.changed.emit()

    @Property(bool, notify=changed)
    def offered(self) -> bool:
        """A reader for passports goes before the camera."""
        return self._session.hardware.works("camera") and not self._session.hardware.works("mrz_reader")

    @Property(bool, notify=changed)
    def scanning(self) -> bool:
        return self._session.camera.zone_wanted and self._zone is None

    @Property(bool, notify=changed)
    def confirming(self) -> bool:
        return self._zone is not None

    @Property(str, notify=changed)
    def message(self) -> str:
        w = words(self._session.language)
        hint = self._live.hint
        known = {PreviewHint.NO_ZONE: "passport_no_zone", PreviewHint.HOLD_STILL: "passport_hold"}
        return w[known.get(hint, "passport_lay")]

    @Property(str, notify=changed)
    def picture(self) -> str:
        return self._live.hint.value if self.scanning else ""

    @Property(str, notify=changed)
    def error(self) -> str:
        return words(self._session.language)[self._error] if self._error else ""

    @Property(list, notify=changed)
    def fields(self) -> list[dict[str, str]]:
        """Label and value of what the zone says, as it stands now."""
        mrz = self._parsed()
        if mrz is None:
            return []
        w = words(self._session.language)
        shown = {
            "passport_name": f"{mrz.surname} {mrz.given}".strip(),
            "passport_number": mrz.number,
            "passport_nationality": mrz.nationality,
            "passport_birth": mrz.birth,
            "passport_expiry": mrz.expiry,
        }
        return [{"label": w[k], "value": v or w["passport_open"]} for k, v in shown.items()]

    @Property(list, notify=changed)
    def doubts(self) -> list[dict[str, Any]]:
        """Each doubtful character: what stands before and after it, and what it may be."""
        zone = self._zone
        if zone is None or not self._lines:
            return []
        found = []
        for row, places in enumerate(zone.doubtful):
            for place in places:
                line = self._lines[row]
                found.append(
                    {
                        "row": row,
                        "place": place,
                        "before": line[max(0, place - 6) : place],
                        "now": line[place],
                        "after": line[place + 1 : place + 7],
                        "choices": look_alikes(zone.lines[row][place]),
                    }
                )
        return found

    @Slot()
    def begin(self) -> None:
        self._session.read_passport(True)

    @Slot(int, int, str)
    def pick(self, row: int, place: int, character: str) -> None:
        """The citizen says what stands there."""
        line = self._lines[row]
        self._lines[row] = line[:place] + character + line[place + 1 :]
        self._error = ""
        self.changed.emit()

    @Slot()
    def confirm(self) -> None:
        """Everything is as it stands in the document."""
        mrz = self._parsed()
        if mrz is None or not mrz.valid:
            self._error = "passport_does_not_fit"
            self.changed.emit()
            return
        self._identify(mrz)

    def _identify(self, mrz: Mrz) -> None:
        if mrz.visa:
            self._session.read_passport(False)
            self._session.card_refused("not_an_id_card")
            return
        self._session.card_presented(document_of(mrz))

    def _parsed(self) -> Mrz | None:
        try:
            return parse_mrz(self._lines, date.fromisoformat(hall_date(self._session.now())))
        except MrzError:
            return None
