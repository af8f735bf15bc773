"""The stream that open pages listen to."""

from __future__ import annotations

from collections.abc import AsyncIterator

from litestar import get
from litestar.di import NamedDependency
from litestar.response import ServerSentEvent
from litestar.response.sse import ServerSentEventMessage

from sync.hub.console.visitor import Guest
from sync.hub.console.watch import Watch
from sync.hub.roles import Right

RETRY = 2000
"""Milliseconds after which a browser comes again once the stream has ended."""


@get("/events", opt={"right": Right.SELF})
async def events(visitor: Guest, watch: NamedDependency[Watch]) -> ServerSentEvent:
    """Tells which topics have changed, never what about them: pages ask for that themselves, with their rights."""
    return ServerSentEvent(_messages(watch))


async def _messages(watch: Watch) -> AsyncIterator[ServerSentEventMessage]:
    async for topic in watch.changes():
        if topic:
            yield ServerSentEventMessage(event=topic, data="changed", retry=RETRY)
        else:
            yield ServerSentEventMessage(comment="still there")


ROUTES = (events,)
