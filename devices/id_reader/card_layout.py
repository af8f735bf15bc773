"""The 256-byte text block of a card: UTF-16LE fields, four layouts told apart by the unit at offset 248."""

from __future__ import annotations

from kiosk.model.identity import DocumentKind, IdentityDocument, Sex

TEXT_BYTES = 256
_TYPE_OFFSET = 248


def _field(block: bytes, offset: int, length: int) -> str:
    """One field, without the padding. Lone surrogates and private-use code points stay as they are."""
    return block[offset : offset + length].decode("utf-16-le", "surrogatepass").rstrip(" \0")


def _date(digits: str) -> str:
    """``20300101`` → ``2030-01-01``; anything else (长期, blank) → empty."""
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:]}" if len(digits) == 8 and digits.isdigit() else ""


def _sex(code: str) -> Sex:
    return Sex(code) if code in {s.value for s in Sex} else Sex.UNKNOWN


def parse_text_block(block: bytes, newest_address: str = "") -> IdentityDocument:
    """The document in a card's text block. Raises ValueError where the block is not 256 bytes or has no number.

    ``newest_address`` is what the card's additional data say; it goes before the printed address.
    """
    if len(block) != TEXT_BYTES:
        raise ValueError(f"text block of {len(block)} bytes")
    kind = _field(block, _TYPE_OFFSET, 2)
    layout = {"I": _foreigner_2017, "Y": _foreigner_2023, "J": _hmt_permit}.get(kind, _resident)
    document = layout(block)
    if not document.number:
        raise ValueError("text block without a number")
    return document.model_copy(update={"address": newest_address}) if newest_address else document


def _resident(block: bytes) -> IdentityDocument:
    return IdentityDocument(
        kind=DocumentKind.RESIDENT,
        name=_field(block, 0, 30),
        sex=_sex(_field(block, 30, 2)),
        ethnicity=_field(block, 32, 4),
        birth=_date(_field(block, 36, 16)),
        address=_field(block, 52, 70),
        number=_field(block, 122, 36),
        issuer=_field(block, 158, 30),
        valid_from=_date(_field(block, 188, 16)),
        valid_to=_date(_field(block, 204, 16)),
    )


def _hmt_permit(block: bytes) -> IdentityDocument:
    return _resident(block).model_copy(update={"kind": DocumentKind.HMT_PERMIT, "ethnicity": ""})


def _foreigner_2017(block: bytes) -> IdentityDocument:
    return IdentityDocument(
        kind=DocumentKind.FOREIGNER_2017,
        name=_field(block, 158, 30) or _field(block, 0, 120),
        sex=_sex(_field(block, 120, 2)),
        number=_field(block, 122, 30),
        valid_from=_date(_field(block, 188, 16)),
        valid_to=_date(_field(block, 204, 16)),
        birth=_date(_field(block, 220, 16)),
    )


def _foreigner_2023(block: bytes) -> IdentityDocument:
    """[one source] for the whole layout."""
    english = _field(block, 52, 70) + _field(block, 220, 22)
    return IdentityDocument(
        kind=DocumentKind.FOREIGNER_2023,
        name=_field(block, 0, 30) or english,
        sex=_sex(_field(block, 30, 2)),
        birth=_date(_field(block, 36, 16)),
        number=_field(block, 122, 36),
        valid_from=_date(_field(block, 188, 16)),
        valid_to=_date(_field(block, 204, 16)),
    )
