"""What the screen of a paper says, and in which tone."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from kiosk.forms.spec import PageMode
from kiosk.ipc.device_messages import Captured, PreviewHint
from kiosk.model.device import Availability, DeviceState
from kiosk.visit.stage import Stage
from kiosk.visit.visit import Snapshot
from tests.sync.conftest import Terminal
from tests.ui.test_room import SERVICE
from ui.session import Session
from ui.viewmodels.i18n import words
from ui.viewmodels.live import Live
from ui.viewmodels.scan import Scan


@pytest.fixture
def scan(session: Session, terminal: Terminal, qtbot: QtBot) -> Scan:
    """At a paper that has one page, and may have no more."""
    version = session.terminal.catalogue.services[SERVICE].version
    draft = terminal.draft()
    work = Snapshot(stage=Stage.WORK, service=SERVICE, form_version=version, draft=draft)
    assert session.visit.restore(work)
    step = next(s for s in session.visit.steps(session.now()) if s.id == draft.pages[0].material)
    session.visit.change(step, session.now())
    made = Scan(session, Live(session))
    assert (made.full, made.enough) == (True, True)
    return made


def sees(scan: Scan, hint: PreviewHint) -> None:
    scan._live.hint = hint


def test_a_page_that_is_taken_again_is_judged_as_the_first_was(scan: Scan) -> None:
    sees(scan, PreviewHint.WRONG_KIND)
    assert (scan.wanted, scan.tone) == (False, "success")
    scan.retake(scan.pages[0]["id"])
    assert (scan.wanted, scan.tone) == (True, "warning")
    assert scan.message == words("zh")["scan_hint_wrong_kind"]
    sees(scan, PreviewHint.NO_PAGE)
    assert scan.tone == "plain"
    sees(scan, PreviewHint.HOLD_STILL)
    assert scan.tone == "success"
    scan.retake(scan.pages[0]["id"])
    assert (scan.wanted, scan.tone) == (False, "success")


def test_a_camera_that_fails_over_a_page_taken_again_is_told(scan: Scan) -> None:
    gone = DeviceState(device="camera", availability=Availability.NO_DEVICE, faults=frozenset({"camera_missing"}))
    scan._session.hardware.update(gone)
    assert (scan.broken, scan.tone) == (False, "success")
    scan.retake(scan.pages[0]["id"])
    assert (scan.broken, scan.tone) == (True, "danger")


def test_the_camera_is_told_what_the_package_asks_for(scan: Scan, monkeypatch: pytest.MonkeyPatch) -> None:
    visit = scan._session.visit
    grey = visit.material().model_copy(update={"mode": PageMode.GREY})
    monkeypatch.setattr(visit, "material", lambda: grey)
    _step, order = scan._session.camera.order()
    assert order is not None
    assert (order.shape, order.mode) == ("photo", "grey")


def test_what_the_codes_on_a_page_say_stays_with_it(scan: Scan) -> None:
    scan.retake(scan.pages[0]["id"])
    scan._session._on_captured(Captured(width=10, height=10, codes=["A-1"]), b"a picture")
    draft = scan._session.visit.draft
    assert draft is not None
    assert [p.codes for p in draft.pages] == [["A-1"]]
