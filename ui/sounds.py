"""Short sounds, through the system's own player: Qt Multimedia would bring a video library into every worker."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QProcess

from kiosk.config import ASSETS

PLAYER = "aplay"
CARDS = Path("/proc/asound/cards")


def start(program: str, arguments: list[str]) -> None:
    QProcess.startDetached(program, arguments)


class Sounds:
    """Silent where the machine has no sound card, where ``aplay`` is missing, or where the settings say so."""

    def __init__(self, on: bool, run: Callable[[str, list[str]], None] = start, cards: Path = CARDS) -> None:
        self._run = run
        self._player = shutil.which(PLAYER) if on and _any_card(cards) else None

    def captured(self) -> None:
        """A page was taken."""
        if self._player is not None:
            self._run(self._player, ["-q", str(ASSETS / "sounds" / "captured.wav")])


def _any_card(cards: Path) -> bool:
    try:
        return "[" in cards.read_text()
    except OSError:
        return False
