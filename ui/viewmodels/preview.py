"""The camera's picture as an item of the scene; ``VideoOutput`` would need a GPU."""

from __future__ import annotations

from PySide6.QtCore import Property, QObject, QRectF, Signal
from PySide6.QtGui import QPainter
from PySide6.QtQuick import QQuickItem, QQuickPaintedItem

from ui.viewmodels.live import Live


class CameraPreview(QQuickPaintedItem):
    """Paints the newest frame, whole, in the middle of the item."""

    sourceChanged = Signal()
    pictureChanged = Signal()

    def __init__(self, parent: QQuickItem | None = None) -> None:
        super().__init__(parent)
        self._source: Live | None = None
        self._rect = QRectF()

    def _get_source(self) -> QObject | None:
        return self._source

    def _set_source(self, source: QObject) -> None:
        if isinstance(source, Live):
            self._source = source
            source.previewChanged.connect(self._refresh)
            self.sourceChanged.emit()

    source = Property(QObject, _get_source, _set_source, notify=sourceChanged)

    def _get_rect(self) -> QRectF:
        return self._rect

    pictureRect = Property(QRectF, _get_rect, notify=pictureChanged)

    def _refresh(self) -> None:
        image = self._source.image if self._source else None
        if image is not None and not image.isNull():
            scale = min(self.width() / image.width(), self.height() / image.height())
            w, h = image.width() * scale, image.height() * scale
            rect = QRectF((self.width() - w) / 2, (self.height() - h) / 2, w, h)
            if rect != self._rect:
                self._rect = rect
                self.pictureChanged.emit()
        self.update()

    def paint(self, painter: QPainter) -> None:
        if self._source is not None and not self._source.image.isNull():
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(self._rect, self._source.image)
