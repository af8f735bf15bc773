"""Group commit: what arrives while one transaction is written goes into the next one together."""

from __future__ import annotations

import queue
import random
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Generic, TypeVar

import structlog

log = structlog.get_logger()

COME_AGAIN = (5.0, 60.0)
"""Seconds over which those are spread who find no room."""

T = TypeVar("T")
R = TypeVar("R")


class Overloaded(Exception):
    """More waits than can be worked off in good time. ``retry_after``: seconds."""

    def __init__(self, retry_after: float) -> None:
        super().__init__("too many requests wait")
        self.retry_after = retry_after


class GroupCommit(Generic[T, R]):
    """Threads that hand over all that waits, up to ``most`` items, and give each its own answer."""

    def __init__(
        self,
        name: str,
        handle: Callable[[Sequence[T]], Sequence[R]],
        tell: Callable[[str, int, float, int], None],
        most: int = 64,
        room: int = 2000,
        threads: int = 1,
    ) -> None:
        """``handle`` answers items in their order, or raises for all. ``tell`` hears of every group: name, items,
        seconds, and how many wait. ``room``: so many may wait. With two ``threads`` the next group is read and
        checked while the database writes the one before; ``handle`` must then bear being called by both."""
        self._name, self._handle, self._tell, self._most, self._room = name, handle, tell, most, room
        self._chance = random.SystemRandom()
        self._waiting: queue.SimpleQueue[tuple[T, Future[R]] | None] = queue.SimpleQueue()
        self._threads = [threading.Thread(target=self._work, name=name, daemon=True) for _ in range(threads)]
        for thread in self._threads:
            thread.start()

    def submit(self, item: T) -> Future[R]:
        """The answer to ``item``, to come. Raises Overloaded."""
        waiting = self._waiting.qsize()
        if waiting >= self._room:
            # Not all at the same moment again.
            raise Overloaded(retry_after=self._chance.uniform(*COME_AGAIN))
        answer: Future[R] = Future()
        self._waiting.put((item, answer))
        return answer

    def close(self) -> None:
        """Finish what waits, then end the threads."""
        for _ in self._threads:
            self._waiting.put(None)
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while True:
            group, ended = self._next_group()
            if group:
                self._answer(group)
            if ended:
                return

    def _next_group(self) -> tuple[list[tuple[T, Future[R]]], bool]:
        group: list[tuple[T, Future[R]]] = []
        entry = self._waiting.get()
        while entry is not None:
            group.append(entry)
            if len(group) >= self._most:
                return group, False
            try:
                entry = self._waiting.get_nowait()
            except queue.Empty:
                return group, False
        return group, True

    def _answer(self, group: list[tuple[T, Future[R]]]) -> None:
        # From here on none of them can be given up: an answer that nobody may be told any more would end the thread.
        group = [(item, answer) for item, answer in group if answer.set_running_or_notify_cancel()]
        if group:
            self._handled(group)

    def _handled(self, group: list[tuple[T, Future[R]]]) -> None:
        began = time.perf_counter()
        try:
            answers = self._handle([item for item, _answer in group])
        except Exception as bad:  # noqa: BLE001 - whatever it is, those who wait must hear of it
            if len(group) == 1:
                group[0][1].set_exception(bad)
                return
            # One of them may be what went wrong: alone it can harm only itself.
            log.warning("group_failed", items=len(group), error=type(bad).__name__)
            for entry in group:
                self._handled([entry])
            return
        self._tell(self._name, len(group), time.perf_counter() - began, self._waiting.qsize())
        for (_item, answer), value in zip(group, answers, strict=True):
            answer.set_result(value)
