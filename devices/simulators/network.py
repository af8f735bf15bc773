"""The network between terminal and platform, as a forwarder that can be pulled like a cable."""

from __future__ import annotations

import asyncio
import contextlib


def _http(status: str, kind: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return head.encode() + body


PORTAL = _http("200 OK", "text/html", b"<html><body>Welcome to the guest network. Please log in.</body></html>")
PONG = _http("200 OK", "application/json", b'{"platform": "bianmin/1"}')
REFUSED = _http("403 Forbidden", "application/json", b'{"code": "revoked"}')


class NetworkSimulator:
    """Forwards TCP on loopback. ``pull`` cuts every connection and refuses new ones until ``plug``."""

    def __init__(self, port: int, target: int) -> None:
        self._port, self._target = port, target
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._instead = b""

    @property
    def plugged(self) -> bool:
        return self._server is not None

    async def plug(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._forward, "127.0.0.1", self._port)

    async def pull(self) -> None:
        if self._server is None:
            return
        self._server.close()
        self._server = None
        self._cut()

    def answer_instead(self, who: str) -> None:
        """``portal``: a guest network's log-in page answers everything; ``refuse``: the platform itself says 403."""
        self._instead = {"": b"", "portal": PORTAL, "refuse": REFUSED}[who]
        self._cut()

    def _cut(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._instead:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                asked = await reader.readuntil(b"\r\n\r\n")
                known = self._instead == REFUSED and asked.startswith(b"GET /v1/ping ")
                writer.write(PONG if known else self._instead)
                await writer.drain()
            writer.close()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, far_writer}
        try:
            await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))
        finally:
            for end in (writer, far_writer):
                self._writers.discard(end)
                end.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    with contextlib.suppress(OSError, RuntimeError):
        writer.write_eof()
