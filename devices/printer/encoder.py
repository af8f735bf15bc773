"""Lines to ESC/POS bytes: GBK text where the printer's ROM has the character, a picture of the line where it has not.

python-escpos encodes QR codes and raster pictures (through its ``Dummy``); its ``text()`` is never used,
because Chinese punctuation comes out of it as question marks.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import segno
from escpos.printer import Dummy
from PIL import Image, ImageDraw, ImageFont

from devices.printer.layout import Line, QrLine, TextLine, lines, width
from kiosk.model.paper import Align, PaperDocument

INIT = b"\x1b@"
KANJI_ON = b"\x1c&"
"""FS &: most Chinese models start with Kanji mode on, others do not; ESC @ may switch it off."""
CUT = b"\x1dV\x42\x00"
DOTS_PER_COLUMN = 12
LINE_DOTS = 24
RASTER_DOTS, BASELINE = 30, 23
"""Height of a line that is a picture (the same as a printed line and its spacing), and where its letters stand."""
INK = 150
"""Darker than this is printed."""
QR_DOTS = 6


class Encoder:
    """Encodes for one width of paper: 48 columns (576 dots), 42 or 32 (384 dots)."""

    def __init__(self, columns: int, fonts: list[Path], *, raster_qr: bool = False) -> None:
        """``fonts`` are tried in order for characters that the printer does not know."""
        self.columns, self._raster_qr = columns, raster_qr
        # A font of a joined script has Latin letters too, of another height: it comes last.
        ordered = sorted((f for f in fonts if f.exists()), key=lambda f: "Arabic" in f.name)
        self._fonts = [ImageFont.truetype(str(f), 18 if "Arabic" in f.name else LINE_DOTS - 2) for f in ordered]

    @property
    def largest_picture(self) -> int:
        """Bytes of the largest picture in a job: so many a printer may still wait for when the line was cut."""
        rows = 60 * QR_DOTS if self._raster_qr else 2 * RASTER_DOTS
        return self.columns * DOTS_PER_COLUMN // 8 * rows

    def encode(self, document: PaperDocument) -> bytes:
        """All bytes of a job, up to and with the cut; the barrier is the driver's."""
        printed = [self._line(line) for line in lines(document, self.columns)]
        return b"".join([INIT, KANJI_ON, *printed, b"\n" * 3, CUT])

    def _line(self, line: Line) -> bytes:
        if isinstance(line, QrLine):
            return self._qr_picture(line.data) if self._raster_qr else _qr(line.data)
        try:
            text = line.text.encode("gbk")
        except UnicodeEncodeError:
            return self._raster(line)
        align = b"\x1ba" + (b"\x01" if line.align == Align.CENTRE else b"\x00")
        bold = b"\x1bE" + bytes((line.bold,))
        if line.size == 1:
            return align + bold + text + b"\n"
        # GS ! sizes ASCII everywhere, hanzi only on some printers: FS ! does it on the others.
        return align + bold + b"\x1d!\x11\x1c!\x0c" + text + b"\n\x1d!\x00\x1c!\x00"

    def _raster(self, line: TextLine) -> bytes:
        """The line as a picture, on the same grid as printed text."""
        runs = [(run, self._font(run[0]), self._columns_of(run) * DOTS_PER_COLUMN) for run in _runs(line.text)]
        dots = sum(wide for _run, _font, wide in runs)
        picture = Image.new("L", (max(dots, DOTS_PER_COLUMN), RASTER_DOTS), 255)
        draw, x = ImageDraw.Draw(picture), 0
        for run, font, wide in runs:
            draw.text((x, BASELINE), run, font=font, fill=0, anchor="ls")
            x += wide
        if dots > (paper := self.columns * DOTS_PER_COLUMN // line.size):
            picture = picture.resize((paper, RASTER_DOTS))
        if line.size == 2:
            picture = picture.resize((picture.width * 2, picture.height * 2))
        sheet = Image.new("L", (self.columns * DOTS_PER_COLUMN, picture.height), 255)
        left = (sheet.width - picture.width) // 2 if line.align == Align.CENTRE else 0
        sheet.paste(picture, (left, 0))
        printer = Dummy()
        # No dithering: a dot of a thermal head is black or not.
        printer.image(sheet.point(lambda v: 255 * (v > INK)).convert("1"), impl="bitImageRaster")
        return b"\x1ba\x00" + bytes(printer.output)

    def _qr_picture(self, data: str) -> bytes:
        """The code as a picture, for printers without QR commands."""
        matrix = segno.make(data, error="m", micro=False).matrix
        side = len(matrix) * QR_DOTS
        sheet = Image.new("1", (self.columns * DOTS_PER_COLUMN, side + 2 * QR_DOTS), 1)
        left = (sheet.width - side) // 2
        draw = ImageDraw.Draw(sheet)
        for y, row in enumerate(matrix):
            for x, dark in enumerate(row):
                if dark:
                    x0, y0 = left + x * QR_DOTS, (y + 1) * QR_DOTS
                    draw.rectangle((x0, y0, x0 + QR_DOTS - 1, y0 + QR_DOTS - 1), fill=0)
        printer = Dummy()
        printer.image(sheet, impl="bitImageRaster")
        return b"\x1ba\x00" + bytes(printer.output)

    def _columns_of(self, run: str) -> int:
        """Columns of a run: by the grid, or for a joined script by what its letters need together."""
        if len(run) == 1:
            return width(run)
        return -(-math.ceil(self._font(run[0]).getlength(run)) // DOTS_PER_COLUMN)

    def _font(self, c: str) -> ImageFont.FreeTypeFont:
        for font in self._fonts:
            if font.getmask(c).getbbox() is not None and not _missing(font, c):
                return font
        return self._fonts[0]


def _joined(c: str) -> bool:
    """Whether a character belongs to a script that is written joined and from the right: Arabic, Uyghur, Kazakh."""
    return unicodedata.bidirectional(c) in ("AL", "R") or unicodedata.bidirectional(c) == "NSM"


def _runs(text: str) -> Iterator[str]:
    """Characters one by one, but words of a joined script together, with the spaces between them."""
    run = ""
    for c in text:
        if _joined(c) or (run and c == " "):
            run += c
            continue
        yield from _closed(run)
        run = ""
        yield c
    yield from _closed(run)


def _closed(run: str) -> Iterator[str]:
    if run.strip():
        yield run.rstrip()
    if run != run.rstrip():
        yield " "


def _missing(font: ImageFont.FreeTypeFont, c: str) -> bool:
    """Whether the font draws its box for "no such glyph"."""
    return bytes(font.getmask(c)) == bytes(font.getmask("\U0010fffe"))


def _qr(data: str) -> bytes:
    printer = Dummy()
    printer.qr(data, native=True, size=6, ec=1)
    return b"\x1ba\x01" + bytes(printer.output) + b"\x1ba\x00"
