"""Gives orders to the rig."""

from __future__ import annotations

import base64
import json
import socket
import threading
from pathlib import Path
from typing import Any


class RigError(Exception):
    """The rig refused an order, or is not there."""


class RigClient:
    """One connection to the rig's control socket; may be shared by threads."""

    def __init__(self, control: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(30)
        self._socket.connect(str(control))
        self._file = self._socket.makefile("rwb")
        self._lock = threading.Lock()

    def order(self, do: str, **arguments: Any) -> dict[str, Any]:
        """Carry out an order and return the rig's state. Raises RigError."""
        with self._lock:
            try:
                self._file.write(json.dumps({"do": do, **arguments}).encode() + b"\n")
                self._file.flush()
                line = self._file.readline()
            except OSError as gone:
                raise RigError(str(gone)) from gone
        if not line:
            raise RigError("the simulated hardware has ended")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise RigError(answer["error"])
        return answer

    def ticket(self, number: int) -> tuple[bytes, list[str], list[str]]:
        """``(PNG, lines of text, QR contents)`` of a printed receipt."""
        answer = self.order("ticket", number=number)
        return base64.b64decode(answer["png"]), answer["text"], answer["qr"]

    def close(self) -> None:
        self._file.close()
        self._socket.close()
