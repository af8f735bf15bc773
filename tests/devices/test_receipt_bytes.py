"""The bytes of real receipts, read by two readers that know nothing of the encoder or of each other."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
import zxingcpp

from devices.printer.encoder import Encoder
from devices.printer.layout import TextLine, lines, width
from devices.simulators.escpos_reader import EscPosReader
from devices.simulators.paper import PaperStrip
from kiosk.cases.draft import Draft
from kiosk.catalogue.loader import parse_package
from kiosk.config import ASSETS
from kiosk.model.identity import DocumentKind, IdentityDocument
from kiosk.model.page import Page
from kiosk.model.paper import PaperDocument, Words
from kiosk.receipts.receipt import receipt_code, receipt_document
from kiosk.store.cases import CaseLine
from tests.devices.second_reader import Seen, read
from tests.devices.virtual import FONTS

NUMBER = "CD03-7K2M-000187-X"
NAMES = ["张示例", "王㛃", "𠮷示例", "䶮·示例", "ئايگۈل مەمەت", "Example, Anna-María"]
SERVICES = sorted(p.stem for p in (ASSETS / "catalogue").glob("*.yaml"))


def receipt(service: str, language: str, name: str) -> PaperDocument:
    """A receipt as a citizen gets it, with the name in full below it, which a receipt does not show."""
    package = parse_package((ASSETS / "catalogue" / f"{service}.yaml").read_bytes())
    draft = Draft(case_id="c", service=service)
    draft.identity = IdentityDocument(kind=DocumentKind.RESIDENT, name=name, number="990000199003070013")
    draft.pages = [Page(page_id="p", material=package.form.materials[0].id, width=1, height=1, image=b"j")]
    line = CaseLine("c", NUMBER, service, datetime(2026, 3, 2, 4, tzinfo=UTC).isoformat(), "queued")
    document = receipt_document(line, draft, package, [], "城东政务服务中心（演示）", language, copy=False)
    return PaperDocument(parts=[*document.parts, Words(text=name)])


def both(document: PaperDocument, columns: int, *, raster_qr: bool) -> tuple[Seen, PaperStrip]:
    data = Encoder(columns, FONTS, raster_qr=raster_qr).encode(document)
    strip = PaperStrip(columns * 12)
    for op in EscPosReader().feed(data):
        strip.apply(op)
    return read(data), strip


@pytest.mark.parametrize("columns", [48, 42, 32])
@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("service", SERVICES)
def test_both_readers_see_the_text_that_was_meant(service: str, language: str, columns: int) -> None:
    document = receipt(service, language, "张示例")
    seen, strip = both(document, columns, raster_qr=False)
    meant = [line.text for line in lines(document, columns) if isinstance(line, TextLine)]
    assert [line for line in seen.lines if line] == [line for line in strip.text if line] == [m for m in meant if m]
    assert seen.codes == strip.qr_codes == [receipt_code(NUMBER)]
    assert seen.cuts == 1
    for line, size in zip([x for x in seen.lines if x is not None], seen.sized, strict=True):
        assert width(line) * (2 if size else 1) <= columns, line


@pytest.mark.parametrize("name", NAMES)
def test_both_readers_see_the_same_picture_of_a_name_that_the_printer_does_not_know(name: str) -> None:
    seen, strip = both(receipt("residence-permit", "zh", name), 48, raster_qr=False)
    known = name.encode("gbk", "replace").decode("gbk") == name
    assert (name in seen.lines) == known
    assert len(seen.pictures) == strip.text.count("[picture]")
    assert bool(seen.pictures) != known
    sheet = np.asarray(strip.picture()) < 128
    for picture in seen.pictures:
        assert picture.any()
        high = len(picture)
        assert any((sheet[y : y + high, : picture.shape[1]] == picture).all() for y in range(len(sheet) - high)), name


@pytest.mark.parametrize("columns", [48, 42, 32])
def test_a_code_that_is_a_picture_reads_as_what_was_meant(columns: int) -> None:
    seen, strip = both(receipt("residence-permit", "zh", "张示例"), columns, raster_qr=True)
    (code,) = seen.pictures
    picture = np.pad(np.where(code, 0, 255).astype(np.uint8), 24, constant_values=255)
    assert [b.text for b in zxingcpp.read_barcodes(picture)] == [receipt_code(NUMBER)]
    on_paper = zxingcpp.read_barcodes(np.asarray(strip.picture().convert("L")))
    assert [b.text for b in on_paper] == [receipt_code(NUMBER)]


def test_the_code_drawn_by_the_printer_itself_reads_too() -> None:
    _seen, strip = both(receipt("residence-permit", "zh", "张示例"), 48, raster_qr=False)
    assert [b.text for b in zxingcpp.read_barcodes(np.asarray(strip.picture()))] == [receipt_code(NUMBER)]
