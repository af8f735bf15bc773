"""The sound of a page that was taken: once for each, and silence where there is nothing to sound with."""

from __future__ import annotations

import wave
from pathlib import Path

import pytest

from ui import sounds
from ui.sounds import Sounds


@pytest.fixture
def cards(tmp_path: Path) -> Path:
    path = tmp_path / "cards"
    path.write_text(" 0 [PCH            ]: HDA-Intel - HDA Intel PCH\n")
    return path


def test_a_page_that_was_taken_sounds_once(cards: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sounds.shutil, "which", lambda name: f"/usr/bin/{name}")
    played: list[list[str]] = []
    Sounds(True, lambda program, arguments: played.append([program, *arguments]), cards).captured()
    ((player, *_options, file),) = played
    assert player == "/usr/bin/aplay"
    with wave.open(file) as sound:
        assert 0.05 < sound.getnframes() / sound.getframerate() < 1.0


def test_without_a_card_a_player_or_leave_it_is_silent(
    cards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(_program: str, _arguments: list[str]) -> None:
        raise AssertionError("something is played")

    monkeypatch.setattr(sounds.shutil, "which", lambda name: f"/usr/bin/{name}")
    Sounds(False, never, cards).captured()
    Sounds(True, never, tmp_path / "none").captured()
    monkeypatch.setattr(sounds.shutil, "which", lambda _name: None)
    Sounds(True, never, cards).captured()
