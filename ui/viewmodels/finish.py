"""Signature, check answers, receipt, rating, goodbye."""

from __future__ import annotations

import json
import uuid
from typing import Any

import segno
from PySide6.QtCore import Property, QObject, QSize, Signal, Slot
from PySide6.QtGui import QColor, QImage
from PySide6.QtQuick import QQuickImageProvider

from kiosk.ipc.device_messages import PrintState
from kiosk.model.clock import HALL_ZONE
from kiosk.model.device import Capability
from kiosk.model.identity import masked_name, masked_number
from kiosk.receipts.receipt import receipt_code
from kiosk.visit.review import review_entries
from kiosk.visit.stage import Stage, WayOut
from sync.protocol.wire import RatingRecord
from ui.notes import noted
from ui.session import Session
from ui.viewmodels.i18n import words
from ui.viewmodels.scan import PORTRAIT


class Sign(QObject):
    """The finger signature under the declaration."""

    changed = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        session.moved.connect(self.changed)
        session.appearance_changed.connect(self.changed)

    @Property(str, notify=changed)
    def declaration(self) -> str:
        package = self._session.visit.package
        return package.declaration(self._session.language) if package else ""

    @Property(bool, notify=changed)
    def valid(self) -> bool:
        draft = self._session.visit.draft
        return draft is not None and draft.signature_valid()

    @Property(list, notify=changed)
    def strokes(self) -> list[Any]:
        """The signature that is there already, as lists of points in fractions of the pad's width."""
        draft = self._session.visit.draft
        if draft is None or draft.signature is None or not draft.signature_valid():
            return []
        return [[{"x": x, "y": y} for x, y in stroke] for stroke in draft.signature.strokes]

    @Slot("QVariantList", float)
    def sign(self, strokes: list[list[dict[str, float]]], aspect: float) -> None:
        points = [[(round(p["x"], 4), round(p["y"], 4)) for p in stroke] for stroke in strokes if len(stroke) > 1]
        self._session.visit.sign(points, aspect)
        self._session.touched()
        self.changed.emit()

    @Slot()
    def proceed(self) -> None:
        if self.valid:
            self._session.act(lambda: self._session.visit.proceed(self._session.now()))


class Review(QObject):
    """Everything on one page, masked until the citizen asks to see it."""

    changed = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._revealed = False
        self._trouble = ""
        session.moved.connect(self._moved)
        session.appearance_changed.connect(self.changed)

    def _moved(self) -> None:
        self._revealed = False
        self.changed.emit()

    @Property(list, notify=changed)
    def rows(self) -> list[dict[str, Any]]:
        session, lang = self._session, self._session.language
        draft, w = session.visit.draft, words(session.language)
        if draft is None or draft.identity is None or session.visit.stage != Stage.REVIEW:
            return []
        show, who = self._revealed, draft.identity
        origin = w["review_typed"] if who.kind == "typed" else w["review_from_card"]
        name = who.name if show else masked_name(who.name)
        rows = [
            {"label": w["review_name"], "value": f"{name}{origin}", "index": -1},
            {"label": w["review_number"], "value": who.number if show else masked_number(who.number), "index": -1},
        ]
        for index, entry in enumerate(review_entries(session.visit, session.now())):
            value = entry.value.get(lang, "")
            if entry.masked and not show:
                value = masked_name(value) if entry.is_name else masked_number(value)
            rows.append({"label": entry.label.get(lang, ""), "value": value, "index": index})
        return rows

    @Property(str, notify=changed)
    def portrait(self) -> str:
        """Address of the card's photograph while everything is shown; empty where there is none."""
        return f"image://pages/{PORTRAIT}" if self._revealed and self._session.photo else ""

    @Property(bool, notify=changed)
    def revealed(self) -> bool:
        return self._revealed

    @Property(str, notify=changed)
    def trouble(self) -> str:
        return words(self._session.language)[f"review_{self._trouble}"] if self._trouble else ""

    @Slot()
    def toggleReveal(self) -> None:
        self._revealed = not self._revealed
        self.changed.emit()

    @Slot()
    def hide(self) -> None:
        """Shown data are hidden again by themselves."""
        if self._revealed:
            self.toggleReveal()

    @Slot(int)
    def change(self, index: int) -> None:
        entries = review_entries(self._session.visit, self._session.now())
        if 0 <= index < len(entries):
            self._session.change(entries[index].step)

    @Slot()
    def submit(self) -> None:
        self._trouble = self._session.submit()
        self.changed.emit()


class Outcome(QObject):
    """The stored case: its number, how the receipt comes, and what happens next."""

    changed = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        session.moved.connect(self.changed)
        session.printing.changed.connect(self.changed)
        session.store_changed.connect(self.changed)
        session.card_changed.connect(self.changed)
        session.appearance_changed.connect(self.changed)
        session.hardware.changed.connect(self.changed)

    @Property(str, notify=changed)
    def receipt(self) -> str:
        return self._receipt()

    def _receipt(self) -> str:
        line = self._session.visit.line
        return line.receipt if line else ""

    @Property(str, notify=changed)
    def code(self) -> str:
        return receipt_code(self._receipt()) if self._receipt() else ""

    @Property(bool, notify=changed)
    def online(self) -> bool:
        return self._online()

    def _sent(self) -> bool:
        line = self._session.visit.line
        return line is not None and line.state == "stored"

    def _online(self) -> bool:
        opened = self._session.terminal.opened
        status = opened.store.get("agent_status") if opened else ""
        return bool(status) and bool(json.loads(status)["online"])

    @Property(str, notify=changed)
    def headline(self) -> str:
        if self._sent():
            return words(self._session.language)["receipt_sent"]
        return words(self._session.language)["receipt_stored_online" if self._online() else "receipt_stored_offline"]

    @Property(str, notify=changed)
    def paper(self) -> str:
        """How the receipt comes: printed, being printed, or only as a code."""
        w, state = words(self._session.language), self._session.printing.state
        if state == PrintState.CONFIRMED:
            return w["receipt_printed"]
        if self._session.printing.busy:
            return w["receipt_printing"]
        faults = [f for f in self._session.hardware.active_faults() if Capability.PRINT_RECEIPT in f.removes]
        reason = faults[0].citizen(self._session.language) if faults else w["receipt_not_printed"]
        return f"{reason}{w['receipt_use_code']}"

    @Property(bool, notify=changed)
    def printing(self) -> bool:
        return self._session.printing.busy

    @Property(bool, notify=changed)
    def canReprint(self) -> bool:
        return not self.printing and self._session.hardware.can(Capability.PRINT_RECEIPT)

    @Property(list, notify=changed)
    def nextSteps(self) -> list[str]:
        session = self._session
        return [t(session.language) for t in session.visit.next_steps(session.now())]

    @Property(bool, notify=changed)
    def cardThere(self) -> bool:
        return self._session.readers.card_there

    @Property(bool, notify=changed)
    def paperWaiting(self) -> bool:
        return self._session.printing.paper_waiting

    @Slot()
    def reprint(self) -> None:
        self._session.print_receipt()

    @Slot()
    def rate(self) -> None:
        self._session.act(self._session.visit.rate)

    @Slot()
    def leave(self) -> None:
        """The end of the last screen; the process ends with it."""
        self._session.end(WayOut.FINISHED)


REASONS = ("clear", "easy", "fast", "papers", "friendly")


class Rating(QObject):
    """Five levels, reasons, skip. Nothing is chosen beforehand and nothing leads back to the case."""

    changed = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._level = 0
        self._reasons: set[str] = set()
        session.appearance_changed.connect(self.changed)

    @Property(int, notify=changed)
    def level(self) -> int:
        return self._level

    @Property(list, notify=changed)
    def reasons(self) -> list[dict[str, Any]]:
        w = words(self._session.language)
        kind = "good" if self._level >= 3 else "bad"
        return [
            {"key": f"{kind}_{r}", "label": w[f"rate_{kind}_{r}"], "chosen": f"{kind}_{r}" in self._reasons}
            for r in REASONS
        ]

    @Slot(int)
    def choose(self, level: int) -> None:
        self._level = level
        self._reasons.clear()
        self.changed.emit()

    @Slot(str)
    def toggle(self, reason: str) -> None:
        self._reasons ^= {reason}
        self.changed.emit()

    @Slot()
    def send(self) -> None:
        """Store the rating with a random id and the half day, then say goodbye."""
        session = self._session
        opened, package = session.terminal.opened, session.visit.package
        if self._level and opened is not None and package is not None:
            local = session.now().astimezone(HALL_ZONE)
            record = RatingRecord(
                id=rating_id(),
                service=package.id,
                level=self._level,
                reasons=sorted(self._reasons),
                half_day=f"{local.date().isoformat()}-{'am' if local.hour < 12 else 'pm'}",
            )
            store = opened.store
            noted(
                lambda: store.db.conn.execute("INSERT INTO rating VALUES (?, ?)", (record.id, record.model_dump_json()))
            )
        self.skip()

    @Slot()
    def skip(self) -> None:
        self._session.act(self._session.visit.goodbye)


def rating_id() -> str:
    """Random in every bit: an id with the time in it would lead to the case."""
    return str(uuid.uuid4())


class QrImages(QQuickImageProvider):
    """``image://qr/TEXT``."""

    def __init__(self) -> None:
        super().__init__(QQuickImageProvider.ImageType.Image)

    def requestImage(self, identifier: str, size: QSize, requested: QSize) -> QImage:
        matrix = segno.make(identifier or " ", error="m", micro=False).matrix
        side = len(matrix) + 4
        image = QImage(side, side, QImage.Format.Format_RGB32)
        image.fill(QColor("white"))
        for y, row in enumerate(matrix):
            for x, dark in enumerate(row):
                if dark:
                    image.setPixelColor(x + 2, y + 2, QColor("black"))
        return image.scaled(requested) if requested.isValid() else image
