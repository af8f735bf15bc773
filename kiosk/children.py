"""The supervisor's child processes: each is started with a channel to it, and ended at once."""

from __future__ import annotations

import os
import selectors
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from kiosk.config import PathSettings
from kiosk.ipc.channel import Channel, pair
from kiosk.model.clock import Clock


@dataclass
class Child:
    """One child process and the channel to it."""

    name: str
    process: subprocess.Popen[bytes]
    channel: Channel[Any]
    started: float
    seen: float
    ready: bool = False
    spoke: bool = False
    ended: bool = False


class Children:
    """Starts, hears and ends them. ``paths`` says where a worker's own home is and where compiled QML is kept."""

    def __init__(self, paths: PathSettings, clock: Clock) -> None:
        self._paths, self._clock = paths, clock
        self._selector = selectors.DefaultSelector()

    def start(self, name: str, module: str, arguments: list[str], union: Any) -> Child:
        """``python -m module`` with one end of a channel; what comes through it is one of ``union``."""
        ours, theirs = pair()
        command = [
            sys.executable,
            "-m",
            module,
            *arguments,
            "--control",
            str(theirs.fileno()),
            "--parent",
            str(os.getpid()),
        ]
        environment = {**os.environ, "MALLOC_PERTURB_": "165", "PYTHONDONTWRITEBYTECODE": "1"}
        environment.setdefault("QT_QUICK_BACKEND", "software")
        # Compiled QML; the workers' own homes are thrown away with them.
        environment.setdefault("QML_DISK_CACHE_PATH", str(self._paths.state / "qmlcache"))
        process = subprocess.Popen(command, pass_fds=[theirs.fileno()], env=environment, stdin=subprocess.DEVNULL)
        theirs.close()
        now = self._clock.monotonic()
        child = Child(name, process, Channel(ours, union), now, now)
        self._selector.register(ours, selectors.EVENT_READ, child)
        return child

    def that_speak(self, seconds: float) -> list[Child]:
        """Those with something to read, as soon as there are any, at the latest after so many seconds."""
        return [key.data for key, _events in self._selector.select(seconds)]

    def messages(self, child: Child) -> Iterator[Any]:
        """What it has said, until it has said no more or was ended; raises what its channel does."""
        while not child.ended and (received := child.channel.receive()) is not None:
            message, fds = received
            for fd in fds:
                os.close(fd)
            child.seen, child.spoke = self._clock.monotonic(), True
            yield message

    def kill(self, child: Child) -> None:
        """End a child at once; nothing in it is worth a tidy end."""
        child.ended = True
        with suppress(KeyError, ValueError):
            self._selector.unregister(child.channel)
        child.channel.close()
        child.process.kill()
        child.process.wait()
        shutil.rmtree(self._paths.runtime / f"home-{child.process.pid}", ignore_errors=True)
