"""Code tables and check characters, with numbers of nobody: their area, 990000, does not exist."""

from __future__ import annotations

import pytest

from kiosk.model.identity import CHECK_CHARACTERS, PROVINCES, WEIGHTS, Sex
from sync.protocol.tables import (
    CreditCodeFault,
    citizen_number_holds,
    citizen_rule,
    credit_check,
    credit_code_fault,
    credit_rule,
    divisions,
    nationalities,
    nationality,
    province,
    sexes,
)


def test_provinces_are_those_of_the_number_rules() -> None:
    """83 stands for permits of people from Taiwan, and is no division."""
    assert divisions().standard == "GB/T 2260"
    assert {int(e.code) for e in divisions().entries} == PROVINCES - {83}
    assert province("440106") == province("44")
    found = province("110000")
    assert found is not None
    assert found.name == "北京市"
    assert province("990000") is None
    assert province("") is None


def test_sexes_are_those_of_the_card() -> None:
    assert {e.code for e in sexes().entries} == {s.value for s in Sex}


def test_nationalities_are_56_and_found_by_each_of_their_names() -> None:
    entries = nationalities().entries
    assert [e.code for e in entries] == [f"{n:02}" for n in range(1, 57)]
    for part in ("name", "latin", "letters"):
        assert len({getattr(e, part) for e in entries}) == 56
    for given in ("01", "HA", "汉", "汉族"):
        assert nationality(given) == entries[0]
    assert nationality("柯尔克孜") == entries[28]
    assert nationality("") is None
    assert nationality("其他") is None


def test_the_rule_of_citizens_numbers_is_the_one_of_the_program() -> None:
    rule = citizen_rule()
    assert (rule.weights, rule.check) == (WEIGHTS, CHECK_CHARACTERS)
    assert all(citizen_number_holds(n) for n in rule.examples)


@pytest.mark.parametrize(
    "number", ["", "X", "99000019900307001", "990000199003070014", "99000019900307001X", "9900001990030700１3"]
)
def test_what_is_no_citizens_number_does_not_hold(number: str) -> None:
    assert not citizen_number_holds(number)


def test_the_letters_that_look_like_others_are_left_out() -> None:
    assert credit_rule().standard == "GB 32100-2015"
    assert set("IOSVZ").isdisjoint(credit_rule().alphabet)


def test_credit_codes_hold_and_every_single_wrong_character_is_noticed() -> None:
    alphabet = credit_rule().alphabet
    for code in credit_rule().examples:
        assert credit_code_fault(code) is None
        for place in range(18):
            for character in set(alphabet) - {code[place]}:
                assert credit_code_fault(code[:place] + character + code[place + 1 :]) is not None
        for place in range(17):
            swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
            assert swapped == code or credit_code_fault(swapped) is not None


def test_the_worked_sum_of_the_rule() -> None:
    """9·1 + 1·3 + 9·9 + 9·27 + M(21)·20 + A(10)·29 = 1046 = 33·31 + 23, and 31 − 23 = 8."""
    assert credit_check("91990000MA0000000") == "8"


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("", CreditCodeFault.LENGTH),
        ("91990000MA0000000", CreditCodeFault.LENGTH),
        ("91990000MA000000I8", CreditCodeFault.CHARACTERS),
        ("91A90000MA00000008", CreditCodeFault.CHARACTERS),
        ("91990000MA0000000X", CreditCodeFault.CHECK_CHARACTER),
    ],
)
def test_what_is_no_credit_code_is_told_why(code: str, fault: CreditCodeFault) -> None:
    assert credit_code_fault(code) == fault
