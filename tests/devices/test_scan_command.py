"""``kiosk scan``: what a person who calls it gets."""

from __future__ import annotations

import io
import json
from pathlib import Path

import cv2
import numpy as np
import pikepdf
from pikepdf import pdfa
from typer.testing import CliRunner

from devices.simulators.bed import on_bed
from kiosk.cases.pdf import FLAVOUR
from kiosk.cli import app
from kiosk.config import ASSETS


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
