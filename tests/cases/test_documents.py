"""Papers that are made while the citizen reads."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from kiosk.cases import documents
from kiosk.cases.documents import Documents, documents_of
from kiosk.cases.draft import Draft
from kiosk.catalogue.loader import parse_package
from kiosk.config import ASSETS
from kiosk.model.ids import new_id
from kiosk.model.page import Page

PACKAGE = parse_package((ASSETS / "catalogue" / "social-security-card.yaml").read_bytes())


def page(shade: int) -> Page:
    image = cv2.imencode(".jpg", np.full((60, 40, 3), shade, np.uint8))[1].tobytes()
    return Page(page_id=new_id(), material="photo", width=40, height=60, image=image)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many pages there were each time papers were made."""
    calls: list[int] = []

    def counted(draft: Draft, package: object) -> dict[str, bytes]:
        calls.append(len(draft.pages))
        return documents_of(draft, PACKAGE)

    monkeypatch.setattr(documents, "documents_of", counted)
    return calls


def test_what_was_prepared_is_not_made_again(made: list[int]) -> None:
    draft, papers = Draft(case_id=new_id(), service=PACKAGE.id, pages=[page(9)]), Documents()
    papers.prepare(draft, PACKAGE)
    papers.prepare(draft, PACKAGE)
    first = papers.of(draft, PACKAGE)
    assert first["photo"].startswith(b"%PDF")
    assert papers.of(draft, PACKAGE) is first
    assert made == [1]


def test_a_page_that_changed_is_handed_in_as_it_is_now(made: list[int]) -> None:
    draft, papers = Draft(case_id=new_id(), service=PACKAGE.id, pages=[page(9)]), Documents()
    papers.prepare(draft, PACKAGE)
    before = papers.of(draft, PACKAGE)
    draft.pages[0] = page(200)
    after = papers.of(draft, PACKAGE)
    assert after["photo"] != before["photo"]
    draft.pages.append(page(100))
    papers.prepare(draft, PACKAGE)
    assert len(papers.of(draft, PACKAGE)["photo"]) > len(after["photo"])
    assert made == [1, 1, 2]


def test_what_could_not_be_made_is_told_and_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    draft, papers = Draft(case_id=new_id(), service=PACKAGE.id, pages=[page(9)]), Documents()

    def fails(*_: object) -> dict[str, bytes]:
        raise ValueError("no JPEG")

    with monkeypatch.context() as patch:
        patch.setattr(documents, "documents_of", fails)
        papers.prepare(draft, PACKAGE)
        with pytest.raises(ValueError, match="no JPEG"):
            papers.of(draft, PACKAGE)
    assert papers.of(draft, PACKAGE)["photo"].startswith(b"%PDF")


def test_nothing_is_written_to_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    draft, papers = Draft(case_id=new_id(), service=PACKAGE.id, pages=[page(9)]), Documents()
    papers.prepare(draft, PACKAGE)
    assert papers.of(draft, PACKAGE)
    assert list(tmp_path.iterdir()) == []
