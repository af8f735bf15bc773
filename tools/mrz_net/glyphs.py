"""Characters as masks, from installed fonts: OCR-B above all, some others so that shapes alone do not decide."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from tools.mrz_net.contents import SYMBOLS

CAP = 32
"""Height of a capital in the masks, in pixels."""
FONTS = Path("/usr/share/fonts")
OCR_B = ("opentype/ocr-b/OCRB.otf", "opentype/ocr-b/OCRBS.otf")
OTHERS = (
    "truetype/ocr-a/OCRA.ttf",
    "truetype/ocr-a/OCRACondensed.ttf",
    "truetype/dejavu/DejaVuSansMono.ttf",
    "truetype/dejavu/DejaVuSansMono-Bold.ttf",
    "truetype/liberation/LiberationMono-Regular.ttf",
    "truetype/liberation/LiberationMono-Bold.ttf",
    "truetype/hack/Hack-Regular.ttf",
    "truetype/inconsolata/Inconsolata.otf",
    "opentype/courier-prime/Courier Prime Bold.otf",
    "opentype/courier-prime/Courier Prime Code.otf",
    "truetype/freefont/FreeMonoBold.ttf",
    "truetype/dejavu/DejaVuSans.ttf",
    "truetype/dejavu/DejaVuSansCondensed.ttf",
    "truetype/liberation/LiberationSans-Regular.ttf",
    "truetype/liberation/LiberationSansNarrow-Bold.ttf",
)
"""The last four are not monospaced; they are set in cells, as some cards do. The first two count twice."""
DOTTED_ZERO = ("DejaVuSansMono", "Hack", "Inconsolata", "LiberationMono")


@dataclass(frozen=True)
class Font:
    """``masks`` (37, rows, columns) uint8, a cell each, the capital's top at ``top``; ``advance`` in pixels."""

    masks: NDArray[np.uint8]
    top: int
    advance: float


@cache
def font(name: str) -> Font:
    """Loads and draws a font. The zero of fonts that dot or slash it is drawn as a narrow O, as OCR-B has none."""
    path = str(FONTS / name)
    size = 200
    box = ImageFont.truetype(path, size).getbbox("H")
    size = round(size * CAP / (box[3] - box[1]))
    face = ImageFont.truetype(path, size)
    top = face.getbbox("H")[1]
    mono = len({round(face.getlength(c), 1) for c in "I<W1"}) == 1
    advance = face.getlength("H") if mono else face.getlength("W") * 0.85
    columns, above, rows = round(advance * 1.5), CAP // 2, CAP * 2
    masks = np.zeros((len(SYMBOLS), rows, columns), np.uint8)
    for i, symbol in enumerate(SYMBOLS):
        narrow = symbol == "0" and any(n in name for n in DOTTED_ZERO)
        drawn = "O" if narrow else symbol
        picture = Image.new("L", (columns, rows))
        x = (columns - face.getlength(drawn)) / 2
        ImageDraw.Draw(picture).text((x, above - top), drawn, font=face, fill=255)
        if narrow:
            squeezed = picture.resize((round(columns * 0.8), rows))
            picture = Image.new("L", (columns, rows))
            picture.paste(squeezed, ((columns - squeezed.width) // 2, 0))
        masks[i] = np.asarray(picture)
    return Font(masks, above, advance)


def any_font(rng: np.random.Generator) -> Font:
    """OCR-B in three of four cases."""
    if rng.random() < 0.75:
        return font(OCR_B[int(rng.integers(len(OCR_B)))])
    names = OTHERS[:2] + OTHERS
    return font(names[int(rng.integers(len(names)))])
