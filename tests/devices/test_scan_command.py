"""``kiosk scan``: what a person who calls it gets."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path

import cv2
import numpy as np
import pikepdf
import pytest
from pikepdf import pdfa
from PIL import Image, TiffImagePlugin
from typer.testing import CliRunner

from devices.simulators.bed import empty_bed, on_bed, several_on_bed
from kiosk.cases.pdf import FLAVOUR
from kiosk.cli import app
from kiosk.config import ASSETS
from kiosk.scan_cli import REFUSED, _mark


def photograph(folder: Path, turned: int = 0) -> Path:
    lease = np.asarray(cv2.imread(str(ASSETS / "papers" / "lease.png")), np.uint8)
    path = folder / "photo.png"
    cv2.imwrite(str(path), np.ascontiguousarray(np.rot90(on_bed(lease), turned)))
    return path


def test_a_photograph_becomes_a_pdf_a_that_stands_upright(tmp_path: Path) -> None:
    out = tmp_path / "page.pdf"
    photo = photograph(tmp_path, turned=2)
    done = CliRunner().invoke(app, ["scan", str(photo), "-o", str(out), "--force", "--report", "--purpose", "试用"])
    assert done.exit_code == 0, done.output
    (report,) = json.loads(done.stdout)
    assert (report["turned"], report["paper"], len(report["corners"])) == (2, "a4", 4)
    assert pdfa.validate_written(io.BytesIO(out.read_bytes()), FLAVOUR).passed
    with pikepdf.open(out) as pdf:
        wide, high = (float(v) for v in pdf.pages[0].mediabox[2:])
    assert high > wide


def test_no_picture_ends_in_one_line_and_without_a_file(tmp_path: Path) -> None:
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"no picture")
    done = CliRunner().invoke(app, ["scan", str(bad), "-o", str(tmp_path / "page.pdf")])
    assert done.exit_code == 1
    assert "no picture" in done.output
    assert not (tmp_path / "page.pdf").exists()


def scanned(*arguments: object) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["scan", *map(str, arguments)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


def test_papers_apart_on_a_known_bed_become_pages_of_one_file(tmp_path: Path) -> None:
    bed, papers, out = tmp_path / "bed.png", tmp_path / "papers.png", tmp_path / "page.pdf"
    cards = [np.asarray(cv2.imread(str(ASSETS / "papers" / f"{n}.png")), np.uint8) for n in ("lease", "bank_card")]
    cv2.imwrite(str(bed), empty_bed())
    cv2.imwrite(str(papers), several_on_bed(cards))
    code, said = scanned(papers, "--bed", bed, "-o", out, "--force")
    assert code == 0, said
    with pikepdf.open(out) as pdf:
        sizes = [sorted(float(v) / 72 * 25.4 for v in page.mediabox[2:]) for page in pdf.pages]
    assert sizes == [pytest.approx([210, 297], abs=2), pytest.approx([53.98, 85.6], abs=2)]


def test_what_cannot_be_done_is_said_in_one_line(tmp_path: Path) -> None:
    photo, empty = photograph(tmp_path), tmp_path / "empty.jpg"
    empty.touch()
    out = tmp_path / "page.pdf"
    for arguments, told in (
        ((empty, "-o", out), "the file is empty"),
        ((tmp_path, "-o", out), "Is a directory"),
        ((photo, "-o", tmp_path / "nowhere" / "page.pdf", "--force"), "cannot be written"),
        ((photo, "-o", out, "--bed", empty), "the file is empty"),
    ):
        code, said = scanned(*arguments)
        assert code == 1
        assert told in said
        assert len(said.strip().splitlines()) <= 2
    assert scanned(photo, "-o", out, "--shape", "letter")[0] == 2
    assert sorted(p.name for p in tmp_path.iterdir()) == ["empty.jpg", "photo.png"]


@pytest.mark.parametrize("name", ["lease", "statement"])
def test_what_was_scanned_before_is_kept_whole(name: str, tmp_path: Path) -> None:
    page = np.asarray(cv2.imread(str(ASSETS / "papers" / f"{name}.png")), np.uint8)
    noise = np.random.default_rng(5).normal(0, 1.5, page.shape)
    path, out = tmp_path / "scan.jpg", tmp_path / "page.pdf"
    cv2.imwrite(str(path), np.clip(page + noise, 0, 255).astype(np.uint8))
    done = CliRunner().invoke(app, ["scan", str(path), "-o", str(out), "--report", "--force"])
    (report,) = json.loads(done.stdout)
    high, wide = page.shape[:2]
    assert report["corners"] == [[0, 0], [wide, 0], [wide, high], [0, high]]
    assert report["fault"] != "cut_off"
    assert out.exists()


def test_each_page_of_a_tiff_is_kept(tmp_path: Path) -> None:
    path, out = tmp_path / "pages.tif", tmp_path / "page.pdf"
    lease, statement = (Image.open(ASSETS / "papers" / f"{n}.png").convert("RGB") for n in ("lease", "statement"))
    smaller = {254: 1}  # by TIFF's own word a copy of the page before it
    with TiffImagePlugin.AppendingTiffWriter(str(path), True) as tiff:
        for page, told in ((lease, {}), (lease.resize((40, 56)), smaller), (statement, {}), (lease, {})):
            page.save(tiff, format="TIFF", tiffinfo=told)
            tiff.newFrame()
    code, said = scanned(path, "-o", out, "--force")
    assert code == 0, said
    with pikepdf.open(out) as pdf:
        assert len(pdf.pages) == 3


def test_a_name_that_is_no_text_is_no_hindrance(tmp_path: Path) -> None:
    photo = photograph(tmp_path)
    strange = photo.rename(os.fsdecode(os.fsencode(tmp_path) + b"/\xb4\xab.png"))  # as old archives hold them
    out = strange.with_suffix(".pdf")
    code, said = scanned(strange, "-o", out, "--force", "--report")
    assert code == 0, said
    assert pdfa.validate_written(io.BytesIO(out.read_bytes()), FLAVOUR).passed


def test_a_picture_without_a_page_is_refused_even_by_force(tmp_path: Path) -> None:
    path, out = tmp_path / "bed.png", tmp_path / "page.pdf"
    cv2.imwrite(str(path), empty_bed())
    code, said = scanned(path, "-o", out, "--force", "--report")
    assert (code, out.exists()) == (REFUSED, False)
    assert "no page is seen" in said
    assert "--force" not in said, "it would not help"


def test_a_refused_page_leaves_the_file_that_was_there(tmp_path: Path) -> None:
    photo, out = photograph(tmp_path), tmp_path / "page.pdf"
    out.write_bytes(b"older")
    assert scanned(photo, "-o", out, "--shape", "card")[0] == REFUSED
    assert out.read_bytes() == b"older"


@pytest.mark.parametrize(("mode", "values"), [("grey", 256), ("black_and_white", 2)])
def test_a_page_is_kept_without_colour_where_that_is_asked(mode: str, values: int, tmp_path: Path) -> None:
    out = tmp_path / "page.pdf"
    code, said = scanned(photograph(tmp_path), "-o", out, "--mode", mode, "--force")
    assert code == 0, said
    with pikepdf.open(out) as pdf:
        (image,) = pdf.pages[0].get_images().values()
        page = np.asarray(pikepdf.PdfImage(image).as_pil_image().convert("RGB"), np.uint8)
    assert int((page.max(2).astype(int) - page.min(2)).max()) <= 8
    near = ((page < 48) | (page > 207)).mean()
    assert (near > 0.97) == (values == 2), near
    assert scanned(photograph(tmp_path), "-o", out, "--mode", "sepia")[0] == 2


def test_a_purpose_of_several_lines_is_written_in_one(tmp_path: Path) -> None:
    out = tmp_path / "page.pdf"
    code, said = scanned(photograph(tmp_path), "-o", out, "--force", "--purpose", "residence\npermit\n")
    assert code == 0, said
    with pikepdf.open(out) as pdf, pdf.open_metadata() as meta:
        assert meta["dc:title"] == "residence permit"


def test_the_watermark_names_what_the_copy_is_for_alone() -> None:
    assert _mark("", "2026-03-02") == ""
    assert _mark("residence permit", "2026-03-02") == "For residence permit only, 2026-03-02"
    assert _mark("居住证申领", "2026-03-02") == "仅用于居住证申领 2026-03-02"
