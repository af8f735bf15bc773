"""Find a service by hanzi, pinyin or initials, offline."""

from __future__ import annotations

from dataclasses import dataclass

from kiosk.catalogue.package import ServicePackage
from kiosk.model.text import Lang


@dataclass(frozen=True)
class _Term:
    service: str
    hanzi: str
    pinyin: str
    initials: str
    weight: int


class ServiceIndex:
    """An index over titles, keywords and departments."""

    def __init__(self, services: dict[str, ServicePackage]) -> None:
        self._order = list(services)
        self._terms = [
            _term(service.id, text, weight)
            for service in services.values()
            for weight, texts in (
                (3, [service.title(Lang.ZH), service.title(Lang.EN)]),
                (2, service.keywords),
                (1, [service.department(Lang.ZH), service.department(Lang.EN)]),
            )
            for text in texts
        ]

    def find(self, query: str) -> list[str]:
        """Service ids, best first; everything for an empty query."""
        needle = "".join(query.lower().split())
        if not needle:
            return self._order
        scores: dict[str, int] = {}
        for term in self._terms:
            score = _score(term, needle)
            if score:
                scores[term.service] = max(scores.get(term.service, 0), score * 10 + term.weight)
        return sorted(scores, key=lambda s: (-scores[s], self._order.index(s)))


def _term(service: str, text: str, weight: int) -> _Term:
    from pypinyin import Style, lazy_pinyin  # loads its tables, which a start of the app need not wait for

    plain = "".join(text.lower().split())
    return _Term(
        service,
        plain,
        "".join(lazy_pinyin(plain)),
        "".join(lazy_pinyin(plain, style=Style.FIRST_LETTER)),
        weight,
    )


def _score(term: _Term, needle: str) -> int:
    if term.hanzi.startswith(needle) or term.initials.startswith(needle):
        return 4
    if needle in term.hanzi:
        return 3
    if term.pinyin.startswith(needle):
        return 3
    if len(needle) > 1 and (needle in term.pinyin or needle in term.initials):
        return 2
    # 办暂住证 holds the keyword 暂住证: people type a sentence, not a term.
    return 1 if len(term.hanzi) > 1 and term.hanzi in needle else 0
