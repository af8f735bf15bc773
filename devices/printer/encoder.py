"""Lines to ESC/POS bytes: GBK text where the printer's ROM has the character, a picture of the line where it has not.

python-escpos encodes QR codes and raster pictures (through its ``Dummy``); its ``text()`` is never used,
because Chinese punctuation comes out of it as question marks.
"""

from __future__ import annotations

from pathlib import Path

from escpos.printer import Dummy
from PIL import Image, ImageDraw, ImageFont

from devices.printer.layout import Line, QrLine, TextLine, lines, width
from kiosk.model.paper import Align, PaperDocument

INIT = b"\x1b@"
KANJI_ON = b"\x1c&"
"""FS &: most Chinese models start with Kanji mode on, others do not; ESC @ may switch it off."""
BARRIER = b"\x1dr\x01"
"""GS r 1 is queued behind the print data: its answer means that everything before it was processed."""
CUT = b"\x1dV\x42\x00"
DOTS_PER_COLUMN = 12
LINE_DOTS = 24


class Encoder:
    """Encodes for one width of paper: 48 columns (576 dots), 42 or 32 (384 dots)."""

    def __init__(self, columns: int, fonts: list[Path]) -> None:
        """``fonts`` are tried in order for characters that the printer does not know."""
        self.columns = columns
        self._fonts = [ImageFont.truetype(str(f), LINE_DOTS - 2) for f in fonts if f.exists()]

    def encode(self, document: PaperDocument) -> bytes:
        """All bytes of a job, up to and with the cut; the barrier is the driver's."""
        printed = [self._line(line) for line in lines(document, self.columns)]
        return b"".join([INIT, KANJI_ON, *printed, b"\n" * 3, CUT])

    def _line(self, line: Line) -> bytes:
        if isinstance(line, QrLine):
            return _qr(line.data)
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
        dots = width(line.text) * DOTS_PER_COLUMN
        picture = Image.new("L", (max(dots, DOTS_PER_COLUMN), LINE_DOTS), 255)
        draw, x = ImageDraw.Draw(picture), 0
        for c in line.text:
            draw.text((x, -4), c, font=self._font(c), fill=0)
            x += width(c) * DOTS_PER_COLUMN
        if line.size == 2:
            picture = picture.resize((picture.width * 2, picture.height * 2))
        sheet = Image.new("L", (self.columns * DOTS_PER_COLUMN, picture.height + 6), 255)
        left = (sheet.width - picture.width) // 2 if line.align == Align.CENTRE else 0
        sheet.paste(picture, (left, 3))
        printer = Dummy()
        printer.image(sheet.convert("1"), impl="bitImageRaster")
        return b"\x1ba\x00" + bytes(printer.output)

    def _font(self, c: str) -> ImageFont.FreeTypeFont:
        for font in self._fonts:
            if font.getmask(c).getbbox() is not None and not _missing(font, c):
                return font
        return self._fonts[0]


def _missing(font: ImageFont.FreeTypeFont, c: str) -> bool:
    """Whether the font draws its box for "no such glyph"."""
    return bytes(font.getmask(c)) == bytes(font.getmask("\U0010fffe"))


def _qr(data: str) -> bytes:
    printer = Dummy()
    printer.qr(data, native=True, size=6, ec=1)
    return b"\x1ba\x01" + bytes(printer.output) + b"\x1ba\x00"
