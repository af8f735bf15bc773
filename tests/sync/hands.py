"""An agent whose turns the test makes, one by one."""

from __future__ import annotations

import json
import random
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import select

from kiosk.model.room import MB, Marks
from kiosk.store.retention import Keep
from kiosk.store.room import DRAIN_RESERVE, DrainRoom, Reserve
from sync.agent import Agent
from sync.hub.keys import PlatformKeys
from sync.hub.schema import terminals
from sync.hub.services import Platform

if TYPE_CHECKING:
    from tests.sync.conftest import Terminal


class Pieces:
    """A new version of the program that comes in ``more`` pieces."""

    def __init__(self) -> None:
        self.more = self.asked = 0
        self.failed = False

    def work(self, _now: datetime) -> bool:
        self.asked += 1
        self.more = max(0, self.more - 1)
        return self.more > 0


class Hands:
    """What the agent is given besides the store: counts and fails as the test says."""

    def __init__(self, terminal: Terminal, folder: Path) -> None:
        self.fetched = 0
        self.fails: Exception | None = None
        self.updates = Pieces()
        self.agent = Agent(
            terminal.store,
            terminal.files,
            terminal.client,
            terminal.outbox,
            terminal.sign,
            self._content,
            self.updates,
            terminal.trust,
            60,
            10,
            Keep(),
            DrainRoom(folder / "terminal", Marks(), Reserve(folder / "terminal" / DRAIN_RESERVE, MB)),
            terminal.clock,
            random.Random(1),
        )

    def _content(self) -> bool:
        self.fetched += 1
        if self.fails is not None:
            raise self.fails
        return False


def with_keys(platform: Platform, keys: PlatformKeys) -> None:
    """As after a restart of the platform."""
    for part in (platform.desk, platform.worker, platform.vault, platform.door._ingest):
        object.__setattr__(part, "_keys", keys)


def known(platform: Platform) -> dict[str, object]:
    with platform.engine.connect() as connection:
        return dict(connection.execute(select(terminals)).mappings().one())


def online(terminal: Terminal) -> bool:
    return bool(json.loads(terminal.store.get("agent_status"))["online"])
