"""Tells open pages that something has changed. One look at the database a second for all of them, and none for none."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import fields

import structlog
from sqlalchemy import Connection, Engine

from sync.hub.console.queries.overview import Marks

log = structlog.get_logger()

POLL = 1.0
"""Seconds between two looks."""
SPACING = {"calls": 0, "overview": 2, "terminals": 5}
"""Looks between two words about a topic: a thousand terminals change something every second."""
STILL_THERE = 15.0
"""Seconds after which a listener that heard nothing is told so; a connection that is gone is noticed by it."""
LONGEST = 600.0
"""Seconds that one stream lasts; the browser comes again, and has to show its session again."""
TOPICS = tuple(field.name for field in fields(Marks))


class _Listener:
    """One open page."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[tuple[str, ...] | None] = asyncio.Queue()

    def tell(self, topics: tuple[str, ...] | None) -> None:
        """From any thread; None ends the stream."""
        try:
            self._loop.call_soon_threadsafe(self._queue.put_nowait, topics)
        except RuntimeError:
            pass  # the loop has ended, and the page with it

    async def heard(self) -> tuple[str, ...] | None:
        """Topics that changed; none after ``STILL_THERE``."""
        try:
            return await asyncio.wait_for(self._queue.get(), STILL_THERE)
        except TimeoutError:
            return ()


class Watch:
    """Looks while somebody listens."""

    def __init__(self, engine: Engine, look: Callable[[Connection], Marks]) -> None:
        self._engine, self._look = engine, look
        self._listeners: set[_Listener] = set()
        self._lock = threading.Lock()
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        """End all streams, and let none begin."""
        self._stopping.set()
        self._woken.set()
        self._tell(None)

    def stop(self) -> None:
        self.end()
        if self._thread.is_alive():
            self._thread.join()

    async def changes(self) -> AsyncIterator[str]:
        """Topics as they change; an empty one now and then. All of them at once to begin with: who comes again after
        the platform was away has missed what changed meanwhile."""
        listener = _Listener()
        with self._lock:
            self._listeners.add(listener)
        self._woken.set()
        try:
            for topic in TOPICS:
                yield topic
            ends = asyncio.get_running_loop().time() + LONGEST
            while not self._stopping.is_set() and asyncio.get_running_loop().time() < ends:
                heard = await listener.heard()
                if heard is None:
                    return
                for topic in heard or ("",):
                    yield topic
        finally:
            with self._lock:
                self._listeners.discard(listener)

    def _tell(self, topics: tuple[str, ...] | None) -> None:
        with self._lock:
            listening = list(self._listeners)
        for listener in listening:
            listener.tell(topics)

    def _run(self) -> None:
        """Compare marks; what changed is told at once, or once its spacing is over."""
        seen: Marks | None = None
        due: dict[str, int] = {}
        while not self._stopping.wait(POLL):
            if not self._listeners:
                seen, due = None, {}
                self._woken.clear()
                if not self._listeners:
                    self._woken.wait()
                continue
            try:
                with self._engine.connect() as connection:
                    now = self._look(connection)
            except Exception as bad:  # noqa: BLE001 - the database is away, say: pages show what they have
                log.warning("watch_failed", error=type(bad).__name__)
                continue
            if seen is not None:
                changed = {t for t in TOPICS if getattr(now, t) != getattr(seen, t)}
                ripe, due = _ripe(changed, due)
                if ripe:
                    self._tell(ripe)
            seen = now


def _ripe(changed: set[str], due: dict[str, int]) -> tuple[tuple[str, ...], dict[str, int]]:
    """Topics to tell now, and for the others how many looks they still wait (below zero: they changed meanwhile).

    ``due`` is what the last call gave.
    """
    ripe: list[str] = []
    waiting: dict[str, int] = {}
    for topic in TOPICS:
        left, pending = abs(due.get(topic, 0)), topic in changed or due.get(topic, 0) < 0
        if pending and left <= 1:
            ripe.append(topic)
            if SPACING[topic]:
                waiting[topic] = SPACING[topic]
        elif left > 1:
            waiting[topic] = -(left - 1) if pending else left - 1
    return tuple(ripe), waiting
