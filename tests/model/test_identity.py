from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.model.identity import (
    NumberFault,
    age_on,
    area_known,
    check_character,
    masked_name,
    masked_number,
    number_fault,
)

TODAY = date(2026, 3, 2)
GOOD = "990000199003070013"


@pytest.mark.parametrize(
    ("number", "fault"),
    [
        (GOOD, None),
        ("99000019900307001X", NumberFault.CHECK_DIGIT),
        ("990000900307001", NumberFault.FIFTEEN_DIGITS),
        ("12345", NumberFault.LENGTH),
        ("", NumberFault.LENGTH),
        ("99000019900307001x", NumberFault.CHARACTERS),
        ("９90000199003070013", NumberFault.CHARACTERS),
        ("990000199013070013", NumberFault.BIRTH_DATE),
        ("990000202613070013", NumberFault.BIRTH_DATE),
        ("990000209901010013", NumberFault.BIRTH_DATE),
        ("990000190002290013", NumberFault.BIRTH_DATE),
    ],
)
def test_typed_numbers(number: str, fault: NumberFault | None) -> None:
    assert number_fault(number, TODAY) == fault


def test_an_unknown_area_is_worth_a_second_look_and_is_no_fault() -> None:
    assert not area_known(GOOD)
    assert number_fault(GOOD, TODAY) is None
    assert all(area_known(area + "199003070013") for area in ("110229", "810000", "830000", "911840", "71"))


@pytest.mark.parametrize("area", ["810000", "820000", "830000", "911840", "990000", "110229"])
def test_permits_foreigners_and_unknown_areas_are_no_fault(area: str) -> None:
    first = f"{area}19850505001"
    assert number_fault(first + check_character(first), TODAY) is None


@given(st.integers(0, 16), st.integers(1, 9))
def test_property_any_single_wrong_digit_is_noticed(place: int, change: int) -> None:
    digits = list(GOOD)
    digits[place] = str((int(digits[place]) + change) % 10)
    assert number_fault("".join(digits), TODAY) is not None


def test_who_is_born_on_29_february_has_the_birthday_on_1_march() -> None:
    assert age_on(date(1940, 2, 29), date(2026, 2, 28)) == 85
    assert age_on(date(1940, 2, 29), date(2026, 3, 1)) == 86


def test_masks_show_enough_for_the_owner_only() -> None:
    assert masked_name("张伟") == "张*"
    assert masked_name("阿依古丽·买买提") == "阿***"
    assert masked_number(GOOD) == "9900**********0013"
    assert masked_number("12") == "12"
