"""The platform's processes, each of which can be killed: before a commit, or between a file's bytes and its digest."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy import event

from sync.hub.services import Platform, open_platform
from tests.fleet.luck import Killed


@dataclass
class Process:
    """One process of the platform. ``dies_at``: before which commit from now on it dies, 1 the next; 0: before none.
    ``back``: until then it does not run."""

    platform: Platform
    dies_at: int = 0
    back: float = 0.0

    def __post_init__(self) -> None:
        self._start()

    def _start(self) -> None:
        event.listen(self.platform.engine, "commit", self._committing)

    def _committing(self, _connection: object) -> None:
        if self.dies_at == 1:
            raise Killed
        self.dies_at = max(0, self.dies_at - 1)

    def dies_at_commit(self, commit: int, work: Callable[[Platform], object]) -> None:
        """Die at ``work``: before the ``commit``-th commit, or where there is none, before it is told of."""
        self.dies_at = commit
        with suppress(Killed, OSError, ValueError):
            work(self.platform)

    def end(self, back: float) -> None:
        """What it held in memory is gone, and so are its connections; another one takes its place at ``back``."""
        self.dies_at, self.back = 0, back
        self.platform.engine.dispose()
        self.platform = open_platform(self.platform.folder, None, self.platform.clock)
        self._start()


class Digests:
    """Makes the digests of files at the platform; the process that makes one may be killed at it."""

    def __init__(self, real: Callable[..., str]) -> None:
        self._real = real
        self.deadly = False

    def __call__(self, *file: Any) -> str:
        if self.deadly:
            raise Killed
        return self._real(*file)
