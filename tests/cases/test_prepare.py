"""Papers that are made, sealed and brought to disk while the citizen reads."""

from __future__ import annotations

import io
from pathlib import Path

import cv2
import numpy as np
import pikepdf
import pytest

from kiosk.cases import documents
from kiosk.cases.documents import documents_of
from kiosk.cases.draft import Draft
from kiosk.cases.prepare import Preparation, Prepared
from kiosk.catalogue.loader import parse_package
from kiosk.config import ASSETS
from kiosk.model.ids import new_id
from kiosk.model.page import Page
from kiosk.store.pages import SealedFiles
from sync.protocol.canonical import digest
from sync.protocol.case_file import PlatformKey
from sync.protocol.suites import suite
from tests.waiting import until

PACKAGE = parse_package((ASSETS / "catalogue" / "social-security-card.yaml").read_bytes())


def page(shade: int) -> Page:
    image = cv2.imencode(".jpg", np.full((60, 40, 3), shade, np.uint8))[1].tobytes()
    return Page(page_id=new_id(), material="photo", width=40, height=60, image=image)


@pytest.fixture
def preparation(tmp_path: Path) -> Preparation:
    _private, public = suite("intl").new_sealing_key()
    return Preparation(SealedFiles(tmp_path / "sealed"), PlatformKey("k", "intl", public))


def draft_of(*pages: Page) -> Draft:
    return Draft(case_id=new_id(), service=PACKAGE.id, pages=list(pages))


def digests(prepared: Prepared) -> list[str]:
    return [d.digest for d in prepared.sealer.documents]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The digest of the photograph's paper each time that papers were made."""
    calls: list[str] = []

    def counted(draft: Draft, package: object) -> dict[str, bytes]:
        papers = documents_of(draft, PACKAGE)
        calls.append(digest(papers["photo"]))
        return papers

    monkeypatch.setattr(documents, "documents_of", counted)
    return calls


def test_what_was_prepared_is_not_made_again(made: list[str], preparation: Preparation) -> None:
    draft = draft_of(page(9).model_copy(update={"codes": ["A-1"]}))
    preparation.begin(draft, PACKAGE)
    preparation.begin(draft, PACKAGE)
    first = preparation.of(draft, PACKAGE)
    assert [(p.digest, p.codes) for p in first.pages] == [(digest(draft.pages[0].image), ["A-1"])]
    assert preparation.of(draft, PACKAGE) is first
    assert digests(first) == made
    assert len(made) == 1


def test_a_page_that_changed_is_handed_in_as_it_is_now(
    made: list[str], preparation: Preparation, tmp_path: Path
) -> None:
    draft = draft_of(page(9))
    before = preparation.of(draft, PACKAGE)
    draft.pages[0] = page(200)
    after = preparation.of(draft, PACKAGE)
    draft.pages.append(page(100))
    preparation.begin(draft, PACKAGE)
    assert len(preparation.of(draft, PACKAGE).pages) == 2
    assert [*digests(before), *digests(after), *digests(preparation.of(draft, PACKAGE))] == made
    assert len(set(made)) == 3
    # Of the pages that were replaced nothing is left, not even sealed.
    assert staged(tmp_path) == [f"{draft.case_id}.doc-photo"]


def test_another_case_has_another_key(preparation: Preparation, tmp_path: Path) -> None:
    picture = page(9)
    files = []
    for draft in (draft_of(picture), draft_of(picture)):
        prepared = preparation.of(draft, PACKAGE)
        files.append((tmp_path / "sealed" / "staged" / prepared.names["doc-photo"]).read_bytes())
    assert files[0] != files[1]
    assert b"%PDF" not in files[0]


def test_what_could_not_be_made_is_told_and_tried_again(
    monkeypatch: pytest.MonkeyPatch, preparation: Preparation
) -> None:
    draft = draft_of(page(9))

    def fails(*_: object) -> dict[str, bytes]:
        raise ValueError("no JPEG")

    with monkeypatch.context() as patch:
        patch.setattr(documents, "documents_of", fails)
        preparation.begin(draft, PACKAGE)
        with pytest.raises(ValueError, match="no JPEG"):
            preparation.of(draft, PACKAGE)
    assert preparation.of(draft, PACKAGE).names


def test_nothing_is_written_to_disk_in_the_clear(
    preparation: Preparation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    draft = draft_of(page(9))
    assert preparation.of(draft, PACKAGE)
    written = [p for p in tmp_path.rglob("*") if p.is_file()]
    assert [p.name for p in written] == [f"{draft.case_id}.doc-photo"]
    assert b"%PDF" not in written[0].read_bytes()
    assert draft.pages[0].image[:64] not in written[0].read_bytes()


def test_what_nobody_hands_in_is_removed(preparation: Preparation, tmp_path: Path) -> None:
    draft = draft_of(page(9))
    preparation.of(draft, PACKAGE)
    preparation.forget()
    until(lambda: staged(tmp_path) == [], "the removal")
    # Who comes back to it gets it made anew.
    assert preparation.of(draft, PACKAGE).names
    assert staged(tmp_path) == [f"{draft.case_id}.doc-photo"]


def staged(folder: Path) -> list[str]:
    return [p.name for p in (folder / "sealed" / "staged").iterdir()]


def test_both_sides_of_a_card_share_a_sheet_where_their_size_is_known() -> None:
    package = parse_package((ASSETS / "catalogue" / "out-of-area-treatment.yaml").read_bytes())
    card = next(m.id for m in package.form.materials if m.shape == "card" and m.max_pages == 2)

    def side(dpi: int) -> Page:
        image = cv2.imencode(".jpg", np.full((425, 674, 3), 200, np.uint8))[1].tobytes()
        return Page(page_id=new_id(), material=card, width=674, height=425, dpi=dpi, image=image)

    for sides, sheets in (((side(200), side(200)), 1), ((side(200), side(0)), 2)):
        draft = Draft(case_id=new_id(), service=package.id, pages=list(sides))
        with pikepdf.open(io.BytesIO(documents_of(draft, package)[card])) as paper:
            assert len(paper.pages) == sheets
