"""Typed messages over a Unix socket that keeps message borders."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

M = TypeVar("M", bound=BaseModel)

MAX_MESSAGE = 160_000
"""Bytes. A SOCK_SEQPACKET message must fit the socket's buffer; pictures travel as descriptors instead."""
MAX_FDS = 4


class ChannelClosed(Exception):
    """The other end is gone."""


class ProtocolError(Exception):
    """The other end sent what is no message of this channel: a bug, not a fault of the world."""


class Channel(Generic[M]):
    """One end of a ``SOCK_SEQPACKET`` pair; each message is one JSON document and up to four descriptors.

    ``adapter`` knows the closed set of messages that may arrive here. Sending never blocks for ever:
    a peer that does not read within ``timeout`` seconds counts as gone.
    """

    def __init__(self, sock: socket.socket, adapter: TypeAdapter[M], timeout: float = 2.0) -> None:
        self._sock = sock
        self._adapter = adapter
        self._timeout = timeout

    def fileno(self) -> int:
        return self._sock.fileno()

    def send(self, message: BaseModel, fds: Sequence[int] = ()) -> None:
        """Send one message. Raises ChannelClosed when the peer is gone or does not read."""
        data = message.model_dump_json().encode()
        if len(data) > MAX_MESSAGE:
            raise ProtocolError(f"{type(message).__name__} has {len(data)} bytes, at most {MAX_MESSAGE} fit")
        try:
            self._sock.settimeout(self._timeout)
            socket.send_fds(self._sock, [data], list(fds))
        except (OSError, TimeoutError) as gone:
            raise ChannelClosed(str(gone)) from gone

    def receive(self, timeout: float | None = 0.0) -> tuple[M, list[int]] | None:
        """The next message and its descriptors, or None when none came within ``timeout`` seconds.

        Raises ChannelClosed at end of file and ProtocolError on anything that is not in the closed set.
        """
        try:
            self._sock.settimeout(timeout)
            data, fds, _flags, _addr = socket.recv_fds(self._sock, MAX_MESSAGE, MAX_FDS)
        except (BlockingIOError, TimeoutError):
            return None
        except OSError as gone:
            raise ChannelClosed(str(gone)) from gone
        if not data:
            raise ChannelClosed("end of file")
        try:
            return self._adapter.validate_json(data), fds
        except ValidationError as bad:
            for fd in fds:
                os.close(fd)
            # The values stay out of the text: they may be a person's.
            raise ProtocolError(str([(e["loc"], e["type"]) for e in bad.errors(include_input=False)])) from None

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._sock.close()


def pair() -> tuple[socket.socket, socket.socket]:
    """Two connected sockets that keep message borders and are closed on exec unless passed on."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def adapter_of(union: Any) -> TypeAdapter[Any]:
    """The validator for a closed set of messages, told apart by their ``kind``."""
    return TypeAdapter(union)
