"""The worker: one process for one visit. Started by the supervisor only."""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import sys
from pathlib import Path
from typing import Any

import structlog
from pydantic import BaseModel

from kiosk.config import ASSETS, load_settings
from kiosk.ipc.channel import Channel
from kiosk.ipc.process import become_child
from kiosk.ipc.worker_messages import (
    TO_WORKER,
    Activate,
    DeviceStatus,
    Ready,
    UseDevice,
    VisitEnded,
    VisitStarted,
    WorkerBeat,
)
from sync.protocol.canonical import unb64

log = structlog.get_logger()


def _private_home(runtime: Path) -> Path:
    """A home folder in memory that dies with the worker: keyboards learn names and write them down."""
    home = runtime / f"home-{os.getpid()}"
    home.mkdir(mode=0o700, parents=True)
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "TMPDIR"):
        os.environ[name] = str(home)
    return home


def main() -> None:
    """``python -m ui.app --control FD --parent PID [--config FILE] [--remote]``."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--control", type=int, required=True)
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--config", type=Path)
    parser.add_argument("--remote", action="store_true")
    options = parser.parse_args()
    become_child("worker", options.parent)
    structlog.configure(
        processors=[structlog.processors.add_log_level, structlog.processors.JSONRenderer()],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    settings = load_settings(options.config)
    home = _private_home(settings.paths.runtime)
    os.environ["QT_IM_MODULE"] = "qtvirtualkeyboard"
    os.environ["QT_VIRTUALKEYBOARD_STYLE"] = "bianmin"
    os.environ.setdefault("QT_QUICK_CONTROLS_STYLE", "Basic")
    # Qt reads its environment when it is loaded, so it is loaded only now.
    from ui.window import Window

    window = Window(settings, ASSETS)
    control: Channel[Any] = Channel(socket.socket(fileno=options.control), TO_WORKER)
    code = _Worker(window, control, settings.paths.runtime, remote=options.remote).run()
    shutil.rmtree(home, ignore_errors=True)
    # No tidy end: nothing of Python's or Qt's is worth running once the visit is over.
    os._exit(code)


class _Worker:
    def __init__(self, window: Any, control: Channel[Any], runtime: Path, *, remote: bool) -> None:
        from PySide6.QtCore import QTimer

        from ui.links import Link

        self._window, self._runtime, self._remote = window, runtime, remote
        self._link = Link(control, self._on_message)
        self._link.closed.connect(window.quit)
        session = window.session
        session.began.connect(lambda: self._link.send(VisitStarted()))
        session.ended.connect(self._ended)
        self._beat = QTimer(interval=500)
        self._beat.timeout.connect(lambda: self._link.send(WorkerBeat()))
        self._beat.start()

    def run(self) -> int:
        self._window.prepare()
        self._link.send(Ready())
        return int(self._window.run())

    def _on_message(self, message: BaseModel, fds: list[int]) -> None:
        session = self._window.session
        match message:
            case Activate():
                from ui.draft_keeper import DraftKeeper

                keeper = DraftKeeper(self._runtime / "draft.sealed", unb64(message.draft_key))
                session.activate(keeper, message.resume)
                self._window.show()
                if self._remote:
                    from ui.remote import Remote

                    self._window.remote = Remote(self._window, self._runtime / "remote")
            case UseDevice():
                session.devices.attach(message.device, fds.pop())
            case DeviceStatus():
                session.hardware.update(message.state, message.at)
        for fd in fds:
            os.close(fd)

    def _ended(self, way_out: str) -> None:
        self._link.send(VisitEnded(way_out=way_out))
        self._window.quit()


if __name__ == "__main__":
    main()
