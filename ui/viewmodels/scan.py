"""The papers under the camera: live preview, pages taken, promise in place of a paper."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Property, QObject, QSize, Qt, Signal, Slot
from PySide6.QtGui import QImage
from PySide6.QtQuick import QQuickImageProvider

from kiosk.ipc.device_messages import PreviewHint
from kiosk.model.fault import Fault
from kiosk.visit.step import StepKind
from ui.session import Session
from ui.sounds import Sounds
from ui.viewmodels.i18n import words
from ui.viewmodels.live import Live


class Scan(QObject):
    """One paper of the case."""

    changed = Signal()
    captured = Signal()

    def __init__(self, session: Session, live: Live) -> None:
        super().__init__()
        self._session, self._live = session, live
        self._sounds = Sounds(session.terminal.settings.terminal.sounds)
        session.moved.connect(self._moved)
        session.draft_changed.connect(self.changed)
        session.page_taken.connect(self._taken)
        session.appearance_changed.connect(self.changed)
        session.hardware.changed.connect(self.changed)
        live.changed.connect(self.changed)

    @property
    def _here(self) -> bool:
        step = self._session.visit.step
        return step is not None and step.kind == StepKind.MATERIAL

    def _moved(self) -> None:
        if not any(p["id"] == self._session.retaking for p in self._pages()):
            self._session.retaking = ""
        self.changed.emit()

    def _taken(self) -> None:
        """One sound and one flash for each page."""
        self._sounds.captured()
        if self._here:
            self.captured.emit()

    @property
    def _hint(self) -> PreviewHint:
        return self._live.hint

    @Property(str, notify=changed)
    def title(self) -> str:
        return self._session.visit.material().label(self._session.language) if self._here else ""

    @Property(str, notify=changed)
    def help(self) -> str:
        hint = self._session.visit.material().hint if self._here else None
        return hint(self._session.language) if hint else words(self._session.language)["scan_lay"]

    @Property(str, notify=changed)
    def message(self) -> str:
        """One sentence on what to do now."""
        w = words(self._session.language)
        if not self.wanted:
            return w["scan_full"]
        wrong = self._camera_fault
        if wrong is not None:
            return wrong.citizen(self._session.language)
        if not self.cameraWorks:
            return w["scan_no_camera"]
        if self._session.retaking and self._hint in (PreviewHint.NO_PAGE, PreviewHint.TAKE_AWAY):
            return w["scan_again"].format(self._place(self._session.retaking))
        return w[f"scan_hint_{self._hint}"]

    @Property(str, notify=changed)
    def picture(self) -> str:
        """The name of the picture beside the sentence; none where staff must act."""
        if self._promised() or self._camera_fault is not None or not self.cameraWorks:
            return ""
        return self._hint.value if self.wanted else PreviewHint.TAKE_AWAY.value

    def _place(self, page_id: str) -> int:
        return next((i for i, p in enumerate(self._pages(), 1) if p["id"] == page_id), 0)

    @Property(bool, notify=changed)
    def broken(self) -> bool:
        """The camera cannot see a paper that is still wanted."""
        return bool(self.wanted) and not self._promised() and (self._camera_fault is not None or not self.cameraWorks)

    @property
    def _camera_fault(self) -> Fault | None:
        """What keeps the camera from seeing a paper, the gravest first."""
        faults = self._session.hardware.active_faults()
        return next((f for f in faults if f.device == "camera" and f.severity == "error"), None)

    @Property(bool, notify=changed)
    def good(self) -> bool:
        return self._camera_fault is None and self._hint in (
            PreviewHint.CAPTURED,
            PreviewHint.TAKE_AWAY,
            PreviewHint.HOLD_STILL,
        )

    @Property(str, notify=changed)
    def tone(self) -> str:
        """Of the sentence. What is wrong with a paper is told as a warning, however many pages there are already."""
        if self.broken:
            return "danger"
        if self._promised() or not self.wanted or self.good:
            return "success"
        if self._hint == PreviewHint.NO_PAGE:
            return "success" if self.enough and not self._session.retaking else "plain"
        return "warning"

    @Property(bool, notify=changed)
    def cameraWorks(self) -> bool:
        return self._session.hardware.works("camera")

    @Property(list, notify=changed)
    def pages(self) -> list[dict[str, Any]]:
        return self._pages()

    def _pages(self) -> list[dict[str, Any]]:
        draft = self._session.visit.draft
        if not self._here or draft is None:
            return []
        material = self._session.visit.material().id
        again = self._session.retaking
        return [{"id": p.page_id, "again": p.page_id == again} for p in draft.pages if p.material == material]

    @Property(bool, notify=changed)
    def full(self) -> bool:
        return self._here and len(self._pages()) >= self._session.visit.material().max_pages

    @Property(bool, notify=changed)
    def wanted(self) -> bool:
        """The next picture is kept: there is room for a page, or one is to be taken again."""
        return not self.full or bool(self._session.retaking)

    @Property(bool, notify=changed)
    def enough(self) -> bool:
        return self._here and (self._promised() or len(self._pages()) >= self._session.visit.material().min_pages)

    @Property(str, notify=changed)
    def promise(self) -> str:
        promise = self._session.visit.material().promise if self._here else None
        return promise(self._session.language) if promise else ""

    @Property(bool, notify=changed)
    def promised(self) -> bool:
        return self._promised()

    def _promised(self) -> bool:
        draft, step = self._session.visit.draft, self._session.visit.step
        return draft is not None and step is not None and step.id in draft.promises

    @Slot(bool)
    def setPromised(self, given: bool) -> None:
        step = self._session.visit.step
        if step is not None:
            self._session.act(lambda: self._session.visit.promise(step.id, given))

    @Slot()
    def takeNow(self) -> None:
        self._session.camera.take_picture()

    @Slot(str)
    def retake(self, page_id: str) -> None:
        """The next picture replaces this page; asked for again, it stays."""
        self._session.retaking = "" if self._session.retaking == page_id else page_id
        self.changed.emit()

    @Slot(str)
    def moveForward(self, page_id: str) -> None:
        self._session.act(lambda: self._session.visit.move_forward(page_id))

    @Slot(str)
    def remove(self, page_id: str) -> None:
        self._session.act(lambda: self._session.visit.remove_page(page_id))

    @Slot()
    def proceed(self) -> None:
        self._session.act(lambda: self._session.visit.proceed(self._session.now()))


PORTRAIT = "portrait"


class PageImages(QQuickImageProvider):
    """``image://pages/ID``: the pages of the draft and the portrait of the card, from memory."""

    def __init__(self, session: Session) -> None:
        super().__init__(QQuickImageProvider.ImageType.Image)
        self._session = session

    def requestImage(self, identifier: str, size: QSize, requested: QSize) -> QImage:
        draft = self._session.visit.draft
        files = {p.page_id: p.image for p in draft.pages} if draft else {}
        if draft is not None and draft.identity is not None:
            files[PORTRAIT] = self._session.photo
        if identifier in files:
            image = QImage.fromData(files[identifier])
            if requested.isValid():
                keep, smooth = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
                return image.scaled(requested, keep, smooth)
            return image
        return QImage(1, 1, QImage.Format.Format_RGB32)
