"""Test vectors of the protocol, for each suite one file; drawn by ``tools/vectors.py``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


def load(suite: str) -> dict[str, Any]:
    """The vectors of ``intl`` or ``gm``."""
    found: dict[str, Any] = json.loads((FOLDER / f"{suite}.json").read_text())
    return found


def pattern(size: int) -> bytes:
    """The plaintext that sealed vectors hold: byte i is i modulo 251."""
    return bytes(i % 251 for i in range(size))
