"""What an opened case calls things."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sync.hub.console.labels import Labels
from sync.hub.console.speech import Speech
from sync.hub.words import load_words

IDENTITY = {"birth": "1990-03-07", "name": "测试甲", "ethnicity": "01", "more": "x", "photo": "", "pages": 3}


@pytest.mark.parametrize(("lang", "people"), [("zh", "汉族"), ("en", "Han")])
def test_codes_of_a_card_are_told_in_words_and_names_come_first(lang: str, people: str) -> None:
    labels = Labels(None, Speech(lang, datetime.now(UTC), load_words()[lang], {}, {}))
    values = [value for _label, value in labels.identity(IDENTITY)]
    assert values == ["测试甲", people, "1990-03-07", "x"]
    assert "98" in [value for _label, value in labels.identity({"ethnicity": "98"})]
