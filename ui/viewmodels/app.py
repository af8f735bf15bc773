"""The frame around every screen: which screen, back, help, language, idle warning, notices."""

from __future__ import annotations

from PySide6.QtCore import Property, QObject, QTimer, Signal, Slot

from kiosk.config import ASSETS
from kiosk.model.clock import HALL_ZONE
from kiosk.model.identity import masked_name
from kiosk.visit.call import Heard
from kiosk.visit.idle import Idle
from kiosk.visit.stage import Stage, WayOut
from kiosk.visit.step import StepKind
from ui.session import Session
from ui.viewmodels.i18n import words

_SCREENS = {
    Stage.ATTRACT: "Home",
    Stage.CHOOSE: "Home",
    Stage.LOOKUP: "Lookup",
    Stage.GUIDANCE: "Guidance",
    Stage.CONSENT: "Consent",
    Stage.IDENTIFY: "Identify",
    Stage.ALREADY_OPEN: "AlreadyOpen",
    Stage.REVIEW: "Review",
    Stage.SUBMIT: "Submitting",
    Stage.RECEIPT: "Receipt",
    Stage.RATE: "Rate",
    Stage.GOODBYE: "Goodbye",
    Stage.ENDED: "Ended",
}
_STEPS = {StepKind.PAGE: "Question", StepKind.MATERIAL: "Scan", StepKind.SIGN: "Sign"}
STAFF_TAPS = 5
_SAID = (Heard.CALLING, Heard.TOLD, Heard.UNHEARD)


class App(QObject):
    """The one model that Main.qml itself uses."""

    changed = Signal()
    appearanceChanged = Signal()
    dialogChanged = Signal()
    callChanged = Signal()
    clockChanged = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._dialog = ""
        self._staff_taps = 0
        self._staff = False
        session.moved.connect(self._moved)
        session.appearance_changed.connect(self.appearanceChanged)
        session.appearance_changed.connect(self.changed)
        session.hardware.changed.connect(self.changed)
        session.idle_changed.connect(self.dialogChanged)
        session.calling.changed.connect(self.callChanged)
        session.appearance_changed.connect(self.callChanged)
        self._clock = QTimer(self, interval=5000)
        self._clock.timeout.connect(self.clockChanged)
        self._clock.start()

    def _moved(self) -> None:
        if self._dialog != "help" or self._session.visit.stage == Stage.ENDED:
            # Who has called for help may be on the way to the desk: what a card brings up stays covered.
            self._dialog = ""
        self.dialogChanged.emit()
        self.changed.emit()

    def _w(self, key: str) -> str:
        return words(self._session.language)[key]

    @Property(str, constant=True)
    def pictures(self) -> str:
        """Where the pictures are, as an address that QML can open."""
        return (ASSETS / "pictures").as_uri() + "/"

    @Property(str, notify=changed)
    def screen(self) -> str:
        """Name of the QML file of the screen."""
        if self._staff:
            return "Staff"
        session = self._session
        if session.terminal.opened is None or not session.terminal.catalogue.services:
            return "OutOfService"
        if session.visit.stage in (Stage.ATTRACT, Stage.CHOOSE) and session.hardware.out_of_service is not None:
            return "OutOfService"  # who has begun goes on
        step = session.visit.step
        return _STEPS[step.kind] if step is not None else _SCREENS.get(session.visit.stage, "Home")

    @Property(str, notify=changed)
    def step(self) -> str:
        """Changes with every step, so that two questions after one another are two screens."""
        step = self._session.visit.step
        return f"{self._session.visit.stage}/{step.id if step else ''}"

    @Property(bool, notify=changed)
    def inVisit(self) -> bool:
        return self._in_visit

    @property
    def _in_visit(self) -> bool:
        return self._session.visit.stage not in (Stage.ATTRACT, Stage.CHOOSE, Stage.ENDED)

    @Property(bool, notify=changed)
    def canGoBack(self) -> bool:
        visit = self._session.visit
        return self._staff or visit.stage == Stage.LOOKUP or (visit.can_go_back and not self._stored)

    @property
    def _stored(self) -> bool:
        return self._session.visit.stage in (Stage.RECEIPT, Stage.RATE, Stage.GOODBYE)

    @Property(bool, notify=changed)
    def canEnd(self) -> bool:
        return self._in_visit and not self._stored and self._session.visit.stage not in (Stage.SUBMIT, Stage.LOOKUP)

    @Property(bool, notify=changed)
    def consentGiven(self) -> bool:
        return self._session.visit.holds_data and not self._stored

    @Property(str, notify=changed)
    def title(self) -> str:
        package = self._session.visit.package
        if package is None:
            return self._w("app_name")
        return package.title(self._session.language)

    @Property(str, notify=changed)
    def person(self) -> str:
        draft = self._session.visit.draft
        at_the_end = self._session.visit.stage in (Stage.RATE, Stage.GOODBYE)
        identity = draft.identity if draft and not at_the_end else None
        return masked_name(identity.name or identity.number[:1]) if identity else ""

    def _place(self) -> tuple[int, int]:
        visit = self._session.visit
        if visit.step is None:
            done = visit.stage in (Stage.REVIEW, Stage.SUBMIT, Stage.RECEIPT, Stage.RATE, Stage.GOODBYE)
            return (1, 1) if done else (0, 1)
        steps = visit.steps(self._session.now())
        return (steps.index(visit.step) + 1 if visit.step in steps else 1), len(steps)

    @Property(float, notify=changed)
    def progress(self) -> float:
        place, total = self._place()
        return place / (total + 1) if self._session.visit.step else float(place)

    @Property(str, notify=changed)
    def progressText(self) -> str:
        if self._session.visit.step is None:
            return ""
        return self._w("app_progress").format(*self._place())

    @Property(str, notify=appearanceChanged)
    def language(self) -> str:
        return self._session.language

    @Property(bool, notify=appearanceChanged)
    def elder(self) -> bool:
        return self._session.elder

    @Property(str, notify=appearanceChanged)
    def place(self) -> str:
        terminal = self._session.terminal.settings.terminal
        hall = terminal.hall if self._session.language == "zh" else terminal.hall_en
        return f"{hall} · {self._w('app_terminal').format(terminal.number)}"

    @Property(str, notify=clockChanged)
    def clock(self) -> str:
        return self._session.now().astimezone(HALL_ZONE).strftime("%H:%M")

    @Property(list, notify=changed)
    def notices(self) -> list[str]:
        """What citizens must know of the devices, in their words."""
        session = self._session
        return [f.citizen(session.language) for f in session.hardware.active_faults() if f.severity == "error"]

    @Property(str, notify=callChanged)
    def helpTitle(self) -> str:
        return self._w(f"dialog_help_{self._session.calling.heard}") if self._session.calling.heard in _SAID else ""

    @Property(str, notify=callChanged)
    def helpText(self) -> str:
        """What the citizen does now: waits here only where the platform has confirmed that somebody was told."""
        if self._session.calling.heard not in _SAID:
            return ""
        kept = self._w("dialog_help_kept") if self._session.visit.holds_data else ""
        text = self._w(f"dialog_help_{self._session.calling.heard}_text")
        return text.format(self._session.terminal.settings.terminal.phone) + kept

    @Property(str, notify=callChanged)
    def helpEnd(self) -> str:
        return self._w("app_close" if self._session.calling.heard == Heard.UNHEARD else "dialog_help_cancel")

    @Property(str, notify=changed)
    def outReason(self) -> str:
        """Why nothing can be begun, for the citizen."""
        fault = self._session.hardware.out_of_service
        return fault.citizen(self._session.language) if fault is not None else self._w("out_text")

    @Property(bool, notify=changed)
    def canLookUp(self) -> bool:
        return self._session.terminal.opened is not None

    @Property(str, notify=changed)
    def trouble(self) -> str:
        """Why the terminal takes in nothing, for the technician; holds no person's data."""
        fault = self._session.hardware.out_of_service
        if self._session.terminal.opened is not None and fault is not None:
            return fault.code  # the staff's page has the steps
        left = [f"{p.name}: {p.fault}" for p in self._session.terminal.catalogue.left_out]
        if self._session.terminal.trouble:
            return f"store_unavailable: {self._session.terminal.trouble}"
        return ", ".join(left) or "no services"

    # dialogs

    @Property(str, notify=dialogChanged)
    def dialog(self) -> str:
        """``""``, ``end``, ``help`` or ``idle``; the idle warning goes before the others."""
        return "idle" if self._session.idle_state == Idle.WARNING else self._dialog

    def _show(self, dialog: str) -> None:
        self._dialog = dialog
        self._session.set_assisted(dialog == "help")
        self.dialogChanged.emit()

    @Slot()
    def askEnd(self) -> None:
        self._show("end")

    @Slot()
    def help(self) -> None:
        self._show("help")

    @Slot()
    def closeDialog(self) -> None:
        self._session.touched()
        self._show("")

    @Slot()
    def end(self) -> None:
        """The citizen ends the visit before it is done. With consent given, that is its withdrawal."""
        self._session.end(WayOut.WITHDRAWN if self.consentGiven else WayOut.CANCELLED)

    @Slot()
    def back(self) -> None:
        if self._staff:
            self._staff = False
            self.changed.emit()
            return
        if self._session.visit.stage == Stage.LOOKUP:
            self._session.end(WayOut.CANCELLED)  # nothing was begun that could be lost
        elif self.canGoBack:
            self._session.act(lambda: self._session.visit.back(self._session.now()))

    @Slot()
    def touched(self) -> None:
        self._session.touched()

    @Slot(str)
    def setLanguage(self, language: str) -> None:
        self._session.set_language(language)

    @Slot(bool)
    def setElder(self, elder: bool) -> None:
        self._session.set_elder(elder)

    @Slot()
    def tapClock(self) -> None:
        """Five taps on the clock open the staff's page."""
        if self.inVisit:
            return
        self._staff_taps += 1
        if self._staff_taps >= STAFF_TAPS:
            self._staff_taps = 0
            self._staff = True
            self.changed.emit()
