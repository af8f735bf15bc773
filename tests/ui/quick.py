"""Runs ``tst_*.qml`` under ``ui/qml``: ``python -m tests.ui.quick [options of Qt Quick Test]``.

Components get the real words and stand-ins for the view models that they read.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from PySide6.QtCore import Property, QObject, Signal, Slot
from PySide6.QtQml import QQmlEngine, qmlRegisterSingletonType
from PySide6.QtQuickTest import QUICK_TEST_MAIN_WITH_SETUP

from ui.viewmodels.i18n import words

FOLDER = Path(__file__).parents[2] / "ui" / "qml"


class App(QObject):
    """What Theme and the bars read; ``said`` holds what they asked for."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._values = {"elder": False, "language": "zh", "canGoBack": True}
        self._said: list[str] = []

    elder = Property(bool, lambda self: self._values["elder"], notify=changed)
    language = Property(str, lambda self: self._values["language"], notify=changed)
    canGoBack = Property(bool, lambda self: self._values["canGoBack"], notify=changed)
    said = Property(list, lambda self: self._said, notify=changed)

    @Slot(str, "QVariant")
    def put(self, name: str, value: object) -> None:
        self._values[name] = value
        self.changed.emit()

    @Slot()
    def back(self) -> None:
        self._said.append("back")
        self.changed.emit()

    @Slot()
    def help(self) -> None:
        self._said.append("help")
        self.changed.emit()


class I18n(QObject):
    changed = Signal()
    s = Property(dict, lambda _self: words("zh"), notify=changed)


class Question(QObject):
    """Takes answers as the form would."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._answers: dict[str, str] = {}

    answers = Property(dict, lambda self: self._answers, notify=changed)
    errors = Property(dict, lambda _self: {"wrong": "写错了"}, notify=changed)

    @Slot(str, str)
    def answer(self, field: str, value: str) -> None:
        self._answers[field] = value
        self.changed.emit()


class Setup(QObject):
    """Registers the stand-ins once; every test file has an engine, and every engine stand-ins of its own."""

    kept: ClassVar[list[QObject]] = []
    registered: ClassVar[bool] = False

    @Slot(QQmlEngine)
    def qmlEngineAvailable(self, _engine: QQmlEngine) -> None:
        if not Setup.registered:
            Setup.registered = True
            for model in (App, I18n, Question):
                qmlRegisterSingletonType(model, "Bianmin", 1, 0, model.__name__, _maker(model))


def _maker(model: type[QObject]) -> Callable[[QQmlEngine], QObject]:
    def make(_engine: QQmlEngine) -> QObject:
        Setup.kept.append(model())
        return Setup.kept[-1]

    return make


if __name__ == "__main__":
    sys.exit(QUICK_TEST_MAIN_WITH_SETUP("bianmin", Setup, sys.argv, str(FOLDER)))
