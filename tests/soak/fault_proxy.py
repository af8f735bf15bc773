"""A network between terminals and platform that fails in every way that it can; one asyncio loop in a thread."""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
from collections import Counter
from collections.abc import Awaitable, Callable

PORTAL = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 42\r\nConnection: close\r\n\r\n"
    b"<html><body>Please log in.</body></html>\r\n"
)
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class FaultProxy:
    """Listens on loopback and passes on to whichever of ``targets`` answers; ``calm`` ends all faults."""

    def __init__(self, targets: list[int], seed: int, chance: float) -> None:
        """``chance`` of a fault for each connection."""
        self.targets, self.chance = targets, chance
        self.injected: Counter[str] = Counter()
        self._random = random.Random(seed)
        self._loop = asyncio.new_event_loop()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._kinds: dict[str, Handler] = {
            "latency": self._slow,
            "cut going": self._cut_going,
            "answer dropped": self._answer_dropped,
            "answer cut": self._answer_cut,
            "half open": self._half_open,
            "portal": self._portal,
            "sent twice": self._twice,
        }

    def start(self) -> int:
        """The port."""
        self._thread.start()
        assert self._started.wait(10)
        return self.port

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def calm(self) -> None:
        self.chance = 0.0

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._meet, "127.0.0.1", 0))
        self.port = int(server.sockets[0].getsockname()[1])
        self._started.set()
        self._loop.run_forever()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        server.close()
        self._loop.close()

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        kind = "none"
        if self._random.random() < self.chance:
            kind = self._random.choice(list(self._kinds))
            self.injected[kind] += 1
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, TimeoutError):
            if kind in self._kinds:
                await self._kinds[kind](reader, writer)
            else:
                # No connection lives for long, so that many begin; a calm network keeps them.
                worn = self._random.randrange(20_000, 1_500_000) if self.chance else -1
                await self._pass(reader, writer, going=worn)
        writer.close()

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        for port in self._random.sample(self.targets, len(self.targets)):
            with contextlib.suppress(ConnectionError):
                return await asyncio.open_connection("127.0.0.1", port)
        raise ConnectionError("no platform process answers")

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, going: int = -1, coming: int = -1
    ) -> None:
        """Both ways until one end closes, or ``going`` or ``coming`` bytes have passed."""
        up_reader, up_writer = await self._connected()
        ways = [
            asyncio.create_task(_pump(reader, up_writer, going)),
            asyncio.create_task(_pump(up_reader, writer, coming)),
        ]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        up_writer.close()

    async def _slow(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(self._random.uniform(0.1, 0.6))
        await self._pass(reader, writer)

    async def _cut_going(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._pass(reader, writer, going=self._random.randrange(1, 60_000))

    async def _answer_dropped(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """All requests arrive, no answer does."""
        await self._pass(reader, writer, coming=0)

    async def _answer_cut(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._pass(reader, writer, coming=self._random.randrange(1, 2_000))

    async def _half_open(self, reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        """The other end has gone without a word."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(4):
                while await reader.read(65_536):
                    pass

    async def _portal(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65_536)
        writer.write(PORTAL)
        await writer.drain()

    async def _twice(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """The first bytes arrive on another connection too, as from a device that repeats what it passes on."""
        first = await reader.read(65_536)
        other_reader, other = await self._connected()
        other.write(first)
        await other.drain()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(other_reader.read(1), 1)
        other.close()
        up_reader, up_writer = await self._connected()
        up_writer.write(first)
        ways = [asyncio.create_task(_pump(reader, up_writer, -1)), asyncio.create_task(_pump(up_reader, writer, -1))]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        up_writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, most: int) -> None:
    """Pass bytes on; after ``most`` of them hold the rest back (all but the first byte count for 0)."""
    passed = 0
    while data := await reader.read(16_384):
        if most >= 0 and passed + len(data) > most:
            writer.write(data[: most - passed])
            await writer.drain()
            if most == 0:
                # The answer is on its way and will never come: wait until the other end gives up or is cut.
                await asyncio.sleep(1)
            return
        writer.write(data)
        await writer.drain()
        passed += len(data)
