"""Pictures from files: bounded in size, whatever the file says of itself, and without what it says of its maker."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator

import cv2
import numpy as np
from PIL import Image, ImageOps, TiffImagePlugin, UnidentifiedImageError

from devices.scanner.geometry import Picture

LARGEST_FILE = 60_000_000
LARGEST = 50_000_000
"""Pixels: more than any document camera gives, and 150 MB in memory."""
SMALLEST = 64
MOST_PAGES = 100
"""Of one file."""
_SUBFILE, _REDUCED, _MASK = 254, 1, 4  # TIFF 6.0, NewSubfileType
FORMATS = ("JPEG", "PNG", "TIFF", "WEBP", "BMP")


class BadPicture(Exception):
    """The file holds no picture that can be used; says why, in a few words."""


class _NoMore(BadPicture):
    """The file has fewer pages."""


class _NoPage(BadPicture):
    """What stands there is a smaller copy of a page, or a mask."""


def load_pages(data: bytes) -> Iterator[Picture]:
    """Each page of a TIFF, as office scanners write them, or the one picture of another file. Raises BadPicture."""
    yield load_picture(data)
    for page in range(1, MOST_PAGES + 1):
        try:
            picture = load_picture(data, page)
        except _NoMore:
            return
        except _NoPage:
            continue
        if page == MOST_PAGES:
            raise BadPicture(f"more than {MOST_PAGES} pages")
        yield picture


def load_picture(data: bytes, page: int = 0) -> Picture:
    """The picture in a file (BGR, upright by its EXIF note), or page ``page``, from 0, of a TIFF. Raises BadPicture."""
    if not data:
        raise BadPicture("the file is empty")
    if len(data) > LARGEST_FILE:
        raise BadPicture(f"the file has {len(data)} bytes, at most {LARGEST_FILE} are read")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of strange metadata, which are thrown away anyhow
            with Image.open(io.BytesIO(data), formats=FORMATS) as opened:
                if page:
                    _turn_to(opened, page)
                width, height = opened.size
                if width * height > LARGEST:
                    raise BadPicture(f"{width} x {height} pixels are too many")
                if min(width, height) < SMALLEST:
                    raise BadPicture(f"{width} x {height} pixels are too few")
                if opened.format == "JPEG" and opened.mode in ("RGB", "L"):
                    return _by_opencv(data)
                return _converted(opened)
    except BadPicture:
        raise
    except MemoryError:
        raise BadPicture("too large for this machine") from None
    except UnidentifiedImageError:
        raise BadPicture(f"no picture: neither {', '.join(FORMATS[:-1])} nor {FORMATS[-1]}") from None
    # What decoders raise at broken files is no closed set: OSError, ValueError, SyntaxError, struct.error and more.
    except Exception as bad:
        raise BadPicture(f"no picture: {type(bad).__name__}") from bad


def _turn_to(opened: Image.Image, page: int) -> None:
    if not isinstance(opened, TiffImagePlugin.TiffImageFile):
        raise _NoMore("no such page")
    try:
        opened.seek(page)
    except EOFError:
        raise _NoMore("no such page") from None
    if opened.tag_v2.get(_SUBFILE, 0) & (_REDUCED | _MASK):
        raise _NoPage("no page of its own")


def _by_opencv(data: bytes) -> Picture:
    """Twice as fast as Pillow for what cameras send. Fills up what a truncated file lacks; so does Pillow not."""
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        raise BadPicture("no picture: a broken JPEG")
    return np.asarray(picture, np.uint8)


def _converted(opened: Image.Image) -> Picture:
    first = ImageOps.exif_transpose(opened)
    if first.mode.startswith("I") or first.mode == "F":
        # 16 bits and more: the brightest value becomes white.
        values = np.asarray(first, np.float64)
        values = values * (255.0 / max(float(values.max()), 1.0))
        grey = np.clip(values, 0, 255).astype(np.uint8)
        return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), np.uint8)
    if first.mode in ("RGBA", "LA", "PA") or "transparency" in first.info:
        first = first.convert("RGBA")
        paper = Image.new("RGBA", first.size, "white")
        first = Image.alpha_composite(paper, first)
    rgb = np.asarray(first.convert("RGB"), np.uint8)
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), np.uint8)
