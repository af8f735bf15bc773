"""Words, fonts and lines of text, in Chinese and Latin letters, printed and written by hand."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image as Pil
from PIL import ImageDraw, ImageFont

from tools.corner_net.noise import Colour, Image, Rng, chance

FOLDER = Path("/usr/share/fonts")
CHINESE = (
    "opentype/noto/NotoSansCJK-Regular.ttc",
    "opentype/noto/NotoSansCJK-Bold.ttc",
    "opentype/noto/NotoSerifCJK-Regular.ttc",
    "truetype/wqy/wqy-microhei.ttc",
    "truetype/arphic/ukai.ttc",
)
CHINESE_VALID = ("truetype/wqy/wqy-zenhei.ttc", "truetype/arphic/uming.ttc")
LATIN = (
    "truetype/dejavu/DejaVuSans.ttf",
    "truetype/dejavu/DejaVuSerif.ttf",
    "truetype/lato/Lato-Regular.ttf",
    "truetype/liberation/LiberationSerif-Regular.ttf",
    "truetype/liberation/LiberationSans-Bold.ttf",
    "truetype/liberation/LiberationMono-Regular.ttf",
    "truetype/open-sans/OpenSans-Bold.ttf",
    "truetype/freefont/FreeSerifItalic.ttf",
    "truetype/dejavu/DejaVuSansMono-Bold.ttf",
)
LATIN_VALID = (
    "truetype/liberation/LiberationSans-Regular.ttf",
    "truetype/crosextra/Caladea-Regular.ttf",
    "truetype/freefont/FreeSans.ttf",
)
WRITTEN = (
    "opentype/dancingscript/DancingScript-Regular.otf",
    "truetype/fifthhorseman/dkg.ttf",
    "truetype/arphic/ukai.ttc",
)


@lru_cache(maxsize=512)
def font(name: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(FOLDER / name), size)


@lru_cache(maxsize=1)
def characters() -> str:
    """The 3,755 most usual Chinese characters (GB 2312, level 1)."""
    codes = (bytes((0xA0 + row, 0xA0 + cell)) for row in range(16, 56) for cell in range(1, 95))
    return "".join(code.decode("gb2312", "ignore") for code in codes)


def words(rng: Rng, length: int, chinese: bool) -> str:
    """About ``length`` characters of meaningless text."""
    if chinese:
        pool = characters()
        text = "".join(pool[i] for i in rng.integers(0, len(pool), length))
        return "，".join(text[i : i + 9] for i in range(0, len(text), 9))
    letters = np.frombuffer(b"etaoinshrdlucmfwypvbgkETAOS0123456789", np.uint8)
    drawn = letters[rng.integers(0, len(letters), length)].tobytes().decode()
    breaks = np.cumsum(rng.integers(2, 9, length))
    return " ".join(drawn[a:b] for a, b in zip((0, *breaks[:-1]), breaks, strict=True) if a < length)


class Sheet:
    """A page that is being drawn on, with the random source and the fonts of its set."""

    def __init__(self, rng: Rng, width: int, height: int, colour: Colour, held_out: bool) -> None:
        self.rng, self.width, self.height = rng, width, height
        self.chinese = chance(rng, 0.5)
        chinese, latin = (CHINESE_VALID, LATIN_VALID) if held_out else (CHINESE, LATIN)
        fonts = chinese if self.chinese else latin
        self.font_name = fonts[int(rng.integers(len(fonts)))]
        b, g, r = (int(c) for c in colour)
        self.pil = Pil.new("RGB", (width, height), (r, g, b))
        self.draw = ImageDraw.Draw(self.pil)

    def text(self, x: float, y: float, size: float, width: float, ink: Colour, written: bool = False) -> None:
        """One line of at most ``width`` pixels from the left top (x, y)."""
        name = WRITTEN[2 if self.chinese else int(self.rng.integers(2))] if written else self.font_name
        size = max(4, round(size))
        count = max(1, int(width / size * (1 if self.chinese else 1.75)))
        b, g, r = (int(c) for c in ink)
        self.draw.text((x, y), words(self.rng, count, self.chinese)[:count], fill=(r, g, b), font=font(name, size))

    def line(self, a: tuple[float, float], b: tuple[float, float], ink: Colour, width: int = 1) -> None:
        self.draw.line((*a, *b), fill=(int(ink[2]), int(ink[1]), int(ink[0])), width=width)

    def box(
        self, x: float, y: float, w: float, h: float, fill: Colour | None, edge: Colour | None, width: int = 1
    ) -> None:
        paint = [None if c is None else (int(c[2]), int(c[1]), int(c[0])) for c in (fill, edge)]
        self.draw.rectangle((x, y, x + w, y + h), fill=paint[0], outline=paint[1], width=width)

    def paste(self, picture: Image, x: float, y: float) -> None:
        self.pil.paste(Pil.fromarray(picture[..., ::-1]), (int(x), int(y)))

    def image(self) -> Image:
        return np.ascontiguousarray(np.asarray(self.pil)[..., ::-1])
