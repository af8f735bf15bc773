"""Words that do not fit where they stand, found on the screen itself, in whatever language and size it is."""

from __future__ import annotations

from PySide6.QtCore import QRectF
from PySide6.QtQuick import QQuickItem

SLACK = 1.5
"""Pixels by which a text may stand out: its box is rounded, and no letter fills it."""
ENDLESS = 1e6


def cut_words(root: QQuickItem) -> list[str]:
    """The visible texts below ``root`` that are cut off: by their own box, by their button, or by the screen's sides.

    What is above or below a page that can be turned is not cut.
    """
    # As high as any page can be, for pages are turned.
    screen = QRectF(0, -ENDLESS, root.width(), 2 * ENDLESS)
    found: list[str] = []
    _look(root, screen, found)
    return found


def _look(item: QQuickItem, frame: QRectF, found: list[str]) -> None:
    """``frame`` is what a text must stay in, in the coordinates of the scene."""
    if not item.isVisible() or item.opacity() < 0.05:
        return
    if item.property("held") is not None:  # a button (Tappable)
        frame = _box(item)
    if item.inherits("QQuickText") and (text := str(item.property("text"))) and not _fits(item, frame):
        found.append(text)
    for child in item.childItems():
        _look(child, frame, found)


def _box(item: QQuickItem) -> QRectF:
    return item.mapRectToScene(QRectF(0, 0, item.width(), item.height()))


def _fits(item: QQuickItem, frame: QRectF) -> bool:
    wide, high = float(item.property("contentWidth")), float(item.property("contentHeight"))
    # Of a text that was of several lines before it got its width, Qt keeps the height that it had with their spacing.
    high = high if item.property("lineCount") > 1 else 0.0
    if bool(item.property("truncated")) or wide > item.width() + SLACK or high > item.height() + SLACK:
        return False
    return frame.adjusted(-SLACK, -SLACK, SLACK, SLACK).contains(_box(item))
