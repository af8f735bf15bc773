"""Lets the bench and the robot see and touch the screen. Only with ``--remote``, only for the same user.

A Unix socket; each line is one JSON order, each answer one JSON line. Touches are real touch events on the
window, so what a finger cannot do, this cannot do either.
"""

from __future__ import annotations

import base64
import json
import os
import struct
import time
from pathlib import Path
from typing import Any

from PySide6.QtCore import QBuffer, QByteArray, QEvent, QIODevice, QObject, QPoint, QPointF, Qt
from PySide6.QtGui import QInputMethodEvent, QKeyEvent, QPointingDevice
from PySide6.QtNetwork import QLocalServer, QLocalSocket
from PySide6.QtQuick import QQuickItem
from PySide6.QtTest import QTest

from ui.cut_words import cut_words
from ui.window import Window

_KEYS = {"backspace": Qt.Key.Key_Backspace, "enter": Qt.Key.Key_Return, "tab": Qt.Key.Key_Tab}


class Remote(QObject):
    """Serves one socket for as long as the worker lives."""

    def __init__(self, window: Window, path: Path) -> None:
        super().__init__()
        self._window = window
        assert window.root is not None
        self._root = window.root
        self._device: QPointingDevice = QTest.createTouchDevice()
        self._frames = 0
        self._touched_at = 0.0
        self._screen = ""
        self._latency: list[float] = []
        self._pending = False
        self._notices: list[str] = []
        self._told_at = 0.0
        self._event_latency: list[float] = []
        window.hardware.changed.connect(self._hardware_changed)
        self._root.frameSwapped.connect(self._frame)
        window.session.moved.connect(self._screen_moved)
        path.unlink(missing_ok=True)
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._accept)
        if not self._server.listen(str(path)):
            raise RuntimeError(self._server.errorString())

    def _accept(self) -> None:
        peer = self._server.nextPendingConnection()
        if not _same_user(peer):
            peer.abort()
            return
        peer.readyRead.connect(lambda: self._serve(peer))

    def _serve(self, peer: QLocalSocket) -> None:
        while peer.canReadLine():
            try:
                answer = self._obey(json.loads(bytes(peer.readLine().data())))
            except (KeyError, ValueError, TypeError) as bad:
                answer = {"error": f"{type(bad).__name__}: {bad}"}
            peer.write(QByteArray(json.dumps(answer).encode() + b"\n"))
            peer.flush()

    def _screen_moved(self) -> None:
        if self._touched_at:
            self._pending = True

    def _hardware_changed(self) -> None:
        """News of a device that changes what is written: from the device's process to the next frame."""
        notices = list(self._window.models["App"].property("notices"))
        if notices != self._notices and self._window.hardware.told_at:
            self._told_at = self._window.hardware.told_at
        self._notices = notices

    def _frame(self) -> None:
        self._frames += 1
        if self._pending:
            self._latency.append(time.perf_counter() - self._touched_at)
            self._pending, self._touched_at = False, 0.0
        if self._told_at:
            self._event_latency.append(time.monotonic() - self._told_at)
            self._told_at = 0.0

    def _obey(self, order: dict[str, Any]) -> dict[str, Any]:
        match order["do"]:
            case "press" | "move" | "release":
                self._touch(order["do"], float(order["x"]), float(order["y"]))
            case "tap":
                self._touch("press", float(order["x"]), float(order["y"]))
                self._touch("release", float(order["x"]), float(order["y"]))
            case "type":
                self._type(str(order["text"]))
            case "key":
                self._key(_KEYS[order["key"]])
            case "shot":
                return self._shot(order)
            case "items":
                return {"items": self._items(), **self._where()}
            case "cut":
                return {"cut": cut_words(self._root.contentItem()), **self._where()}
            case "where":
                pass
            case other:
                raise ValueError(f"unknown order {other!r}")
        return self._where()

    def _where(self) -> dict[str, Any]:
        app = self._window.models["App"]
        latency, self._latency = self._latency, []
        events, self._event_latency = self._event_latency, []
        return {
            "screen": app.property("screen"),
            "step": app.property("step"),
            "dialog": app.property("dialog"),
            "pid": os.getpid(),
            "frame": self._frames,
            "settled": self._settled,
            "latency": latency,
            "event_latency": events,
            "devices": {n: s.availability.value for n, s in self._window.hardware.states.items()},
            "faults": sorted(f.code for f in self._window.hardware.active_faults()),
        }

    def _touch(self, what: str, x: float, y: float) -> None:
        point = QPoint(round(x), round(y))
        sequence = QTest.touchEvent(self._root, self._device, False)
        if what == "press":
            sequence.press(0, point, self._root)
        elif what == "move":
            sequence.move(0, point, self._root)
        else:
            self._touched_at = time.perf_counter()
            sequence.release(0, point, self._root)
        sequence.commit()

    def _type(self, text: str) -> None:
        """Text as an input method delivers it, into the field that has the focus."""
        item = self._root.activeFocusItem()
        if item is None:
            raise ValueError("no field has the focus")
        event = QInputMethodEvent()
        event.setCommitString(text)
        self._window.app.sendEvent(item, event)

    def _key(self, key: Qt.Key) -> None:
        for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
            self._window.app.sendEvent(self._root, QKeyEvent(kind, key, Qt.KeyboardModifier.NoModifier))

    def _shot(self, order: dict[str, Any]) -> dict[str, Any]:
        if order.get("unless") == self._frames:
            return self._where()
        image = self._root.grabWindow()
        if order.get("width"):
            image = image.scaledToWidth(int(order["width"]), Qt.TransformationMode.SmoothTransformation)
        buffer = QBuffer()
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        image.save(buffer, order.get("format", "PNG"), 82 if order.get("format") == "JPG" else -1)
        data = base64.b64encode(bytes(buffer.data().data())).decode()
        return {"image": data, "width": self._root.width(), "height": self._root.height(), **self._where()}

    def _items(self) -> list[dict[str, Any]]:
        """Everything with a name that a finger could touch: visible, not clipped away, inside the window."""
        found: list[dict[str, Any]] = []
        settled = self._settled
        window = (0.0, 0.0, float(self._root.width()), float(self._root.height()))
        _collect(self._root.contentItem(), window, found)
        for item in found:
            item["enabled"] = item["enabled"] and settled
        return found

    @property
    def _settled(self) -> bool:
        """False while the window is so new that touches do nothing."""
        guard = self._root.findChild(QQuickItem, "touch_guard")
        return guard is None or not guard.isVisible()


def _collect(item: QQuickItem, clip: tuple[float, float, float, float], found: list[dict[str, Any]]) -> None:
    if not item.isVisible() or item.opacity() < 0.05:
        return
    corner = item.mapToScene(QPointF(0, 0))
    left, top = max(clip[0], corner.x()), max(clip[1], corner.y())
    right, bottom = min(clip[2], corner.x() + item.width()), min(clip[3], corner.y() + item.height())
    if item.objectName() and right > left and bottom > top:
        text = item.property("text")
        found.append(
            {
                "name": item.objectName(),
                "text": text if isinstance(text, str) else "",
                "enabled": item.isEnabled(),
                "x": (left + right) / 2,
                "y": (top + bottom) / 2,
                "left": left,
                "top": top,
                "width": right - left,
                "height": bottom - top,
                "whole": right - left >= item.width() - 1 and bottom - top >= item.height() - 1,
            }
        )
    if item.clip():
        clip = (left, top, right, bottom)
    for child in item.childItems():
        _collect(child, clip, found)


def _same_user(peer: QLocalSocket) -> bool:
    import socket

    with socket.socket(fileno=os.dup(int(peer.socketDescriptor()))) as raw:
        credentials = raw.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    return bool(struct.unpack("3i", credentials)[1] == os.getuid())
