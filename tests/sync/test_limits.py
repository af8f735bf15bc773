"""Who asks too often."""

from __future__ import annotations

from pathlib import Path

import urllib3

from kiosk.config import ASSETS
from kiosk.model.clock import SystemClock
from sync.hub.services import open_platform
from sync.protocol.wire import Problem
from tests.sync.server import serving


def test_who_tries_codes_too_often_is_told_when_to_come_again(tmp_path: Path) -> None:
    platform = open_platform(tmp_path / "hub", ASSETS / "catalogue", SystemClock())
    with serving(platform) as url:
        answers = [urllib3.request("POST", url + "/v1/enrol", body=b"{}", retries=False) for _ in range(61)]
    platform.engine.dispose()
    assert {a.status for a in answers[:60]} == {400}
    assert answers[60].status == 429
    assert 0 <= int(answers[60].headers["Retry-After"]) <= 60
    assert Problem.model_validate_json(answers[60].data).detail
