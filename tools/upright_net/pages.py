"""Pieces of printed pages, rendered: Chinese, Latin, digits, tables; as a camera sees them once straightened."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from devices.scanner.way_up import inked_places, normalised

Grey = NDArray[np.uint8]
ROOT = Path(__file__).parents[2]
FOLDERS = (ROOT / "assets" / "fonts", Path("/usr/share/fonts"))
TEXTS = (ROOT / "README.zh-CN.md", ROOT / "ui" / "i18n" / "zh.toml", ROOT / "docs" / "faults.md")
WORDS = (Path(__file__).parent / "words.txt").read_text().split()
COMMON = "".join(chr(c) for c in range(0x4E00, 0x4E00 + 6000))
HELD_OUT = 5
"""Every fifth font is kept for the test."""


@dataclass(frozen=True)
class Face:
    path: Path
    index: int
    chinese: bool


class Pages:
    """Draws pages from the installed fonts. ``held_out``: only from fonts that training never sees."""

    def __init__(self, seed: int, size: int, *, held_out: bool = False) -> None:
        self.chance = np.random.default_rng(seed)
        self._size = size
        faces = _faces()
        mine = [f for n, f in enumerate(faces) if (n % HELD_OUT == HELD_OUT - 1) == held_out]
        self._faces = {kind: [f for f in mine if f.chinese == kind] for kind in (True, False)}
        text = "".join(p.read_text(encoding="utf-8") for p in TEXTS if p.exists())
        self._chinese = [c for c in text if 0x4E00 <= ord(c) < 0xA000] or list(COMMON)
        self._loaded: dict[tuple[Face, int], ImageFont.FreeTypeFont] = {}

    def pieces(self, count: int, side: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """``count`` pieces of one page, (n, 1, side, side), and how often each was turned counter-clockwise by 90
        degrees, (n,). What is given is what ``devices.scanner.way_up`` would cut."""
        page = self._seen(self._page())
        places = inked_places(page, side, count * 2)
        order = self.chance.permutation(len(places))[:count]
        turns = self.chance.integers(0, 4, len(order))
        out = np.zeros((len(order), 1, side, side), np.float32)
        for i, place in enumerate(order):
            x, y = places[place]
            out[i, 0] = np.rot90(normalised(page[y : y + side, x : x + side]), turns[i])
        return out, turns.astype(np.int64)

    def _page(self) -> Grey:
        c = self.chance
        canvas = Image.new("L", (self._size, self._size), int(c.integers(215, 256)))
        draw = ImageDraw.Draw(canvas)
        chinese = bool(c.random() < 0.62)
        face = self._pick(chinese)
        size = round(float(np.exp(c.uniform(np.log(9), np.log(30)))))
        y = float(c.integers(-10, 20))
        spacing, margin = c.uniform(1.1, 2.2), int(c.integers(0, 60))
        while y < self._size:
            if c.random() < 0.12:  # a heading, or a line of another hand
                face = self._pick(chinese if c.random() < 0.7 else not chinese)
                size = max(8, size + int(c.normal(0, 5)))
            ink = int(c.integers(0, 110))
            x = float(margin)
            while x < self._size * (1.0 if c.random() < 0.7 else c.uniform(0.2, 1)):
                text = self._text(face.chinese)
                font = self._font(face, size)
                draw.text((x, y), text, font=font, fill=ink)
                x += font.getlength(text) + size * (c.uniform(0.3, 1.0) if c.random() < 0.8 else c.uniform(2, 8))
            if c.random() < 0.15:
                rule = y + size * 1.25
                draw.line((margin, rule, self._size - margin, rule), fill=ink, width=1)
            y += size * spacing * (1 if c.random() < 0.92 else 2)
        for _ in range(int(c.choice([0, 0, 1, 4]))):  # columns of a table
            x = float(c.uniform(0, self._size))
            draw.line((x, 0, x, self._size), fill=int(c.integers(0, 120)), width=1)
        return np.asarray(canvas, np.uint8)

    def _pick(self, chinese: bool) -> Face:
        faces = self._faces[chinese] or self._faces[not chinese]
        return faces[int(self.chance.integers(len(faces)))]

    def _font(self, face: Face, size: int) -> ImageFont.FreeTypeFont:
        if (face, size) not in self._loaded:
            self._loaded[face, size] = ImageFont.truetype(str(face.path), size, index=face.index)
        return self._loaded[face, size]

    def _text(self, chinese: bool) -> str:
        c = self.chance
        if c.random() < 0.14:
            return "".join(str(c.integers(0, 10)) for _ in range(int(c.integers(2, 19))))
        if not chinese:
            words = [WORDS[int(c.integers(len(WORDS)))] for _ in range(int(c.integers(1, 8)))]
            words = [w.upper() if c.random() < 0.12 else w.capitalize() if c.random() < 0.2 else w for w in words]
            return " ".join(words) + str(c.choice([".", ",", ":", ""]))
        letters = [
            self._chinese[int(c.integers(len(self._chinese)))] if c.random() < 0.7 else COMMON[int(c.integers(6000))]
            for _ in range(int(c.integers(2, 20)))
        ]
        for _ in range(int(c.integers(0, 3))):
            letters.insert(int(c.integers(1, len(letters))), str(c.choice(list("，。：、（）；"))))
        return "".join(letters)

    def _seen(self, page: Grey) -> Grey:
        """Crooked, coarse, soft, unevenly lit, noisy."""
        c = self.chance
        turn = cv2.getRotationMatrix2D((self._size / 2,) * 2, float(c.normal(0, 1.5)), float(c.uniform(0.9, 1.1)))
        page = np.asarray(cv2.warpAffine(page, turn, page.shape[::-1], borderMode=cv2.BORDER_REFLECT), np.uint8)
        if c.random() < 0.5:
            page = np.asarray(cv2.GaussianBlur(page, (0, 0), float(c.uniform(0.3, 1.3))), np.uint8)
        light = np.linspace(c.uniform(0.5, 1), c.uniform(0.5, 1), self._size)
        light = light[None] if c.random() < 0.5 else light[:, None]
        if c.random() < 0.5:
            light = light * np.linspace(c.uniform(0.7, 1), 1, self._size)[:, None]
        seen = page * light + c.normal(0, float(c.uniform(0, 8)), page.shape)
        return np.asarray(np.clip(seen, 0, 255), np.uint8)


def _faces() -> list[Face]:
    """Every installed face that can write Chinese or Latin."""
    files = sorted({f for d in FOLDERS for f in d.rglob("*") if f.suffix.lower() in (".ttf", ".otf", ".ttc")})
    faces = []
    for path in files:
        try:
            font = ImageFont.truetype(str(path), 24)
        except OSError:
            continue
        if _writes(font, "政务服"):
            faces.append(Face(path, 0, chinese=True))
        elif _writes(font, "agQRty"):
            faces.append(Face(path, 0, chinese=False))
    return faces


def _writes(font: ImageFont.FreeTypeFont, text: str) -> bool:
    missing = bytes(font.getmask("\U0010fffe"))
    return all(font.getmask(c).getbbox() is not None and bytes(font.getmask(c)) != missing for c in text)
