"""The photograph of a card: decoded by a program of the reader's vendor, or not at all.

A card holds its photograph in a format (WLT) for which no open decoder exists; vendors give libraries that are bound
to a licence in the security module and that can crash. So a decoder is a program of its own, named in the settings:
it gets the bytes of the card on standard input and writes a picture (BMP, PNG or JPEG) to standard output. What it
does wrong costs the photograph, never the reading.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from typing import Protocol

import structlog

log = structlog.get_logger()

SECONDS = 2.0
LARGEST = 400_000
"""Bytes; the usual answer is a BMP of 102 x 126 pixels, 38,862 bytes."""
_PICTURES = (b"BM", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")


class PhotoDecoder(Protocol):
    def decode(self, photo: bytes) -> bytes:
        """The photograph as a BMP, PNG or JPEG file; empty where it cannot be had. Never raises."""
        ...


class NoDecoder:
    """Without a vendor's program there is no photograph."""

    def decode(self, photo: bytes) -> bytes:
        return b""


class ProgramDecoder:
    """Runs ``command`` (program and arguments, no shell) once for each card."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = list(command)

    def decode(self, photo: bytes) -> bytes:
        # Nothing of this process but its locale is the program's business.
        environment = {k: v for k, v in os.environ.items() if k in ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH")}
        try:
            done = subprocess.run(
                self._command, input=photo, capture_output=True, timeout=SECONDS, env=environment, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as bad:
            log.warning("photo_decoder", error=type(bad).__name__)
            return b""
        picture = done.stdout
        if done.returncode != 0 or len(picture) > LARGEST or not picture.startswith(_PICTURES):
            log.warning("photo_decoder", code=done.returncode, size=len(picture))
            return b""
        return picture


def photo_decoder(command: Sequence[str]) -> PhotoDecoder:
    """The decoder of the settings."""
    return ProgramDecoder(command) if command else NoDecoder()
