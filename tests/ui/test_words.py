"""Every word that a screen asks for exists, in every language; every fault has its words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kiosk.config import ASSETS
from kiosk.ipc.device_messages import PreviewHint
from kiosk.model.device import Availability
from kiosk.model.fault import load_faults
from kiosk.model.text import Lang
from ui.terminal import FAULTS
from ui.viewmodels.i18n import words

UI = Path(__file__).parents[2] / "ui"
USED = re.compile(r"I18n\.s\.([a-z0-9_]+)")


def test_all_languages_have_the_same_words() -> None:
    first = words(Lang.ZH)
    for lang in Lang:
        assert words(lang).keys() == first.keys()
        assert all(text.strip() for text in words(lang).values())


def test_every_word_of_the_screens_exists() -> None:
    used = {key for path in (UI / "qml").rglob("*.qml") for key in USED.findall(path.read_text())}
    assert len(used) > 50
    assert used <= words(Lang.ZH).keys()


def test_placeholders_are_the_same_in_every_language() -> None:
    for key, text in words(Lang.ZH).items():
        assert text.count("{}") == words(Lang.EN)[key].count("{}"), key


@pytest.mark.parametrize("lang", list(Lang))
def test_every_fault_and_state_has_words(lang: Lang) -> None:
    for fault in load_faults(FAULTS).values():
        assert fault.citizen.root[lang]
        assert fault.technician.root[lang]
        assert all(step.text.root[lang] for step in fault.steps)
    for state in Availability:
        assert f"staff_{state}" in words(lang)


@pytest.mark.parametrize("hint", list(PreviewHint))
def test_every_hint_of_the_camera_has_a_sentence_and_a_picture_of_its_own(hint: PreviewHint) -> None:
    for lang in Lang:
        sentences = [words(lang)[f"scan_hint_{other}"] for other in PreviewHint]
        assert sentences.count(words(lang)[f"scan_hint_{hint}"]) == 1
    pictures = [(ASSETS / "pictures" / "hints" / f"{other}.svg").read_bytes() for other in PreviewHint]
    assert pictures.count((ASSETS / "pictures" / "hints" / f"{hint}.svg").read_bytes()) == 1
