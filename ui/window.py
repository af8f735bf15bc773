"""The window: Qt, fonts, QML, and the view models that QML binds to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import structlog
from PySide6.QtCore import QObject, QtMsgType, QUrl, qInstallMessageHandler
from PySide6.QtGui import QFont, QFontDatabase, QGuiApplication
from PySide6.QtQml import QQmlApplicationEngine, QQmlComponent, qmlRegisterSingletonType, qmlRegisterType
from PySide6.QtQuick import QQuickWindow

from kiosk.config import Settings
from ui.hardware import Hardware
from ui.links import DeviceLinks
from ui.session import Session
from ui.terminal import open_terminal
from ui.viewmodels.app import App
from ui.viewmodels.finish import Outcome, QrImages, Rating, Review, Sign
from ui.viewmodels.home import Guidance, Home
from ui.viewmodels.i18n import I18n
from ui.viewmodels.identify import Identify, OpenCase
from ui.viewmodels.live import Live
from ui.viewmodels.lookup import Lookup
from ui.viewmodels.passport import Passport
from ui.viewmodels.preview import CameraPreview
from ui.viewmodels.question import Question
from ui.viewmodels.scan import PageImages, Scan
from ui.viewmodels.staff import Staff

log = structlog.get_logger()

QML = Path(__file__).parent / "qml"
MODELS: tuple[type[QObject], ...] = (
    App,
    I18n,
    Home,
    Guidance,
    Lookup,
    Identify,
    OpenCase,
    Question,
    Sign,
    Review,
    Outcome,
    Rating,
    Staff,
)


def _log_qt(kind: QtMsgType, _context: object, text: str) -> None:
    if kind not in (QtMsgType.QtDebugMsg, QtMsgType.QtInfoMsg):
        log.warning("qt", text=text)


def _giver(model: QObject) -> Callable[[object], QObject]:
    return lambda _engine: model


class Window:
    """One application with one window. Create at most one in a process."""

    def __init__(self, settings: Settings, assets: Path) -> None:
        qInstallMessageHandler(_log_qt)
        self._settings = settings
        self.app = QGuiApplication([])
        families = [
            family
            # A font of a joined script has Latin letters too: it comes last.
            for font in sorted((assets / "fonts").glob("*.ttf"), key=lambda f: ("Arabic" in f.name, f.name))
            for family in QFontDatabase.applicationFontFamilies(QFontDatabase.addApplicationFont(str(font)))
        ]
        # HanaMin has the rare characters of names that Noto Sans SC has not.
        self.app.setFont(QFont([*dict.fromkeys(families), "HanaMinA", "HanaMinB"]))
        terminal = open_terminal(settings)
        self.hardware = Hardware(terminal.faults)
        self.session = Session(terminal, DeviceLinks(), self.hardware)
        self.remote: QObject | None = None
        self.models: dict[str, QObject] = {model.__name__: model(self.session) for model in MODELS}
        live = Live(self.session)
        self.models |= {"Live": live, "Scan": Scan(self.session, live), "Passport": Passport(self.session, live)}
        self.engine = QQmlApplicationEngine()
        self.root: QQuickWindow | None = None

    def prepare(self) -> None:
        """Load the QML. The window stays hidden until the worker's turn comes."""
        for name, model in self.models.items():
            # A callback, not qmlRegisterSingletonInstance: that breaks the type QObject for QML in PySide 6.12.
            qmlRegisterSingletonType(type(model), "Bianmin", 1, 0, name, _giver(model))  # type: ignore[call-overload]
        qmlRegisterType(CameraPreview, "Bianmin", 1, 0, "CameraPreview")  # type: ignore[call-overload]
        # Where the keyboard finds its look: keyboard/QtQuick/VirtualKeyboard/Styles/bianmin.
        self.engine.addImportPath(str(QML / "keyboard"))
        self.engine.addImageProvider("pages", PageImages(self.session))
        self.engine.addImageProvider("qr", QrImages())
        display = self._settings.display
        self.engine.setInitialProperties(
            {"pxPerMm": display.px_per_mm, "width": display.width, "height": display.height}
        )
        self.engine.load(QUrl.fromLocalFile(str(QML / "Main.qml")))
        roots = self.engine.rootObjects()
        if not roots or not isinstance(roots[0], QQuickWindow):
            raise RuntimeError("Main.qml did not load")
        self.root = roots[0]
        self.root.create()

    def broken_screens(self) -> list[str]:
        """What is wrong with screens that cannot be drawn, a line each."""
        found = []
        for path in sorted((QML / "screens").glob("*/*Screen.qml")):
            screen = QQmlComponent(self.engine, QUrl.fromLocalFile(str(path)))
            found += [error.toString() for error in screen.errors()]
        return found

    def show(self) -> None:
        assert self.root is not None
        if self._settings.display.fullscreen and self.app.platformName() not in ("offscreen", "minimal"):
            self.root.showFullScreen()
        else:
            self.root.show()

    def run(self) -> int:
        return self.app.exec()

    def quit(self) -> None:
        self.app.quit()
