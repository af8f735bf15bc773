"""Who the citizen is, and the number rules of identity documents (GB 11643, ISO 7064 MOD 11-2)."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK_CHARACTERS = "10X98765432"


class DocumentKind(StrEnum):
    RESIDENT = "resident"  # 居民身份证
    HMT_PERMIT = "hmt_permit"  # 港澳台居民居住证, type J
    FOREIGNER_2017 = "foreigner_2017"  # 外国人永久居留身份证, type I
    FOREIGNER_2023 = "foreigner_2023"  # 外国人永久居留身份证, type Y
    PASSPORT = "passport"  # of any country, by its machine-readable zone (ICAO Doc 9303)
    TRAVEL_CARD = "travel_card"  # a card with such a zone
    TYPED = "typed"  # the number was typed by hand, the original is checked at the desk


class Sex(StrEnum):
    UNKNOWN = "0"  # GB/T 2261.1
    MALE = "1"
    FEMALE = "2"
    NOT_STATED = "9"


class IdentityDocument(BaseModel):
    """What was read from a card, or typed where no card could be read.

    ``name`` keeps every code point of the card, private-use ones too. Dates are ISO 8601;
    ``valid_to`` is empty for a card without an end (长期).
    """

    model_config = ConfigDict(frozen=True)

    kind: DocumentKind
    name: str
    number: str
    sex: Sex = Sex.UNKNOWN
    ethnicity: str = ""
    birth: str = ""
    address: str = ""
    issuer: str = ""
    valid_from: str = ""
    valid_to: str = ""

    def expired(self, today: date) -> bool:
        """Whether the card's end date lies before ``today``."""
        return bool(self.valid_to) and self.valid_to < today.isoformat()


class NumberFault(StrEnum):
    """Why a typed identity number cannot be right."""

    LENGTH = "length"
    FIFTEEN_DIGITS = "fifteen_digits"
    CHARACTERS = "characters"
    BIRTH_DATE = "birth_date"
    CHECK_DIGIT = "check_digit"


def check_character(first17: str) -> str:
    """The 18th character for the 17 digits ``first17``; GB 11643, ISO 7064 MOD 11-2."""
    return CHECK_CHARACTERS[sum(int(d) * w for d, w in zip(first17, WEIGHTS, strict=True)) % 11]


def number_fault(number: str, today: date) -> NumberFault | None:
    """What is wrong with an 18-character identity number, or None.

    Covers resident cards, permits that start with 81, 82 or 83, and foreigners' cards of 2023 that
    start with 9. An area that nobody knows is no fault: areas are abolished, people keep their number.
    """
    if len(number) == 15 and number.isdigit():
        return NumberFault.FIFTEEN_DIGITS
    if len(number) != 18:
        return NumberFault.LENGTH
    if not (number[:17].isascii() and number[:17].isdigit() and (number[17].isdigit() or number[17] == "X")):
        return NumberFault.CHARACTERS
    born = birth_of(number)
    if born is None or born > today or born.year < 1880:
        return NumberFault.BIRTH_DATE
    return None if check_character(number[:17]) == number[17] else NumberFault.CHECK_DIGIT


PROVINCES = frozenset(
    (*range(11, 16), *range(21, 24), *range(31, 38), *range(41, 47), *range(50, 55), *range(61, 66), 71, 81, 82, 83)
)
"""First two digits of an area, GB/T 2260; 81, 82, 83 also stand for permits of people from Hong Kong, Macao, Taiwan."""


def area_known(number: str) -> bool:
    """Whether the number begins with a province, or with the 9 of a foreigner's card of 2023 and a country.

    Areas below the province come and go, so they are not looked at. An unknown one is worth a second look, no refusal.
    """
    return int(number[:2]) in PROVINCES or (number[:1] == "9" and number[1:2] != "9")


def birth_of(number: str) -> date | None:
    """The date of birth inside an 18-character number, or None where it is no date."""
    try:
        return datetime.strptime(number[6:14], "%Y%m%d").date()  # noqa: DTZ007 - a date has no zone
    except ValueError:
        return None


def age_on(born: date, today: date) -> int:
    """Completed years. Who is born on 29 February has the birthday on 1 March in a common year."""
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def masked_name(name: str) -> str:
    """``张伟`` → ``张*``: enough for the owner to see whose visit it is, useless over the shoulder."""
    return name[:1] + "*" * max(1, min(len(name) - 1, 3)) if name else ""


def masked_number(number: str) -> str:
    """Keeps the first four and the last four characters; shorter numbers keep the last two."""
    if len(number) < 10:
        return "*" * max(0, len(number) - 2) + number[-2:]
    return number[:4] + "*" * (len(number) - 8) + number[-4:]
