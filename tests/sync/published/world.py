"""A platform's repository, a terminal that follows it, and what is served between the two."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from kiosk.catalogue.loader import load_catalogue
from kiosk.catalogue.notice import Notice
from kiosk.config import ASSETS
from kiosk.model.clock import ManualClock
from sync import content
from sync.client import NotThere
from sync.content import FILES, METADATA, NotTaken, refresh
from sync.hub.blobs import FolderBlobs
from sync.hub.database import open_database
from sync.hub.keys import KeyPair, PlatformKeys, load_or_create
from sync.hub.repository import OfflineKeys, Repository
from sync.protocol.published import TIMESTAMP, RoleKey

NAMES = ("residence-permit", "social-security-card")
PERMIT = yaml.safe_load((ASSETS / "catalogue" / "residence-permit.yaml").read_bytes())
SMALL = PERMIT | {
    "form": {"pages": [{**PERMIT["form"]["pages"][0], "fields": PERMIT["form"]["pages"][0]["fields"][:1]}]},
    "next_steps": PERMIT["next_steps"][:1],
    "tests": [{"name": name, "today": "2026-03-02", "applicant": {}, "answers": {}} for name in ("one", "two")],
}
TEXT = yaml.safe_dump(SMALL, allow_unicode=True)
NOBODY: Callable[[KeyPair], None] = lambda _pair: None  # noqa: E731


class Mirror(dict[str, bytes]):
    """What is served at one time, by path; counts the bytes that are asked for."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.asked: list[str] = []

    def pieces(self, path: str) -> Iterator[bytes]:
        self.asked.append(path)
        if path not in self:
            raise NotThere(path)
        yield self[path]


class World:
    """A platform's repository with two packages, and a terminal that enrolled when it began."""

    def __init__(self, folder: Path, at: datetime, suite: str = "intl") -> None:
        self.folder, self.clock = folder, ManualClock(at)
        self.sources, self.terminal = folder / "sources", folder / "content"
        self.sources.mkdir(parents=True)
        self.write("2026.1")
        self.engine = open_database(folder / "hub")
        self.keys: PlatformKeys = load_or_create(folder / "hub" / "keys.json", self.clock, suite)
        self.wheels = FolderBlobs(folder / "wheels")
        self.repository = Repository(self.engine, self.keys.publishing, self.clock, self.wheels)
        self.offline = OfflineKeys(folder / "offline")
        self.repository.begin(self.sources, self.offline)
        self.root = self.repository.root()

    def write(self, version: str, names: Sequence[str] = NAMES) -> None:
        for path in self.sources.glob("*.yaml"):
            path.unlink()
        for name in names:
            text = TEXT.replace(SMALL["id"], name).replace(SMALL["version"], version)
            (self.sources / f"{name}.yaml").write_text(text)

    def publish(self, version: str, names: Sequence[str] = NAMES) -> None:
        """All packages in another version."""
        self.write(version, names)
        self.clock.advance(60)
        self.repository.publish(self.sources, self.offline)

    def mirror(self) -> Mirror:
        """Everything that is served now."""
        with self.engine.connect() as connection:
            kept = connection.exec_driver_sql("SELECT role, version, content FROM published_metadata").all()
            files = connection.exec_driver_sql("SELECT name, content FROM published_file").all()
        found = Mirror({f"{METADATA}{version}.{role}.json": data for role, version, data in kept if role != TIMESTAMP})
        found |= {f"{FILES}{name}": data for name, data in files}
        found[f"{METADATA}timestamp.json"] = self.repository.metadata("timestamp.json") or b""
        return found

    def refresh(self, source: content.Source | None = None) -> bool:
        return refresh(source or self.mirror(), self.terminal, self.root, self.clock.now())

    def notices(self) -> list[Notice]:
        return load_catalogue(self.terminal / "current", self.root, self.clock.now()).notices

    def offered(self) -> set[tuple[str, str]]:
        """Services with their versions; nothing is left out."""
        catalogue = load_catalogue(self.terminal / "current", self.root, self.clock.now())
        assert catalogue.left_out == []
        return {(s.id, s.version) for s in catalogue.services.values()}


def of(version: str) -> set[tuple[str, str]]:
    return {(name, version) for name in NAMES}


def refused(world: World, mirror: content.Source, why: str) -> None:
    before = world.offered()
    with pytest.raises(NotTaken, match=why):
        world.refresh(mirror)
    assert world.offered() == before


def kind(path: str) -> str:
    """The name without what stands before it: ``targets.json``, ``residence-permit.yaml``."""
    return path.rpartition("/")[2].partition(".")[2]


class Killed(BaseException):
    """As by kill -9: nothing that follows is carried out either."""


def role_key(pair: KeyPair) -> RoleKey:
    return RoleKey(pair.suite, pair.secret, pair.public_bytes)


def rows(world: World, query: str) -> list[Any]:
    with world.engine.connect() as connection:
        return list(connection.exec_driver_sql(query).all())
