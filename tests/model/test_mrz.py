"""Machine-readable zones: the specimens of ICAO Doc 9303, the shared ones, and what no zone says."""

from __future__ import annotations

import contextlib
import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.model.mrz import VALUES, MrzError, MrzFormat, check_digit, parse_mrz

TODAY = date(2012, 1, 1)
TRUTH = Path(__file__).parents[3] / "shared" / "data" / "docset" / "mrz" / "truth.json"
SPECIMENS = {
    MrzFormat.TD3: "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<< L898902C36UTO7408122F1204159ZE184226B<<<<<10",
    MrzFormat.TD2: "I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<< D231458907UTO7408122F1204159<<<<<<<6",
    MrzFormat.TD1: "I<UTOD231458907<<<<<<<<<<<<<<< 7408122F1204159UTO<<<<<<<<<<<6 ERIKSSON<<ANNA<MARIA<<<<<<<<<<",
    MrzFormat.MRV_A: "V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<< L8988901C4XXX4009078F96121096ZE184226B<<<<<<",
    MrzFormat.MRV_B: "V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<< L8988901C4XXX4009078F9612109<<<<<<<<",
}


@pytest.mark.parametrize("kind", SPECIMENS)
def test_the_specimens_of_the_standard_are_read(kind: MrzFormat) -> None:
    mrz = parse_mrz(SPECIMENS[kind].split(), TODAY)
    assert mrz.format == kind
    assert (mrz.surname, mrz.given, mrz.sex, mrz.issuer) == ("ERIKSSON", "ANNA MARIA", "F", "UTO")
    assert mrz.valid, mrz.checks
    visa = kind in (MrzFormat.MRV_A, MrzFormat.MRV_B)
    assert (mrz.birth, mrz.expiry) == (("1940-09-07", "1996-12-10") if visa else ("1974-08-12", "2012-04-15"))


def test_the_number_of_a_passport_and_its_optional_data() -> None:
    mrz = parse_mrz(SPECIMENS[MrzFormat.TD3].split(), TODAY)
    assert (mrz.number, mrz.nationality, mrz.optional) == ("L898902C3", "UTO", "ZE184226B")


@pytest.mark.parametrize("kind", SPECIMENS)
def test_a_wrong_digit_is_found_where_it_is(kind: MrzFormat) -> None:
    lines = SPECIMENS[kind].split()
    row, column = (0, 5) if kind == MrzFormat.TD1 else (1, 0)
    wrong = "Z" if lines[row][column] != "Z" else "Y"
    lines[row] = lines[row][:column] + wrong + lines[row][column + 1 :]
    mrz = parse_mrz(lines, TODAY)
    assert not mrz.checks["number"]
    assert not mrz.valid


def test_a_number_longer_than_its_field_goes_on_in_the_optional_data() -> None:
    rest = "345678"
    field = "D23145890"
    digit = check_digit(field + rest)
    one = f"I<UTO{field}<{rest}{digit}".ljust(30, "<")
    two = "7408122F1204159UTO".ljust(29, "<")
    two += check_digit(one[5:30] + two[:7] + two[8:15] + two[18:29])
    mrz = parse_mrz([one, two, "ERIKSSON<<ANNA".ljust(30, "<")], TODAY)
    assert (mrz.number, mrz.valid) == (field + rest, True)


@pytest.mark.parametrize(
    ("digits", "today", "born", "expires"),
    [
        ("300101", date(2026, 5, 1), "1930-01-01", "2030-01-01"),
        ("260502", date(2026, 5, 1), "1926-05-02", "2026-05-02"),
        ("990101", date(2026, 5, 1), "1999-01-01", "1999-01-01"),
        ("260231", date(2026, 5, 1), "", ""),
        ("<<<<<<", date(2026, 5, 1), "", ""),
    ],
)
def test_the_century_of_a_date(digits: str, today: date, born: str, expires: str) -> None:
    two = f"L898902C36UTO{digits}{check_digit(digits)}F{digits}{check_digit(digits)}".ljust(44, "<")
    mrz = parse_mrz(["P<UTOERIKSSON".ljust(44, "<"), two], today)
    assert (mrz.birth, mrz.expiry) == (born, expires)


@pytest.mark.skipif(not TRUTH.exists(), reason="the shared specimens are not beside this checkout")
def test_the_shared_specimens_fit_their_check_digits() -> None:
    entries = json.loads(TRUTH.read_text())
    assert len(entries) >= 20
    for entry in entries:
        right, total = entry["check_digits_ok"].split("/")
        mrz = parse_mrz(entry["lines"], date(2026, 1, 1))
        assert mrz.valid == (right == total), (entry["file"], mrz.checks)


@pytest.mark.parametrize("lines", [[], ["A" * 30], ["A" * 44, "B" * 36], ["a" * 44, "B" * 44], ["A" * 44] * 3, [""]])
def test_what_is_no_zone_is_told(lines: list[str]) -> None:
    with pytest.raises(MrzError):
        parse_mrz(lines, TODAY)


@given(st.lists(st.text(max_size=50), max_size=4))
def test_property_any_lines_are_a_zone_or_an_error(lines: list[str]) -> None:
    with contextlib.suppress(MrzError):
        parse_mrz(lines, TODAY)


@given(
    st.sampled_from([(30, 30, 30), (36, 36), (44, 44)]).flatmap(
        lambda sizes: st.tuples(*(st.text(sorted(VALUES), min_size=n, max_size=n) for n in sizes))
    )
)
def test_property_no_zone_with_a_wrong_check_digit_is_valid(lines: tuple[str, ...]) -> None:
    mrz = parse_mrz(list(lines), TODAY)
    if mrz.valid and mrz.format != MrzFormat.TD1:
        two = lines[1]
        assert check_digit(two[13:19]) == two[19]
        assert check_digit(two[21:27]) == two[27]


@pytest.mark.parametrize(
    "lines",
    [
        ["P<UTO" + "A" * 39, "0" * 44],
        ["0" * 30, "0" * 30, "0" * 30],
        ["<" * 44, "<" * 44],
    ],
)
def test_zeros_and_fillers_fit_every_check_digit_and_are_nobody(lines: list[str]) -> None:
    assert not parse_mrz(lines, date(2026, 1, 1)).valid
