"""What the drawn zones say: valid zones of invented holders in all five formats, and random strings."""

from __future__ import annotations

import numpy as np

from kiosk.model.mrz import MrzFormat, check_digit

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
DIGITS = "0123456789"
SYMBOLS = DIGITS + LETTERS + "<"
SYLLABLES = (  # noqa: SIM905
    "AN BER CHAN DO EL FA GUZ HO IN JA KOW LI MAR NOV OLS PET QUI ROS SZY TAN UR VAL WANG XU YO ZHAO SON SKA MANN "
    "OVA EZ IAN IC ELLO BIQ GHT DRA QVI ZW IO ST SB GO COQ DU BO LL II ILI OO"
).split()
COUNTRIES = (  # noqa: SIM905
    "UTO D<< CHN USA GBR FRA POL CZE BRA JPN KOR RUS TWN XOM XXC AUT BDR ITA ESP SVK ROU OMN ISL QAT ZAF COD LUX NLD "
    "AZE UZB ISR SGP HKG MAC BOL OMA CZE GBD RKS EUE UNO"
).split()
Rng = np.random.Generator


def zone(rng: Rng, kind: MrzFormat | None = None) -> list[str]:
    """Two or three lines of a zone whose check digits fit."""
    kind = kind or list(MrzFormat)[int(rng.integers(5))]
    country = COUNTRIES[int(rng.integers(len(COUNTRIES)))]
    nation = country if rng.random() < 0.8 else _pick(rng, LETTERS, 3)
    born, until = _date(rng), _date(rng)
    sex = "MF<"[int(rng.integers(3))]
    number = _number(rng)
    numbered = number + check_digit(number)
    dates = born + check_digit(born) + sex + until + check_digit(until)
    if kind == MrzFormat.TD1:
        one = ("I" if rng.random() < 0.7 else "AC"[int(rng.integers(2))]) + _type(rng) + country + numbered
        one += _optional(rng, 15)
        two = dates + nation + _optional(rng, 11)
        two += check_digit(one[5:30] + two[:7] + two[8:15] + two[18:29])
        return [one, two, _names(rng, 30)]
    long = kind in {MrzFormat.TD3, MrzFormat.MRV_A}
    width = 44 if long else 36
    letter = "V" if kind in {MrzFormat.MRV_A, MrzFormat.MRV_B} else "P" if long else "IAC"[int(rng.integers(3))]
    one = letter + _type(rng) + country + _names(rng, width - 5)
    two = numbered + nation + dates
    if letter == "V":
        return [one, two + _optional(rng, width - 28)]
    if long:
        personal = _optional(rng, 14)
        digit = "<" if not personal.strip("<") and rng.random() < 0.5 else check_digit(personal)
        two += personal + digit
    else:
        two += _optional(rng, 7)
    return [one, two + check_digit(two[:10] + two[13:20] + two[21:])]


def line(rng: Rng) -> str:
    """One line: of a zone, or of random characters so that the network learns shapes and not only grammar."""
    if rng.random() < 0.5:
        lines = zone(rng)
        return lines[int(rng.integers(len(lines)))]
    length = (30, 36, 44)[int(rng.integers(3))]
    kind = rng.random()
    if kind < 0.25:
        return "".join(_pick(rng, "O0QDCI1LZ2S5B8G6UVMNWKXR<P4A7TEF3H9J", 1) for _ in range(length))
    alphabet = SYMBOLS if kind < 0.7 else LETTERS + "<<<" if kind < 0.85 else DIGITS + "<"
    return _pick(rng, alphabet, length)


def _pick(rng: Rng, alphabet: str, count: int) -> str:
    return "".join(alphabet[i] for i in rng.integers(0, len(alphabet), count))


def _type(rng: Rng) -> str:
    return "<" if rng.random() < 0.5 else _pick(rng, LETTERS, 1)


def _date(rng: Rng) -> str:
    day = f"{rng.integers(100):02d}{rng.integers(1, 13):02d}{rng.integers(1, 29):02d}"
    return day if rng.random() > 0.03 else day[:2] + "<<<<"


def _number(rng: Rng) -> str:
    kind = rng.random()
    if kind < 0.4:
        text = _pick(rng, DIGITS, int(rng.integers(7, 10)))
    elif kind < 0.7:
        text = _pick(rng, LETTERS, int(rng.integers(1, 3))) + _pick(rng, DIGITS, 7)
    else:
        text = _pick(rng, DIGITS + LETTERS, int(rng.integers(6, 10)))
    if rng.random() < 0.15:  # specimens are full of zeros
        text = text[:2] + "0" * (len(text) - 2)
    return text[:9].ljust(9, "<")


def _optional(rng: Rng, width: int) -> str:
    if rng.random() < 0.5:
        return "<" * width
    text = _pick(rng, DIGITS if rng.random() < 0.6 else DIGITS + LETTERS, int(rng.integers(1, width + 1)))
    if rng.random() < 0.2 and len(text) > 6:
        text = text[:5] + "<" + text[6:]
    return text.ljust(width, "<")


def _name(rng: Rng) -> str:
    if rng.random() < 0.2:
        return _pick(rng, LETTERS, int(rng.integers(2, 9)))
    return "".join(SYLLABLES[int(rng.integers(len(SYLLABLES)))] for _ in range(int(rng.integers(1, 5))))


def _names(rng: Rng, width: int) -> str:
    surname = "<".join(_name(rng) for _ in range(1 + int(rng.random() < 0.25)))
    given = "<".join(_name(rng) for _ in range(int(rng.integers(0, 4))))
    return f"{surname}<<{given}"[:width].ljust(width, "<")
