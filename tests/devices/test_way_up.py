"""Pages that lie on their side or head are turned; what cannot be told is left as it is."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from devices.scanner.way_up import WayUp, upright
from kiosk.config import ASSETS
from tests.benchmarks.drawn_pages import page

PAPERS = ASSETS / "papers"
WAY_UP = WayUp()


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("name", ["lease", "referral", "authorisation"])
def test_a_page_of_print_is_turned_upright(name: str, turns: int) -> None:
    sheet = cv2.imread(str(PAPERS / f"{name}.png"))
    small = np.asarray(cv2.resize(sheet, None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA), np.uint8)
    assert WAY_UP.quarter_turns(np.ascontiguousarray(np.rot90(small, turns))) == turns
    assert np.array_equal(upright(np.ascontiguousarray(np.rot90(small, turns)), turns), small)


@pytest.mark.parametrize("turns", range(4))
def test_a_page_of_few_lines_is_turned_upright(turns: int) -> None:
    sheet = np.asarray(cv2.imread(str(PAPERS / "statement.png")), np.uint8)
    assert WAY_UP.quarter_turns(np.ascontiguousarray(np.rot90(sheet, turns))) == turns


def test_nine_in_ten_drawn_pages_are_told_and_none_wrongly() -> None:
    chance = np.random.default_rng(8)
    told = wrong = 0
    for n in range(40):
        shape, turns = ("card", "a4", "a4", "receipt")[n % 4], int(chance.integers(1, 4))
        seen = WAY_UP.quarter_turns(np.ascontiguousarray(np.rot90(page(chance, shape), turns)), card=shape == "card")
        told += seen == turns
        wrong += seen not in (0, turns)
    assert wrong == 0
    assert told >= 36


@pytest.mark.parametrize("turns", range(4))
def test_a_card_of_pictures_and_large_figures_is_left_as_it_lies(turns: int) -> None:
    card = np.asarray(cv2.imread(str(PAPERS / "bank_card.png")), np.uint8)
    assert WAY_UP.quarter_turns(np.ascontiguousarray(np.rot90(card, turns)), card=True) in (0, turns)


def test_a_blank_page_and_a_small_one_are_left_as_they_lie() -> None:
    assert WAY_UP.quarter_turns(np.full((1400, 1000, 3), 240, np.uint8)) == 0
    small = cv2.resize(cv2.imread(str(PAPERS / "lease.png")), (300, 424), interpolation=cv2.INTER_AREA)
    assert WAY_UP.quarter_turns(np.ascontiguousarray(np.rot90(small, 2))) == 0


def test_what_is_no_print_is_left_as_it_lies() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (1200, 900, 3), np.uint8)
    assert WAY_UP.quarter_turns(noise) == 0
