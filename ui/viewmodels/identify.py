"""Laying down the card, or typing the number after two reads that failed."""

from __future__ import annotations

from datetime import date

from PySide6.QtCore import Property, QObject, Signal, Slot

from kiosk.forms.values import NUMBER_FAULTS
from kiosk.model.clock import hall_date
from kiosk.model.identity import DocumentKind, IdentityDocument, area_known, birth_of, masked_number, number_fault
from kiosk.visit.stage import Stage, WayOut
from ui.session import Session
from ui.viewmodels.i18n import words

FAILURES_BEFORE_TYPING = 2


class Identify(QObject):
    """State of the card screen."""

    changed = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._typing = False
        self._error = ""
        self._doubted = ""
        session.card_changed.connect(self.changed)
        session.moved.connect(self._moved)
        session.appearance_changed.connect(self.changed)
        session.hardware.changed.connect(self.changed)

    def _moved(self) -> None:
        if self._session.visit.stage != Stage.IDENTIFY:
            self._typing, self._error, self._doubted = False, "", ""
        self.changed.emit()

    @Property(bool, notify=changed)
    def readerWorks(self) -> bool:
        return self._session.hardware.works("id_reader")

    @Property(str, notify=changed)
    def message(self) -> str:
        """What happens with the card, in the citizen's words."""
        w, session = words(self._session.language), self._session
        if session.readers.card_fault:
            return w[f"identify_{session.readers.card_fault}"]
        if not self.readerWorks:
            return w["identify_no_reader"]
        if session.readers.card_there:
            return w["identify_reading"]
        passports = session.hardware.works("mrz_reader")
        return w["identify_lay_or_swipe"] if passports else w["identify_lay"]

    @Property(bool, notify=changed)
    def failed(self) -> bool:
        return bool(self._session.readers.card_fault) or not self.readerWorks

    @Property(bool, notify=changed)
    def mayType(self) -> bool:
        """Typing is offered after two failed reads, at once for a card of another kind or without a reader."""
        session = self._session
        return (
            session.readers.failures >= FAILURES_BEFORE_TYPING
            or session.readers.card_fault == "not_an_id_card"
            or not self.readerWorks
        )

    @Property(bool, notify=changed)
    def typing(self) -> bool:
        return self._typing

    @Property(str, notify=changed)
    def error(self) -> str:
        return self._error

    @Slot()
    def typeInstead(self) -> None:
        self._typing = True
        self.changed.emit()

    @Slot()
    def useCard(self) -> None:
        self._typing = False
        self._session.read_passport(False)
        self.changed.emit()

    @Slot(str, str)
    def typed(self, name: str, number: str) -> None:
        """Take a typed identity; the original is checked at the desk."""
        lang = self._session.language
        plain, person = number.strip().upper().replace(" ", ""), name.strip()
        fault = number_fault(plain, date.fromisoformat(hall_date(self._session.now())))
        if not person:
            self._error = words(lang)["identify_name_missing"]
        elif fault is not None:
            self._error = NUMBER_FAULTS[fault](lang)
        elif not area_known(plain) and plain != self._doubted:
            # A warning, no refusal: the same number is taken the second time.
            self._doubted, self._error = plain, words(lang)["identify_area_unknown"]
        else:
            born = birth_of(plain)
            self._session.identified(
                IdentityDocument(
                    kind=DocumentKind.TYPED, name=person, number=plain, birth=born.isoformat() if born else ""
                )
            )
            return
        self.changed.emit()


class OpenCase(QObject):
    """Tells of a case that the same person has open for the same service."""

    changed = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        session.moved.connect(self.changed)

    @Property(str, notify=changed)
    def receipt(self) -> str:
        line = self._session.visit.line
        return line.receipt if line else ""

    @Property(bool, notify=changed)
    def sent(self) -> bool:
        line = self._session.visit.line
        return line is not None and line.state != "queued"

    @Property(str, notify=changed)
    def number(self) -> str:
        draft = self._session.visit.draft
        return masked_number(draft.identity.number) if draft and draft.identity else ""

    @Slot()
    def anew(self) -> None:
        self._session.act(self._session.visit.anew)

    @Slot()
    def leave(self) -> None:
        self._session.end(WayOut.CANCELLED)
