"""Serves the bench. Loopback only; whoever opens it must bring the one-time token of its address."""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
from pathlib import Path
from typing import Any

from aiohttp import ClientError, ClientSession, CookieJar, WSMsgType, web

from devices.simulators.client import RigClient, RigError
from kiosk.stack import Stack

STATIC = Path(__file__).parent / "static"
COOKIE = "bianmin_bench"
ORDERS = frozenset(("state", "lay", "swipe", "show", "lift", "paper", "photograph", "clear", "tear")) | frozenset(
    ("refill", "empty", "cover", "unplug", "plug")
)
MAX_UPLOAD = 20_000_000
FRAME_SECONDS = 0.08
LINE_LIMIT = 30_000_000


class Bench:
    """One bench for one installation."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._rig: RigClient = stack.rig()
        self._token = secrets.token_urlsafe(16)
        self._sessions: set[str] = set()
        self._platform: ClientSession | None = None

    def path(self) -> str:
        """The address's path with the token, which works once."""
        return f"/?token={self._token}"

    def app(self) -> web.Application:
        """The web application."""
        app = web.Application(client_max_size=MAX_UPLOAD, middlewares=[self._guard])
        app.router.add_get("/", self._page)
        app.router.add_get("/bench.js", self._static)
        app.router.add_get("/bench.css", self._static)
        app.router.add_get("/screen", self._screen)
        app.router.add_post("/rig", self._order)
        app.router.add_get("/ticket/{number}", self._ticket)
        app.router.add_get("/platform", self._cases)
        app.on_cleanup.append(self._close)
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Any) -> web.StreamResponse:
        """The token is traded for a cookie at its first use; a page of another origin gets nothing."""
        host = request.headers.get("Host", "").rsplit(":", 1)[0]
        origin = request.headers.get("Origin")
        if host not in ("127.0.0.1", "localhost") or (origin and origin != f"http://{request.headers['Host']}"):
            raise web.HTTPForbidden
        if request.path == "/" and self._token and request.query.get("token") == self._token:
            self._token = ""
            session = secrets.token_urlsafe(16)
            self._sessions.add(session)
            answer = web.HTTPSeeOther("/")
            answer.set_cookie(COOKIE, session, httponly=True, samesite="Strict")
            return answer
        if request.cookies.get(COOKIE, "") not in self._sessions:
            raise web.HTTPForbidden(text="Open the bench with the address that kiosk demo printed.")
        response: web.StreamResponse = await handler(request)
        return response

    async def _page(self, _request: web.Request) -> web.StreamResponse:
        return web.FileResponse(STATIC / "bench.html")

    async def _static(self, request: web.Request) -> web.StreamResponse:
        return web.FileResponse(STATIC / request.path.lstrip("/"))

    async def _order(self, request: web.Request) -> web.Response:
        try:
            order = await request.json()
            do = order.pop("do")
        except (ValueError, KeyError, AttributeError):
            raise web.HTTPBadRequest(text="not an order") from None
        if do not in ORDERS:
            raise web.HTTPBadRequest(text="unknown order")
        try:
            return web.json_response(await asyncio.to_thread(lambda: self._rig.order(do, **order)))
        except (RigError, TypeError) as bad:
            raise web.HTTPBadRequest(text=str(bad)) from None

    async def _ticket(self, request: web.Request) -> web.Response:
        try:
            number = int(request.match_info["number"])
            png, _text, _codes = await asyncio.to_thread(self._rig.ticket, number)
        except (ValueError, RigError):
            raise web.HTTPNotFound from None
        return web.Response(body=png, content_type="image/png")

    async def _cases(self, _request: web.Request) -> web.Response:
        """What the platform has received, asked for as its console's user."""
        url = self._stack.hub_url
        try:
            if self._platform is None:
                self._platform = ClientSession(cookie_jar=CookieJar(unsafe=True))
                form = {"name": "demo", "password": self._stack.password}
                await self._platform.post(f"{url}/console/login", data=form)
            async with self._platform.get(f"{url}/console/cases.json") as answer:
                rows = await answer.json() if answer.status == 200 else []
        except (ClientError, ValueError):
            rows = []
        return web.json_response({"cases": rows, "console": f"{url}/console/login", "password": self._stack.password})

    async def _close(self, _app: web.Application) -> None:
        if self._platform is not None:
            await self._platform.close()
        self._rig.close()

    async def _screen(self, request: web.Request) -> web.WebSocketResponse:
        """Frames to the browser as JPEG, touches and keys back."""
        socket = web.WebSocketResponse(heartbeat=20)
        await socket.prepare(request)
        touches: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        sender = asyncio.create_task(self._show(socket, touches))
        try:
            async for message in socket:
                if message.type == WSMsgType.TEXT:
                    order = json.loads(message.data)
                    if order.get("do") in ("press", "move", "release", "type", "key"):
                        touches.put_nowait(order)
        finally:
            sender.cancel()
        return socket

    async def _show(self, socket: web.WebSocketResponse, touches: asyncio.Queue[dict[str, Any]]) -> None:
        """Follow the terminal from worker to worker."""
        path = str(self._stack.options.runtime / "terminal" / "remote")
        while not socket.closed:
            try:
                reader, writer = await asyncio.open_unix_connection(path, limit=LINE_LIMIT)
            except OSError:
                await asyncio.sleep(0.1)
                continue
            try:
                await self._frames(socket, touches, reader, writer)
            except (OSError, ValueError, asyncio.IncompleteReadError):
                await asyncio.sleep(0.05)
            finally:
                writer.close()

    async def _frames(
        self,
        socket: web.WebSocketResponse,
        touches: asyncio.Queue[dict[str, Any]],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        async def ask(order: dict[str, Any]) -> dict[str, Any]:
            writer.write(json.dumps(order).encode() + b"\n")
            line = await reader.readline()
            if not line:
                raise OSError("the worker has ended")
            answer: dict[str, Any] = json.loads(line)
            return answer

        seen = -1
        while True:
            answer = await ask({"do": "shot", "format": "JPG", "unless": seen})
            seen = answer.get("frame", seen)
            if "image" in answer:
                await socket.send_bytes(base64.b64decode(answer["image"]))
            try:
                touch = await asyncio.wait_for(touches.get(), FRAME_SECONDS)
            except TimeoutError:
                continue
            await ask(touch)
            while not touches.empty():
                await ask(touches.get_nowait())
