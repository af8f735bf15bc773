"""The camera's picture as it is now, and what is seen in it."""

from __future__ import annotations

from PySide6.QtCore import Property, QObject, Signal
from PySide6.QtGui import QImage

from kiosk.ipc.device_messages import Frame, PreviewHint
from ui.session import Session


class Live(QObject):
    """Empty while the camera is off."""

    changed = Signal()
    previewChanged = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._corners: list[tuple[float, float]] = []
        self.hint = PreviewHint.NO_PAGE
        self.image = QImage()
        session.moved.connect(self._moved)
        session.devices.frame.connect(self._on_frame)

    def _moved(self) -> None:
        if not self._session.camera.on:
            self.image = QImage()
        self.hint, self._corners = PreviewHint.NO_PAGE, []
        self.changed.emit()
        self.previewChanged.emit()

    def _on_frame(self, frame: Frame) -> None:
        ring = self._session.devices.ring
        if ring is None or not self._session.camera.on:
            return
        seen = ring.read(frame.slot)
        if seen is None:
            return
        _sequence, width, height, pixels = seen
        # The picture keeps its own copy: the ring's slot is written again in a fifth of a second.
        self.image = QImage(pixels, width, height, width * 4, QImage.Format.Format_RGB32).copy()
        self._corners = frame.corners
        if frame.hint != self.hint:
            self.hint = frame.hint
            self.changed.emit()
        self.previewChanged.emit()

    @Property(list, notify=previewChanged)
    def corners(self) -> list[dict[str, float]]:
        return [{"x": x, "y": y} for x, y in self._corners]
