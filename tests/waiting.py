"""Waiting for something to become true, without hiding a race behind a fixed sleep."""

from __future__ import annotations

import time
from collections.abc import Callable


def until(there: Callable[[], object], what: str, seconds: float = 20.0, instead: Callable[[], object] = str) -> None:
    """Look until ``there`` holds; fails, saying what did not happen and what was there ``instead``."""
    deadline = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds} s: {instead()}"
        time.sleep(0.02)
