"""Lines of print, rendered: Chinese, Latin, digits, forms; as a camera sees them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

HIGH, WIDE = 32, 192
ROOT = Path(__file__).parents[2]
FOLDERS = (ROOT / "assets" / "fonts", Path("/usr/share/fonts"))
WORDS = (ROOT / "ui" / "i18n" / "zh.toml", ROOT / "ui" / "i18n" / "en.toml", ROOT / "docs" / "faults.md")
LATIN = (
    "the of and to in is that for it as was with be by on not he his but at are this have from or had an they which "
    "one you were all her she there would their we him been has when who will no more if out so up said what its about "
    "than into them can only other time new some could these two may first then do any like my now over such our man "
    "me even most made after also did many off before must well back through years where much your way down should "
    "because long each just state those people too mr how little good world make very year still see own work men day "
    "get here old life both between being under three never know same last another while us off might great go come "
    "since against right came take used himself few house use during without again place american around however home"
).split()
COMMON = "".join(chr(c) for c in range(0x4E00, 0x4E00 + 2500))


class Source:
    """Draws random lines from the fonts that are installed; ``held_out`` takes every fifth font, which training
    never sees."""

    def __init__(self, seed: int, *, held_out: bool = False) -> None:
        self.chance = np.random.default_rng(seed)
        files = sorted(
            f for folder in FOLDERS for f in folder.rglob("*") if f.suffix.lower() in (".ttf", ".otf", ".ttc")
        )
        fonts = [(f, _scripts(f)) for f in files]
        fonts = [(f, s) for f, s in fonts if s]
        self._fonts = [x for n, x in enumerate(fonts) if (n % 5 == 4) == held_out]
        text = "".join(w.read_text(encoding="utf-8") for w in WORDS)
        self._chinese = [c for c in text if 0x4E00 <= ord(c) < 0xA000] or list(COMMON)
        self._cache: dict[tuple[Path, int], ImageFont.FreeTypeFont] = {}

    def piece(self) -> NDArray[np.uint8]:
        """One piece of a line the right way up, HIGH by WIDE, 255 is paper; degraded."""
        path, scripts = self._fonts[self.chance.integers(len(self._fonts))]
        script = scripts[self.chance.integers(len(scripts))]
        size = int(self.chance.choice([14, 18, 24, 32, 40]))
        font = self._font(path, size)
        text = self._text(script)
        left, top, right, bottom = (int(v) for v in font.getbbox(text))
        pad = max(1, int((bottom - top) * self.chance.uniform(0.08, 0.3)))
        canvas = Image.new("L", (right - left + 2 * pad + 4, bottom - top + 2 * pad), 255)
        draw = ImageDraw.Draw(canvas)
        draw.text((pad - left, pad - top), text, font=font, fill=int(self.chance.integers(0, 90)))
        if self.chance.random() < 0.15:  # a rule under or above the line, as forms have
            y = canvas.height - 1 - pad // 3 if self.chance.random() < 0.5 else pad // 3
            draw.line((0, y, canvas.width, y), fill=60)
        picture = self._seen(np.asarray(canvas, np.uint8))
        line = cv2.resize(
            picture, (max(8, picture.shape[1] * HIGH // picture.shape[0]), HIGH), interpolation=cv2.INTER_AREA
        )
        start = int(self.chance.integers(0, max(1, line.shape[1] - WIDE + 1)))
        out = np.full((HIGH, WIDE), 255, np.uint8)
        part = line[:, start : start + WIDE]
        out[:, : part.shape[1]] = part
        return out

    def _font(self, path: Path, size: int) -> ImageFont.FreeTypeFont:
        if (path, size) not in self._cache:
            self._cache[path, size] = ImageFont.truetype(str(path), size)
        return self._cache[path, size]

    def _text(self, script: str) -> str:
        c = self.chance
        if c.random() < 0.12:
            return " ".join(str(c.integers(0, 10 ** int(c.integers(1, 9)))) for _ in range(int(c.integers(1, 5))))
        if script == "latin":
            words = [LATIN[c.integers(len(LATIN))] for _ in range(int(c.integers(2, 9)))]
            words = [w.upper() if c.random() < 0.1 else w.capitalize() if c.random() < 0.2 else w for w in words]
            return " ".join(words) + (c.choice([".", ",", ":", ""]) if c.random() < 0.5 else "")
        count = int(c.integers(4, 22))
        letters = [
            self._chinese[c.integers(len(self._chinese))] if c.random() < 0.8 else COMMON[c.integers(len(COMMON))]
            for _ in range(count)
        ]
        for _ in range(int(c.integers(0, 3))):
            letters.insert(int(c.integers(1, len(letters))), str(c.choice(list("，。：、（）；"))))
        if c.random() < 0.4:
            letters.insert(int(c.integers(0, len(letters))), str(c.integers(0, 99999)))
        return "".join(letters)

    def _seen(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """As a camera sees it: crooked, small, soft, unevenly lit, noisy."""
        c = self.chance
        height, width = picture.shape
        shift = np.float32([[1, c.normal(0, 0.06), 0], [c.normal(0, 0.012), 1, c.normal(0, 1)]])
        picture = cv2.warpAffine(picture, shift, (width, height), borderValue=255)
        low = c.uniform(0.35, 1.0)
        if height * low >= 8:
            picture = cv2.resize(picture, (max(8, int(width * low)), int(height * low)), interpolation=cv2.INTER_AREA)
        if c.random() < 0.6:
            picture = cv2.GaussianBlur(picture, (0, 0), c.uniform(0.3, 1.1))
        light = np.linspace(c.uniform(0.55, 1), c.uniform(0.55, 1), picture.shape[1])[None]
        seen = picture * light + c.normal(0, c.uniform(0, 9), picture.shape)
        return np.asarray(np.clip(seen, 0, 255), np.uint8)


def _scripts(path: Path) -> list[str]:
    """What a font can write: ``chinese``, ``latin``."""
    try:
        font = ImageFont.truetype(str(path), 20)
    except OSError:
        return []
    missing = bytes(font.getmask("\U0010fffe"))

    def has(text: str) -> bool:
        return all(font.getmask(c).getbbox() is not None and bytes(font.getmask(c)) != missing for c in text)

    return [name for name, text in (("chinese", "政务服"), ("latin", "agQRty")) if has(text)]


def normalised(piece: NDArray[np.uint8]) -> NDArray[np.float32]:
    """1 is ink, 0 is paper: as ``devices.scanner.text_lines.cut_out`` gives it."""
    part = piece.astype(np.float32)
    low, high = np.percentile(part, (2, 90))
    return np.asarray(np.clip((high - part) / max(high - low, 20.0), 0, 1), np.float32)
