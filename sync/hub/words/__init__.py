"""Words of the console, one file for each language."""

from __future__ import annotations

import tomllib
from pathlib import Path

LANGUAGES = ("zh", "en")
"""The first is what a browser gets that has not chosen."""


def load_words() -> dict[str, dict[str, str]]:
    """Language to key to word."""
    return {lang: tomllib.loads((Path(__file__).parent / f"{lang}.toml").read_text("utf-8")) for lang in LANGUAGES}
