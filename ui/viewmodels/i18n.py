"""Words of the screens in the language of the visit."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

from PySide6.QtCore import Property, QObject, Signal

from ui.session import Session

FOLDER = Path(__file__).parents[1] / "i18n"


@cache
def words(language: str) -> dict[str, str]:
    """All words of one language, by key."""
    with (FOLDER / f"{language}.toml").open("rb") as source:
        table = tomllib.load(source)
    return {f"{section}_{key}": text for section, entries in table.items() for key, text in entries.items()}


class I18n(QObject):
    """``I18n.s.home_title`` in QML; every binding follows a change of language."""

    changed = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        session.appearance_changed.connect(self.changed)

    def _words(self) -> dict[str, str]:
        return words(self._session.language)

    s = Property(dict, _words, notify=changed)
