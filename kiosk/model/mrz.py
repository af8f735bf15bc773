"""Machine-readable zones of travel documents (ICAO Doc 9303 parts 3 to 7): TD1, TD2, TD3, MRV-A, MRV-B."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from kiosk.model.identity import DocumentKind, IdentityDocument, Sex

WEIGHTS = (7, 3, 1)
VALUES = {c: i for i, c in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")} | {"<": 0}
"""Part 3, 4.9: digits count as they are, A-Z as 10 to 35, the filler as 0."""


LOOK_ALIKES = ("0OQD", "1ILT", "8B3", "5S", "2Z7", "6GC", "UV", "MNHW", "EF", "KX<", "PR", "4A", "9G", "YV")
"""Characters that are taken for one another on worn or soft print."""


def look_alikes(character: str) -> list[str]:
    """``character`` and what it may be in truth, itself first."""
    others = [c for group in LOOK_ALIKES if character in group for c in group if c != character]
    return [character, *dict.fromkeys(others)]


class MrzFormat(StrEnum):
    TD1 = "TD1"  # cards, 3 lines of 30
    TD2 = "TD2"  # 2 lines of 36
    TD3 = "TD3"  # passports, 2 lines of 44
    MRV_A = "MRV-A"  # visas, 2 lines of 44
    MRV_B = "MRV-B"  # visas, 2 lines of 36


class MrzError(ValueError):
    """These lines are no machine-readable zone; says why, and holds nothing of what they say."""


class Mrz(BaseModel):
    """What a zone says. Dates are ISO 8601, empty where the zone leaves them open or they are no dates.

    ``checks`` tells for each check digit whether it fits: ``number``, ``birth``, ``expiry``, and where the format
    has them ``optional`` and ``composite``.
    """

    model_config = ConfigDict(frozen=True)

    format: MrzFormat
    document: str
    issuer: str
    surname: str
    given: str
    number: str
    nationality: str
    birth: str
    sex: str
    expiry: str
    optional: str
    checks: dict[str, bool]
    well_formed: bool

    @property
    def visa(self) -> bool:
        """A visa says who may enter, not who somebody is."""
        return self.format in (MrzFormat.MRV_A, MrzFormat.MRV_B)

    @property
    def valid(self) -> bool:
        """Whether every check digit fits, and every field holds what it may: zeros alone fit any check digit."""
        return self.well_formed and all(self.checks.values())


_SEXES = {"M": Sex.MALE, "F": Sex.FEMALE}


def document_of(mrz: Mrz) -> IdentityDocument:
    """The person of a zone. Names are in Latin letters, as the zone has them."""
    return IdentityDocument(
        kind=DocumentKind.PASSPORT if mrz.format == MrzFormat.TD3 else DocumentKind.TRAVEL_CARD,
        name=f"{mrz.surname} {mrz.given}".strip(),
        number=mrz.number,
        sex=_SEXES.get(mrz.sex, Sex.NOT_STATED),
        birth=mrz.birth,
        issuer=mrz.issuer,
        valid_to=mrz.expiry,
    )


def check_digit(text: str) -> str:
    """The check digit of a field (weights 7, 3, 1). Raises KeyError for a character that no zone has."""
    return str(sum(VALUES[c] * WEIGHTS[i % 3] for i, c in enumerate(text)) % 10)


def parse_mrz(lines: list[str], today: date) -> Mrz:
    """Read two or three lines. ``today`` decides the century of the two-digit years. Raises MrzError."""
    if any(c not in VALUES for line in lines for c in line):
        raise MrzError("a character that no zone has")
    match [len(line) for line in lines]:
        case [30, 30, 30]:
            return _td1(lines, today)
        case [36, 36] | [44, 44]:
            return _two_lines(lines, today)
        case sizes:
            raise MrzError(f"lines of {sizes} characters")


def _fits(field: str, digit: str) -> bool:
    return digit.isdigit() and check_digit(field) == digit


def _well_formed(
    one: str, name: str, nationality: str, dates: tuple[str, str], read: tuple[str, str], sex: str
) -> bool:
    """Whether letters stand where letters must, and a date is open (fillers) or one that exists (``read``)."""
    letters = one[:5] + name + nationality
    open_or_real = all(bool(r) or "<" in d for d, r in zip(dates, read, strict=True))
    return not any(c.isdigit() for c in letters) and one[0] != "<" and name[0] != "<" and open_or_real and sex in "MFX<"


def _names(field: str) -> tuple[str, str]:
    surname, _, given = field.rstrip("<").partition("<<")
    return surname.replace("<", " ").strip(), " ".join(given.replace("<", " ").split())


def _date(digits: str, today: date, *, past: bool) -> str:
    """YYMMDD as an ISO date. A birth lies in the past; an expiry lies within fifty years of today."""
    if not digits.isdigit():
        return ""
    year, month, day = int(digits[:2]), int(digits[2:4]), int(digits[4:])
    for century in (today.year // 100, today.year // 100 - 1, today.year // 100 + 1):
        try:
            found = date(century * 100 + year, month, day)
        except ValueError:
            continue
        if found <= today if past else abs(found.year - today.year) <= 50:
            return found.isoformat()
    return ""


def _number(field: str, digit: str, optional: str) -> tuple[str, bool, str]:
    """Document number, whether its check digit fits, and what is left of the optional data.

    A number of more than nine characters goes on in the optional data, up to a filler, with its check digit at
    the end (part 5, 4.2.4; part 6, 4.2.4).
    """
    if digit == "<" and (rest := optional.split("<", 1)[0]):
        whole = field + rest[:-1]
        return whole.rstrip("<"), _fits(whole, rest[-1]), optional[len(rest) :]
    return field.rstrip("<"), _fits(field, digit), optional


def _td1(lines: list[str], today: date) -> Mrz:
    one, two, three = lines
    number, number_fits, optional = _number(one[5:14], one[14], one[15:30])
    surname, given = _names(three)
    birth, expiry = _date(two[:6], today, past=True), _date(two[8:14], today, past=False)
    return Mrz(
        format=MrzFormat.TD1,
        document=one[:2].rstrip("<"),
        issuer=one[2:5].rstrip("<"),
        surname=surname,
        given=given,
        number=number,
        nationality=two[15:18].rstrip("<"),
        birth=birth,
        sex=two[7].replace("<", ""),
        expiry=expiry,
        optional=f"{optional} {two[18:29]}".replace("<", " ").strip(),
        checks={
            "number": number_fits,
            "birth": _fits(two[:6], two[6]),
            "expiry": _fits(two[8:14], two[14]),
            "composite": _fits(one[5:30] + two[:7] + two[8:15] + two[18:29], two[29]),
        },
        well_formed=_well_formed(one, three, two[15:18], (two[:6], two[8:14]), (birth, expiry), two[7]),
    )


def _two_lines(lines: list[str], today: date) -> Mrz:
    one, two = lines
    long, visa = len(one) == 44, one[0] == "V"
    kind = {
        (True, False): MrzFormat.TD3,
        (False, False): MrzFormat.TD2,
        (True, True): MrzFormat.MRV_A,
        (False, True): MrzFormat.MRV_B,
    }[long, visa]
    surname, given = _names(one[5:])
    birth, expiry = _date(two[13:19], today, past=True), _date(two[21:27], today, past=False)
    optional = two[28:] if visa else two[28:42] if long else two[28:35]
    number, number_fits = two[:9].rstrip("<"), _fits(two[:9], two[9])
    checks: dict[str, bool] = {}
    if kind == MrzFormat.TD2:
        number, number_fits, optional = _number(two[:9], two[9], optional)
    if kind == MrzFormat.TD3:
        # The digit of an empty personal number may be 0 or the filler (part 4, 4.2.2.2).
        checks["optional"] = two[42] == "<" if not optional.strip("<") and two[42] == "<" else _fits(optional, two[42])
    checks |= {
        "number": number_fits,
        "birth": _fits(two[13:19], two[19]),
        "expiry": _fits(two[21:27], two[27]),
    }
    if not visa:
        checks["composite"] = _fits(two[:10] + two[13:20] + two[21:-1], two[-1])
    return Mrz(
        format=kind,
        document=one[:2].rstrip("<"),
        issuer=one[2:5].rstrip("<"),
        surname=surname,
        given=given,
        number=number,
        nationality=two[10:13].rstrip("<"),
        birth=birth,
        sex=two[20].replace("<", ""),
        expiry=expiry,
        optional=optional.replace("<", " ").strip(),
        checks=checks,
        well_formed=_well_formed(one, one[5:], two[10:13], (two[13:19], two[21:27]), (birth, expiry), two[20]),
    )
