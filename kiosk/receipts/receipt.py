"""The receipt: number, code, what was handed in, what happens next. It never says more than is true."""

from __future__ import annotations

from datetime import datetime

from kiosk.cases.draft import Draft
from kiosk.catalogue.package import ServicePackage
from kiosk.model.clock import HALL_ZONE
from kiosk.model.identity import masked_name
from kiosk.model.ids import parse_receipt_number
from kiosk.model.paper import Align, PaperDocument, Part, QrCode, Rule, Space, Words
from kiosk.model.paper import Pair as PairPart
from kiosk.model.text import Text
from kiosk.store.cases import CaseLine

_WORDS = {
    "zh": {
        "title": "收件回执",
        "copy": "副本",
        "stored": "已存好，等网络恢复后发送。部门受理后才开始计算办理时间。",
        "number": "业务号",
        "service": "事项",
        "department": "部门",
        "person": "办理人",
        "time": "提交时间",
        "papers": "材料",
        "pages": "{} 页",
        "promised": "承诺",
        "next": "接下来",
        "keep": "请保留此回执。凭业务号可在本机或窗口查询。",
        "thanks": "您的资料已加密，本机已不能读取。",
    },
    "en": {
        "title": "Receipt",
        "copy": "COPY",
        "stored": "Stored; it is sent as soon as there is a network. The processing time starts when the department"
        " accepts the case.",
        "number": "Number",
        "service": "Service",
        "department": "Department",
        "person": "Person",
        "time": "Handed in",
        "papers": "Papers",
        "pages": "{} p.",
        "promised": "declared",
        "next": "What happens next",
        "keep": "Keep this receipt. Ask with its number at this terminal or a window.",
        "thanks": "Your data are encrypted; this terminal can no longer read them.",
    },
}


def receipt_code(receipt: str) -> str:
    """What the receipt's QR code holds: the number and nothing else of the case."""
    return f"BM1:{receipt}"


def receipt_of(code: str) -> str | None:
    """The number in a receipt's QR code, or in what somebody typed; None where there is no valid one."""
    return parse_receipt_number(code.removeprefix("BM1:"))


def receipt_document(
    line: CaseLine, draft: Draft, package: ServicePackage, steps: list[Text], hall: str, language: str, *, copy: bool
) -> PaperDocument:
    """The paper receipt. ``steps`` say what happens next. ``copy`` marks every printing after the first."""
    w = _WORDS[language]
    when = datetime.fromisoformat(line.created).astimezone(HALL_ZONE)
    parts: list[Part] = [
        Words(text=hall, align=Align.CENTRE, bold=True),
        Words(text=w["title"] + (f" · {w['copy']}" if copy else ""), align=Align.CENTRE, size=2, bold=True),
        Rule(),
        Words(text=line.receipt, align=Align.CENTRE, size=2),
        QrCode(data=receipt_code(line.receipt)),
        Words(text=w["stored"]),
        Rule(),
        PairPart(label=w["service"], value=package.title(language)),
        PairPart(label=w["department"], value=package.department(language)),
        PairPart(label=w["time"], value=when.strftime("%Y-%m-%d %H:%M")),
    ]
    if draft.identity is not None:
        parts.append(PairPart(label=w["person"], value=masked_name(draft.identity.name)))
    counts = draft.page_counts()
    for material in package.form.materials:
        if material.id in counts:
            parts.append(PairPart(label=material.label(language), value=w["pages"].format(counts[material.id])))
        elif material.id in draft.promises:
            parts.append(PairPart(label=material.label(language), value=w["promised"]))
    parts += [Rule(), Words(text=w["next"], bold=True)]
    parts += [Words(text=f"{i}. {step(language)}") for i, step in enumerate(steps, 1)]
    parts += [Rule(), Words(text=w["keep"]), Words(text=w["thanks"]), Space()]
    return PaperDocument(parts=parts)
