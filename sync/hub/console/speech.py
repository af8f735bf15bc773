"""How the console says things: words, times, sizes, faults, services; in one language at one moment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from kiosk.model.clock import HALL_ZONE
from kiosk.model.fault import Fault, Severity

_UNITS = ((86400, "days"), (3600, "hours"), (60, "minutes"))
_NO_MATTER = {"zh": "不影响您办理", "en": "You can go on"}
"""What citizens read of a fault that is none of theirs."""


@dataclass(frozen=True)
class Speech:
    """``titles``: of services, by id and language."""

    lang: str
    now: datetime
    words: Mapping[str, str]
    faults: Mapping[str, Fault]
    titles: Mapping[str, Mapping[str, str]]

    def __call__(self, key: str, **values: object) -> str:
        """The word of ``key``; the key itself for what this version has no word for."""
        found = self.words.get(key)
        return key if found is None else found.format(**values) if values else found

    def of(self, family: str, key: str) -> str:
        """The word of ``family_key``, or ``key``: a reason or a state of a later version, say."""
        return self.words.get(f"{family}_{key}", key)

    def moment(self, iso: str) -> datetime | None:
        """A time that a database or a terminal has written, or None where it is none."""
        try:
            found = datetime.fromisoformat(iso)
        except ValueError:
            return None
        return found if found.tzinfo else found.replace(tzinfo=UTC)

    def when(self, iso: str) -> str:
        """Date and time on the hall's clock."""
        found = self.moment(iso)
        return found.astimezone(HALL_ZONE).strftime("%Y-%m-%d %H:%M:%S") if found else iso

    def ago(self, iso: str) -> str:
        """How long ago, in words; ``never`` for no time at all."""
        found = self.moment(iso)
        if found is None:
            return self("never")
        seconds = (self.now - found).total_seconds()
        return self("just_now") if seconds < 60 else self("ago", span=self.span(seconds))

    def span(self, seconds: float) -> str:
        """A length of time in its largest unit, rounded down; minutes are rounded up to one."""
        for size, unit in _UNITS:
            if seconds >= size:
                count = int(seconds // size)
                return self(f"{unit}_one" if count == 1 else f"{unit}_many", n=count)
        return self("minutes_one", n=1)

    def size(self, count: int) -> str:
        """Bytes in a unit that a person reads."""
        if count >= 10**9:
            return f"{count / 10**9:.1f} GB"
        return f"{count / 10**6:.0f} MB"

    def fault(self, code: str) -> str:
        """A fault in a few words."""
        entry = self.faults.get(code)
        if entry is None:
            return code
        citizens = entry.citizen(self.lang)
        # Faults of the machine and the network tell citizens only what they can still do.
        inner = entry.device in ("host", "network") or citizens.startswith(_NO_MATTER[self.lang])
        return _first_clause(entry.technician(self.lang) if inner else citizens, self.lang)

    def severity(self, code: str) -> Severity:
        """Of a fault; one that this version does not know counts as a warning."""
        entry = self.faults.get(code)
        return entry.severity if entry else Severity.WARNING

    def worst_first(self, codes: Iterable[str]) -> list[str]:
        """Faults in the order in which people should hear of them."""
        order = [Severity.ERROR, Severity.WARNING, Severity.INFO]
        return sorted(codes, key=lambda code: order.index(self.severity(code)))

    def service(self, service: str) -> str:
        return self.titles.get(service, {}).get(self.lang, service)


def _first_clause(text: str, lang: str) -> str:
    """``The printer is out of paper.`` of a longer text, without its full stop."""
    for mark in ("，", "。", "：", "；") if lang == "zh" else (". ", ": ", "; "):
        text = text.partition(mark)[0]
    return text.rstrip(".")
