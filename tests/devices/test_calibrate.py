"""The scale of the bed, from a paper of known size."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from devices.camera.calibrate import NotCalibrated, frame_rate, measured
from devices.camera.sources import FolderSource
from devices.scanner.geometry import Picture
from devices.scanner.proportions import A4, CARD
from devices.simulators.bed import HEIGHT, WIDTH, empty_bed, on_bed
from kiosk.config import ASSETS
from kiosk.devices_cli import devices_app

LEASE = np.asarray(cv2.imread(str(ASSETS / "papers" / "lease.png")), np.uint8)
TRUE = WIDTH / (0.93 * 0.86 * HEIGHT / A4.long)
"""``on_bed`` lays an upright page so that it takes 0.86 of the height, less 7 per cent."""


def folder(path: Path, picture: Picture) -> FolderSource:
    cv2.imwrite(str(path / "bed.png"), picture)
    return FolderSource(path)


def test_an_a4_tells_the_scale_to_a_hundredth(tmp_path: Path) -> None:
    bed = measured(folder(tmp_path, on_bed(LEASE)), A4)
    assert bed.bed_mm == pytest.approx(TRUE, rel=0.015)
    assert bed.dpi == pytest.approx(WIDTH / bed.bed_mm * 25.4)


def test_an_empty_bed_and_another_paper_tell_nothing(tmp_path: Path) -> None:
    with pytest.raises(NotCalibrated, match="lies still"):
        measured(folder(tmp_path, empty_bed()), A4, pictures=12)
    with pytest.raises(NotCalibrated, match="times as long"):
        measured(folder(tmp_path, on_bed(LEASE)), CARD)


def test_the_command_says_what_to_write_into_the_settings(tmp_path: Path) -> None:
    folder(tmp_path, on_bed(LEASE))
    settings = tmp_path / "settings.toml"
    settings.write_text(f'[devices.camera]\ndriver = "folder"\naddress = "{tmp_path}"\n')
    done = CliRunner().invoke(devices_app, ["calibrate", "--config", str(settings)])
    assert done.exit_code == 0, done.output
    assert "bed_mm = " in done.output
    assert "pictures a second (the camera says nothing of it)" in done.output
    (tmp_path / "bed.png").unlink()
    done = CliRunner().invoke(devices_app, ["calibrate", "--config", str(settings)])
    assert done.exit_code == 1
    assert "not calibrated" in done.output


def test_the_frame_rate_is_that_of_the_pictures_that_come(tmp_path: Path) -> None:
    now = [0.0]

    class Slow(FolderSource):
        def read(self) -> Picture:
            now[0] += 1 / 12
            return super().read()

    cv2.imwrite(str(tmp_path / "bed.png"), empty_bed())
    assert frame_rate(Slow(tmp_path), lambda: now[0], 6) == pytest.approx(12)
