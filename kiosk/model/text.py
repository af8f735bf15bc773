"""Text in several languages."""

from __future__ import annotations

from enum import StrEnum

from pydantic import RootModel


class Lang(StrEnum):
    """Languages that are complete. Tags are BCP 47."""

    ZH = "zh"
    EN = "en"


class Text(RootModel[dict[str, str]]):
    """One text in every language of the product, e.g. ``{"zh": "居住证", "en": "Residence permit"}``."""

    def __call__(self, lang: str) -> str:
        """The text in ``lang``; Chinese where a translation is missing, so that nothing is ever blank."""
        return self.root.get(lang) or self.root.get(Lang.ZH, "")
