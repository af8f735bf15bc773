"""Machine-readable zones on pictures: read exactly, doubts marked, misprints reported, garbage refused."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.scanner.geometry import Picture
from devices.scanner.mrz import MrzReading, read_mrz
from devices.scanner.mrz.decide import decide
from devices.scanner.mrz.lines_net import SYMBOLS
from kiosk.model.mrz import MrzFormat, parse_mrz
from tools.mrz_net.evaluate import evaluate

DRAWN = Path(__file__).parent / "mrz_pictures"
SPECIMENS = Path(__file__).parents[3] / "shared" / "data" / "docset" / "mrz"
TODAY = date(2026, 11, 25)
TRUTH: dict[str, list[str]] = {e["file"]: e["lines"] for e in json.loads((DRAWN / "truth.json").read_text())}


def _picture(name: str) -> Picture:
    return np.asarray(cv2.imread(str(DRAWN / name)), np.uint8)


def _read(name: str) -> MrzReading:
    reading = read_mrz(_picture(name))
    assert reading is not None
    return reading


@pytest.mark.parametrize("name", sorted(TRUTH))
def test_drawn_document_is_read_to_the_letter(name: str) -> None:
    reading = _read(name)
    assert list(reading.lines) == TRUTH[name]
    parsed = parse_mrz(list(reading.lines), TODAY)
    assert parsed.format == reading.format
    assert parsed.checks == reading.checks
    assert parsed.issuer == "UTO"


@pytest.mark.parametrize("name", sorted(set(TRUTH) - {"passport_misprinted.jpg"}))
def test_few_characters_are_left_to_the_citizen(name: str) -> None:
    reading = _read(name)
    assert reading.passed
    assert sum(map(len, reading.doubtful)) <= 0.15 * sum(map(len, reading.lines))


def test_misprinted_check_digit_is_reported_and_not_repaired() -> None:
    reading = _read("passport_misprinted.jpg")
    assert not reading.checks["number"]
    assert "number" in reading.failed_checks
    assert not any(reading.repaired)
    assert set(range(10)) <= reading.doubtful[1]


def test_passport_whose_second_line_has_no_filler_is_read() -> None:
    assert "<" not in _read("passport_without_filler.jpg").lines[1]


@pytest.mark.parametrize("turn", [cv2.ROTATE_90_CLOCKWISE, cv2.ROTATE_180, cv2.ROTATE_90_COUNTERCLOCKWISE])
def test_turned_document_is_read_and_its_zone_starts_at_the_first_letter(turn: int) -> None:
    name = "passport.jpg"
    upright, turned = _picture(name), np.asarray(cv2.rotate(_picture(name), turn), np.uint8)
    reading, straight = read_mrz(turned), read_mrz(upright)
    assert reading is not None
    assert straight is not None
    assert list(reading.lines) == TRUTH[name]
    height, width = upright.shape[:2]
    x, y = straight.quad[0]
    expected = {
        cv2.ROTATE_90_CLOCKWISE: (height - y, x),
        cv2.ROTATE_180: (width - x, height - y),
        cv2.ROTATE_90_COUNTERCLOCKWISE: (y, width - x),
    }[turn]
    assert np.abs(reading.quad[0] - expected).max() < 12


def test_grey_picture_reads_like_a_coloured_one() -> None:
    grey = np.asarray(cv2.cvtColor(_picture("card.jpg"), cv2.COLOR_BGR2GRAY), np.uint8)
    for picture in (grey, grey[:, :, None]):
        reading = read_mrz(picture)
        assert reading is not None
        assert list(reading.lines) == TRUTH["card.jpg"]


def test_large_photograph_gives_the_zone_in_its_own_pixels() -> None:
    picture = _picture("card.jpg")
    large = np.zeros((picture.shape[0] * 8, picture.shape[1] * 8, 3), np.uint8)
    large[:] = 90
    large[: picture.shape[0] * 4, : picture.shape[1] * 4] = cv2.resize(picture, None, fx=4, fy=4)
    reading, small = read_mrz(large), read_mrz(picture)
    assert reading is not None
    assert small is not None
    assert list(reading.lines) == TRUTH["card.jpg"]
    assert np.abs(reading.quad / 4 - small.quad).max() < 8


def _noise(shape: tuple[int, ...]) -> Picture:
    return np.random.default_rng(5).integers(0, 256, shape, dtype=np.uint8)


def _stripes() -> Picture:
    return np.tile(np.array([0, 0, 255, 255], np.uint8), (300, 200))


def _words() -> Picture:
    page = np.full((500, 700, 3), 240, np.uint8)
    for n in range(14):
        cv2.putText(page, "The quick brown fox jumps over the lazy dog", (20, 40 + 32 * n), 0, 0.8, (30, 30, 30), 2)
    return page


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((0, 0, 3), np.uint8),
        np.zeros((1, 1, 3), np.uint8),
        np.full((400, 600, 3), 255, np.uint8),
        np.zeros((400, 600), np.uint8),
        _noise((400, 600, 3)),
        _stripes(),
        _words(),
        np.zeros((400, 600), np.uint16),
        np.zeros((400, 600, 7), np.uint8),
    ],
    ids=["empty", "one_pixel", "white", "black", "noise", "stripes", "words", "sixteen_bit", "seven_channels"],
)
def test_picture_without_a_zone_gives_nothing(picture: Picture) -> None:
    assert read_mrz(picture) is None


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 260), st.integers(1, 260), st.sampled_from([0, 1, 3, 4]), st.booleans())
def test_no_size_of_picture_makes_it_fail(height: int, width: int, channels: int, plain: bool) -> None:
    shape = (height, width) if channels == 0 else (height, width, channels)
    assert read_mrz(np.full(shape, 128, np.uint8) if plain else _noise(shape)) is None


@pytest.mark.parametrize("shape", [(24, 20000, 3), (20000, 24, 3), (12000, 9000)], ids=["wide", "high", "huge"])
def test_extreme_picture_is_bounded(shape: tuple[int, ...]) -> None:
    assert read_mrz(np.zeros(shape, np.uint8)) is None


@pytest.mark.parametrize("share", [0.3, 0.5, 0.7])
def test_cut_off_zone_never_gives_a_line_that_looks_whole(share: float) -> None:
    picture = _picture("passport.jpg")
    reading = read_mrz(picture[:, : int(picture.shape[1] * share)])
    assert reading is None or not reading.passed or any(reading.doubtful)


@pytest.mark.parametrize(("name", "line", "end"), [("passport.jpg", 0, 0), ("passport.jpg", 0, 1), ("card.jpg", 2, 0)])
def test_line_whose_end_is_hidden_is_not_read_in_the_wrong_places(name: str, line: int, end: int) -> None:
    """A lamp that shines back, or a finger: no check digit covers the name, which moves by the hidden characters."""
    picture, quad, lines = _picture(name).copy(), _read(name).quad, TRUTH[name]
    across = np.array([-0.05, 0.1]) if end == 0 else np.array([0.9, 1.05])
    left, right = (quad[a] + (quad[b] - quad[a]) * across[:, None] for a, b in ((0, 1), (3, 2)))
    top, bottom = (left + (right - left) * v / len(lines) for v in (line, line + 1))
    cv2.fillConvexPoly(picture, np.array([*top, *bottom[::-1]], np.int32), (255, 255, 255))
    reading = read_mrz(picture)
    assert reading is None or not [
        (n, i)
        for n, (read, true) in enumerate(zip(reading.lines, lines, strict=True))
        for i, (a, b) in enumerate(zip(read, true, strict=True))
        if a != b and i not in reading.doubtful[n]
    ]


def _printed(*lines: str, unsure: dict[tuple[int, int], tuple[str, float]] | None = None) -> list[np.ndarray]:
    """One attempt that saw ``lines`` clearly, but for places with another symbol as likely as its logarithm says."""
    logs = np.full((len(lines), len(lines[0]), len(SYMBOLS)), -12.0, np.float32)
    for n, line in enumerate(lines):
        for i, symbol in enumerate(line):
            logs[n, i, SYMBOLS.index(symbol)] = 0.0
    for place, (symbol, less) in (unsure or {}).items():
        logs[place][SYMBOLS.index(symbol)] = -less
    return [logs]


ERIKSSON = (
    "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<",
    "L898902C36UTO7408122F1204159ZE184226B<<<<<10",
)


def test_check_digit_decides_between_look_alikes_and_marks_them() -> None:
    seen = ERIKSSON[1].replace("L898902C3", "L89B902C3")
    said = decide(MrzFormat.TD3, _printed(ERIKSSON[0], seen, unsure={(1, 3): ("8", 1.0)}))
    assert said.lines == ERIKSSON
    assert said.repaired[1] == {3}
    assert 3 in said.doubtful[1]


def test_passport_of_a_visa_s_size_is_checked_as_a_passport() -> None:
    wrong = ERIKSSON[1][:-1] + "3"
    said = decide(MrzFormat.MRV_A, _printed(ERIKSSON[0], wrong))
    assert (said.kind, said.lines[1]) == (MrzFormat.TD3, wrong)
    assert said.checks == parse_mrz([ERIKSSON[0], wrong], TODAY).checks
    assert not said.checks["composite"]


def test_check_digit_that_was_helped_makes_nothing_surer() -> None:
    unsure = {(1, 0): ("E", 4.2)}
    plain = decide(MrzFormat.TD3, _printed(*ERIKSSON, unsure=unsure))
    seen = ERIKSSON[1].replace("L898902C3", "L89B902C3")
    helped = decide(MrzFormat.TD3, _printed(ERIKSSON[0], seen, unsure=unsure | {(1, 3): ("8", 1.0)}))
    assert (plain.lines, helped.lines) == (ERIKSSON, ERIKSSON)
    assert (plain.doubtful[1], helped.doubtful[1]) == (frozenset(), {0, 3})


def test_check_digit_never_overrules_a_clear_print() -> None:
    seen = ERIKSSON[1].replace("L898902C3", "L89B902C3")
    said = decide(MrzFormat.TD3, _printed(ERIKSSON[0], seen))
    assert said.lines[1] == seen
    assert not said.checks["number"]
    assert set(range(10)) <= said.doubtful[1]


def test_name_with_a_close_second_is_doubtful_as_no_check_digit_covers_it() -> None:
    said = decide(MrzFormat.TD3, _printed(*ERIKSSON, unsure={(0, 5): ("F", 2.0)}))
    assert said.lines == ERIKSSON
    assert said.doubtful == ({5}, frozenset())


def test_unknown_state_is_read_as_printed_and_doubtful() -> None:
    seen = ERIKSSON[0].replace("P<UTO", "P<UTQ")
    said = decide(MrzFormat.TD3, _printed(seen, ERIKSSON[1]))
    assert said.lines[0] == seen
    assert {2, 3, 4} <= said.doubtful[0]


def test_long_card_number_has_its_check_digit_in_the_optional_data() -> None:
    lines = ("I<UTOD23145890<7349<<<<<<<<<<<", "3407127M9507122UTO<<<<<<<<<<<2", "STEVENSON<<PETER<JOHN<<<<<<<<<")
    said = decide(MrzFormat.TD1, _printed(*lines))
    assert said.lines == lines
    assert said.checks["number"] == parse_mrz(list(lines), TODAY).checks["number"]
    assert said.checks == parse_mrz(list(lines), TODAY).checks


def test_older_french_card_is_read_by_its_own_layout() -> None:
    lines = ("IDFRABERTHIER<<<<<<<<<<<<<<<<<<<<<<<", "8806923102858CORINNE<<<<<<<6512068F6")
    said = decide(MrzFormat.TD2, _printed(*lines))
    assert said.lines == lines
    assert said.checks == {"number": True, "birth": True, "composite": True}


@pytest.mark.skipif(not SPECIMENS.is_dir(), reason="the shared specimens are not part of the repo")
def test_shared_specimens_are_read_as_measured() -> None:
    results = evaluate(SPECIMENS)
    assert sum(r.exact for r in results) >= 0.9 * len(results)
    assert sum(r.unmarked for r in results) == 0
    exact = [r for r in results if r.exact]
    assert sum(r.marked for r in exact) <= 0.15 * sum(r.characters for r in exact)
