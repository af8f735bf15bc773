"""What a single answer must look like, by the type of its field, whatever the form."""

from __future__ import annotations

import re
import unicodedata
from datetime import date

from kiosk.forms.spec import FieldSpec, FieldType
from kiosk.model.identity import NumberFault, number_fault
from kiosk.model.text import Text

_PHONE = re.compile(r"^(1[3-9]\d{9}|0\d{2,3}-?\d{7,8})$")

REQUIRED = Text({"zh": "这一项要填写。", "en": "Please fill this in."})
CHOOSE = Text({"zh": "请选一项。", "en": "Please choose one."})
_FAULTS = {
    "phone": Text(
        {"zh": "电话号码不对。手机是 11 位数字。", "en": "This is not a phone number. A mobile has 11 digits."}
    ),
    "date": Text({"zh": "没有这一天。", "en": "There is no such day."}),
    "choice": Text({"zh": "请从列表里选。", "en": "Please choose from the list."}),
    "bank_card": Text(
        {"zh": "卡号不对，请对照银行卡再看一遍。", "en": "The card number is wrong. Please check it against the card."}
    ),
    "long": Text({"zh": "太长了，请写短一些。", "en": "Too long. Please make it shorter."}),
    "characters": Text({"zh": "里面有不能用的符号。", "en": "It holds a character that cannot be used."}),
}
NUMBER_FAULTS = {
    NumberFault.LENGTH: Text({"zh": "身份证号是 18 位。", "en": "An identity number has 18 characters."}),
    NumberFault.FIFTEEN_DIGITS: Text(
        {
            "zh": "这是 15 位旧号码，现在要用 18 位新号码。",
            "en": "This is an old number of 15 digits. Use the new one of 18.",
        }
    ),
    NumberFault.CHARACTERS: Text({"zh": "前 17 位是数字，最后一位是数字或 X。", "en": "17 digits, then a digit or X."}),
    NumberFault.BIRTH_DATE: Text(
        {"zh": "号码里的出生日期不对。", "en": "The date of birth inside the number is wrong."}
    ),
    NumberFault.CHECK_DIGIT: Text(
        {"zh": "号码不对，请逐位再看一遍。", "en": "The number is wrong. Please check it digit by digit."}
    ),
}


def normalised(field: FieldSpec, raw: str) -> str:
    """What is stored for what was typed: outer spaces gone; numbers without spaces, half width, capitals."""
    text = raw.strip()
    if field.type in (FieldType.PHONE, FieldType.ID_NUMBER, FieldType.BANK_CARD, FieldType.DATE):
        # Again until nothing changes: what is left when spaces go may compose anew.
        while (plain := re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).upper()) != text:
            text = plain
    return text


def value_fault(field: FieldSpec, value: str, today: date) -> Text | None:
    """What is wrong with a non-empty ``value``, in words for the citizen, or None."""
    if len(value) > field.max_length:
        return _FAULTS["long"]
    if any(unicodedata.category(c) in ("Cc", "Cs", "Cn") for c in value):
        return _FAULTS["characters"]
    match field.type:
        case FieldType.PHONE:
            return None if _PHONE.match(value) else _FAULTS["phone"]
        case FieldType.DATE:
            return None if _is_date(value) else _FAULTS["date"]
        case FieldType.CHOICE:
            return None if value in {c.value for c in field.choices} else _FAULTS["choice"]
        case FieldType.BANK_CARD:
            return None if _luhn(value) else _FAULTS["bank_card"]
        case FieldType.ID_NUMBER:
            fault = number_fault(value, today)
            return NUMBER_FAULTS[fault] if fault else None
        case _:
            return None


def _is_date(value: str) -> bool:
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _luhn(value: str) -> bool:
    """ISO/IEC 7812-1 check digit over 12 to 19 digits."""
    if not (value.isascii() and value.isdigit() and 12 <= len(value) <= 19):
        return False
    digits = [int(d) for d in reversed(value)]
    return sum(d if i % 2 == 0 else 2 * d - 9 * (d > 4) for i, d in enumerate(digits)) % 10 == 0
