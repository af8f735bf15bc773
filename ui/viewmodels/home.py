"""The welcome screen: services, search, departments; and the guidance of the one chosen."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Property, QObject, QTimer, Signal, Slot

from kiosk.catalogue.package import ServicePackage
from kiosk.catalogue.search import ServiceIndex
from kiosk.visit.stage import Stage
from ui.session import Session
from ui.viewmodels.i18n import words

WARM_UP = 2500
"""Milliseconds."""


class Home(QObject):
    """Services to choose from."""

    changed = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._made: ServiceIndex | None = None
        # The pinyin tables take a third of a second to load: after the first frame, before the first letter.
        QTimer.singleShot(WARM_UP, self, self._index)
        self._query = self._department = ""
        session.appearance_changed.connect(self.changed)
        session.hardware.changed.connect(self.changed)
        session.moved.connect(self.changed)
        session.catalogue_changed.connect(self._forget_index)

    def _forget_index(self) -> None:
        self._made = None
        self.changed.emit()

    def _index(self) -> ServiceIndex:
        self._made = self._made or ServiceIndex(self._all)
        return self._made

    @property
    def _all(self) -> dict[str, ServicePackage]:
        return self._session.terminal.catalogue.services

    @Property(list, notify=changed)
    def services(self) -> list[dict[str, Any]]:
        """What fits the search and the department, each with what the tile shows."""
        lang = self._session.language
        found = [self._all[i] for i in (self._index().find(self._query) if self._query else self._all)]
        return [self._tile(s, lang) for s in found if self._department in ("", s.department("zh"))]

    def _tile(self, service: ServicePackage, lang: str) -> dict[str, Any]:
        refused = self._session.hardware.refused(service.needs)
        w = words(lang)
        return {
            "id": service.id,
            "title": service.title(lang),
            "glyph": service.glyph if lang == "zh" else service.title(lang)[:1],
            "line": f"{service.department(lang)} · {w['home_minutes'].format(service.guidance.minutes)}",
            "available": not refused,
            "reason": w[f"home_{refused}"] if refused else "",
        }

    @Property(list, notify=changed)
    def notices(self) -> list[str]:
        """What the hall tells everybody today."""
        today, lang = self._session.now().astimezone().date(), self._session.language
        return [n.text(lang) for n in self._session.terminal.catalogue.notices if n.holds(today)]

    @Property(list, notify=changed)
    def departments(self) -> list[dict[str, Any]]:
        lang = self._session.language
        names = {s.department("zh"): s.department(lang) for s in self._all.values()}
        chosen = self._department
        every = {"key": "", "label": words(lang)["home_all"], "chosen": not chosen}
        return [every, *({"key": k, "label": v, "chosen": k == chosen} for k, v in names.items())]

    @Property(str, notify=changed)
    def query(self) -> str:
        return self._query

    @Slot(str)
    def search(self, query: str) -> None:
        if query == self._query:
            return
        self._query = query
        if query and self._session.visit.stage == Stage.ATTRACT:
            self._session.act(self._session.visit.browse)
        self.changed.emit()

    @Slot(str)
    def filterBy(self, department: str) -> None:
        self._department = department
        self.changed.emit()

    @Slot()
    def lookUp(self) -> None:
        """Ask how a case stands."""
        self._session.act(self._session.visit.look_up)

    @Slot(str)
    def choose(self, service: str) -> None:
        """Open the guidance; a service that could not be finished here is not entered."""
        package = self._all.get(service)
        if package is not None and self._session.admits(package):
            self._session.act(lambda: self._session.visit.choose(service))


class Guidance(QObject):
    """What a citizen reads before starting, and the consent."""

    changed = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        session.moved.connect(self.changed)
        session.appearance_changed.connect(self.changed)

    @Property(list, notify=changed)
    def rows(self) -> list[dict[str, str]]:
        """Label and text, in reading order."""
        package, lang = self._session.visit.package, self._session.language
        if package is None:
            return []
        w, g = words(lang), package.guidance
        papers = w["list_comma"].join([w["guidance_id_card"], *(m.label(lang) for m in package.form.materials)])
        note = w["guidance_papers_note"] if any(m.relevant for m in package.form.materials) else ""
        return [
            {"label": w["guidance_department"], "text": package.department(lang)},
            {"label": w["guidance_who"], "text": g.who(lang)},
            {"label": w["guidance_papers"], "text": papers + note},
            {"label": w["guidance_days"], "text": w["guidance_days_text"].format(g.days)},
            {"label": w["guidance_fee"], "text": g.fee(lang)},
            {"label": w["guidance_result"], "text": g.result(lang)},
            {"label": w["guidance_basis"], "text": g.basis(lang)},
        ]

    @Slot()
    def start(self) -> None:
        self._session.act(self._session.visit.start)

    @Slot()
    def consent(self) -> None:
        self._session.act(self._session.visit.consent)
