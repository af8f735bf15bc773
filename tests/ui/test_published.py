"""A terminal that nobody uses takes over what is published; one that is used does so afterwards."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

from kiosk.config import ASSETS
from kiosk.visit.stage import Stage
from sync.content import refresh
from sync.hub.repository import OfflineKeys
from sync.hub.services import Platform
from tests.sync.conftest import Terminal
from tests.ui.test_room import SERVICE
from ui.session import Session
from ui.viewmodels.home import Home


def publish(platform: Platform, terminal: Terminal, folder: Path, *, first: int, last: int) -> None:
    """The packages but one, and a notice from ``first`` to ``last`` days after today; the terminal fetches them."""
    shutil.copytree(ASSETS / "catalogue", folder)
    (folder / "old-age-allowance.yaml").unlink()
    (folder / "notices").mkdir()
    today = terminal.clock.now().astimezone().date()
    since, until = today + timedelta(days=first), today + timedelta(days=last)
    text = f'id: closed\nsince: {since}\nuntil: {until}\ntext:\n  zh: "周五休息。"\n  en: "Closed on Friday."\n'
    (folder / "notices" / "closed.yaml").write_text(text)
    platform.repository.publish(folder, OfflineKeys(platform.folder / "offline"))
    assert refresh(terminal.client, terminal.content, terminal.root, platform.clock.now())


def test_what_is_published_stands_on_the_welcome_screen_of_a_terminal_that_nobody_uses(
    session: Session, terminal: Terminal, platform: Platform, tmp_path: Path
) -> None:
    home = Home(session)
    assert len(home.services) == 4
    publish(platform, terminal, tmp_path / "sources", first=0, last=1)
    assert home.notices == []
    session._tick()
    assert home.notices == ["周五休息。"]
    session.set_language("en")
    assert home.notices == ["Closed on Friday."]
    assert len(home.services) == 3
    home.search("allowance")
    assert home.services == []
    home.search("")
    home.choose("old-age-allowance")
    assert session.visit.package is None


def test_a_notice_that_is_still_to_come_is_not_shown(
    session: Session, terminal: Terminal, platform: Platform, tmp_path: Path
) -> None:
    publish(platform, terminal, tmp_path / "sources", first=1, last=2)
    session._tick()
    assert Home(session).notices == []


def test_nothing_changes_under_who_has_begun(
    session: Session, terminal: Terminal, platform: Platform, tmp_path: Path
) -> None:
    home = Home(session)
    home.choose(SERVICE)
    assert session.visit.stage == Stage.GUIDANCE
    before = session.terminal
    publish(platform, terminal, tmp_path / "sources", first=0, last=1)
    session._tick()
    assert session.terminal is before
