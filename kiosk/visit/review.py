"""The rows of the check-answers page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from kiosk.forms.spec import FieldSpec, FieldType
from kiosk.model.text import Lang
from kiosk.visit.step import SIGN, Step, StepKind
from kiosk.visit.visit import Visit

_PAGES = {"zh": "{} 页", "en": "Pages: {}"}
_PROMISED = {"zh": "以承诺代替", "en": "By promise"}
_SIGNED = {"zh": "已签名", "en": "Signed"}
_SIGN_AGAIN = {"zh": "内容有变化，请重新签名", "en": "Something has changed. Please sign again."}
_SIGNATURE = {"zh": "签名", "en": "Signature"}


@dataclass(frozen=True)
class Entry:
    """One row of the check-answers page."""

    step: Step
    id: str
    label: dict[str, str]
    value: dict[str, str]
    masked: bool
    is_name: bool = False


def review_entries(visit: Visit, now: datetime) -> list[Entry]:
    """What the citizen checks, in the order in which it was asked."""
    draft = visit.draft
    if draft is None:
        return []
    context = visit.context(now)
    entries = [
        Entry(
            Step(kind=StepKind.PAGE, id=page.id),
            field.id,
            field.label.root,
            _shown(field, draft.answers.get(field.id, "")),
            field.masked,
            field.type == FieldType.NAME,
        )
        for page in visit.engine.pages(draft.answers, context)
        for field in visit.engine.fields(page, draft.answers, context)
    ]
    counts = draft.page_counts()
    for material in visit.engine.materials(draft.answers, context):
        promised = material.id in draft.promises
        value = _PROMISED if promised else {k: v.format(counts.get(material.id, 0)) for k, v in _PAGES.items()}
        step = Step(kind=StepKind.MATERIAL, id=material.id)
        entries.append(Entry(step, material.id, material.label.root, value, masked=False))
    signed = _SIGNED if draft.signature_valid() else _SIGN_AGAIN
    return [*entries, Entry(SIGN, "signature", _SIGNATURE, signed, masked=False)]


def _shown(field: FieldSpec, value: str) -> dict[str, str]:
    if field.type == FieldType.CHOICE:
        for choice in field.choices:
            if choice.value == value:
                return choice.label.root
    if field.type == FieldType.DATE and len(value) == 10:
        year, month, day = value.split("-")
        return {Lang.ZH: f"{year} 年 {int(month)} 月 {int(day)} 日", Lang.EN: value}
    return dict.fromkeys(Lang, value)
