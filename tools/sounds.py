"""Draws the sounds of the terminal: ``python tools/sounds.py``. Two short notes going up: a page was taken."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np

RATE = 22_050
FOLDER = Path(__file__).parents[1] / "assets" / "sounds"


def note(pitch: float, seconds: float) -> np.ndarray:
    """A soft bell of ``pitch`` hertz; the overtones die first, as those of a real one do."""
    t = np.arange(round(RATE * seconds)) / RATE
    sound = sum(np.sin(2 * np.pi * pitch * n * t) * np.exp(-t * 9 * n) / n for n in (1, 2, 3))
    return np.asarray(sound * np.minimum(1, t * 200), np.float64)


def main() -> None:
    first, second = note(784.0, 0.12), note(1174.7, 0.35)
    whole = np.concatenate([first, second])
    whole = np.int16(whole / np.abs(whole).max() * 0.6 * 32767)
    FOLDER.mkdir(parents=True, exist_ok=True)
    with wave.open(str(FOLDER / "captured.wav"), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(whole.tobytes())


if __name__ == "__main__":
    main()
