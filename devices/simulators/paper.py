"""Draws what a thermal printer would put on paper, from the operations that it was sent."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path

import segno
from PIL import Image, ImageDraw, ImageFont

from devices.simulators.escpos_reader import Op

COLUMN = 12
LINE = 30
_FONTS = [
    Path(__file__).parents[2] / "assets" / "fonts" / "NotoSansSC-Regular.ttf",
    Path("/usr/share/fonts/truetype/hanazono/HanaMinA.ttf"),
]


class PaperStrip:
    """A strip of paper ``dots`` wide that grows as it is printed on. ``text`` keeps what a person would read.

    It is drawn only when somebody looks: drawing takes longer than the paper of a fast printer.
    """

    def __init__(self, dots: int = 576) -> None:
        self._dots = dots
        self._rows: list[Callable[[], Image.Image]] = []
        self._line = b""
        self._align = 0
        self._size = 0
        self._bold = False
        self._qr = b""
        self.text: list[str] = []
        self.qr_codes: list[str] = []
        self.font = ImageFont.truetype(str(_FONTS[0]), 22)

    @property
    def empty(self) -> bool:
        return not self._rows and not self._line

    def drop_line(self) -> None:
        """The line that is not printed yet is forgotten; what is on paper stays."""
        self._line = b""

    def apply(self, op: Op) -> int:
        """Do one operation; returns the lines of paper that it used."""
        match op.name:
            case "init":
                self._align = self._size = 0
                self._bold = False
            case "align":
                self._align = op.data[0]
            case "bold":
                self._bold = bool(op.data[0] & 1)
            case "size":
                self._size = op.data[0]
            case "text":
                self._line += op.data
            case "line_feed":
                return self._print_line()
            case "raster":
                return self._raster(op.data)
            case "block":
                return self._block(op.data)
            case "feed":
                for _ in range(op.data[0]):
                    self._rows.append(lambda: Image.new("L", (self._dots, LINE), 255))
                return op.data[0]
        return 0

    def _print_line(self) -> int:
        text = self._line.decode("gbk", "replace")
        self._line = b""
        scale = 2 if self._size & 0x11 else 1
        self._rows.append(partial(self._draw_line, text, scale, self._align, self._bold))
        self.text.append(text)
        return scale

    def _draw_line(self, text: str, scale: int, align: int, bold: bool) -> Image.Image:
        row = Image.new("L", (self._dots, LINE), 255)
        draw, x = ImageDraw.Draw(row), 0
        for c in text:
            draw.text((x, -2), c, font=self.font, fill=0, stroke_width=int(bold))
            x += COLUMN * (1 if ord(c) < 0x80 else 2)
        if scale == 2:
            row = row.crop((0, 0, self._dots // 2, LINE)).resize((self._dots, LINE * 2))
            x *= 2
        if align == 1 and x < self._dots:
            shifted = Image.new("L", row.size, 255)
            shifted.paste(row, ((self._dots - x) // 2, 0))
            row = shifted
        return row

    def _raster(self, data: bytes) -> int:
        wide, high = int.from_bytes(data[:2], "little"), int.from_bytes(data[2:4], "little")

        def draw() -> Image.Image:
            picture = Image.frombytes("1", (wide * 8, high), data[4:]).convert("L").point(lambda v: 255 - v)
            row = Image.new("L", (self._dots, high), 255)
            row.paste(picture, (0, 0))
            return row

        self._rows.append(draw)
        self.text.append("[picture]")
        return -(-high // LINE)

    def _block(self, data: bytes) -> int:
        """GS ( k, the QR functions: 80 stores the data, 81 prints."""
        if data[:2] != b"k1":
            return 0
        if data[2] == 80:
            self._qr = data[4:]
            return 0
        if data[2] != 81:
            return 0
        content = self._qr.decode("utf-8", "replace")
        self.qr_codes.append(content)
        code = _code(content)
        high = (len(code.matrix) + 4) * 6

        def draw() -> Image.Image:
            buffer = io.BytesIO()
            code.save(buffer, kind="png", scale=6, border=2)
            picture = Image.open(buffer).convert("L")
            row = Image.new("L", (self._dots, picture.height), 255)
            row.paste(picture, ((self._dots - picture.width) // 2, 0))
            return row

        self._rows.append(draw)
        return -(-high // LINE)

    def picture(self) -> Image.Image:
        """The strip as it looks, one pixel a dot."""
        rows = [draw() for draw in self._rows]
        height = sum(r.height for r in rows) + 24
        sheet = Image.new("L", (self._dots, height), 255)
        y = 12
        for row in rows:
            sheet.paste(row, (0, y))
            y += row.height
        return sheet


@lru_cache(maxsize=8)
def _code(content: str) -> segno.QRCode:
    return segno.make(content, error="m", micro=False)
