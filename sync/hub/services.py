"""The parts of one platform, put together from its folder."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Engine

from kiosk.catalogue.loader import parse_package
from kiosk.catalogue.package import ServicePackage
from kiosk.catalogue.publish import publish
from kiosk.model.clock import Clock
from sync.hub.blobs import BlobStore
from sync.hub.database import open_database
from sync.hub.ingest import Ingest
from sync.hub.keys import PlatformKeys, load_or_create
from sync.hub.terminals import TerminalDesk
from sync.hub.users import UserDesk

VALID_DAYS = 90


@dataclass(frozen=True)
class Platform:
    """Everything that a request may need."""

    folder: Path
    engine: Engine
    keys: PlatformKeys
    blobs: BlobStore
    ingest: Ingest
    desk: TerminalDesk
    users: UserDesk
    titles: dict[str, dict[str, str]]
    services: dict[tuple[str, str], ServicePackage]

    @property
    def published(self) -> Path:
        return self.folder / "published"


def open_platform(folder: Path, sources: Path, clock: Clock, suite: str = "intl") -> Platform:
    """Open the platform in ``folder``, drawing its keys where it is new.

    Publishes the packages of ``sources`` to ``folder/published``, signed for 90 days. Raises ValueError where
    a package is unsound.
    """
    keys = load_or_create(folder / "keys.json", suite)
    engine = open_database(folder / "platform.db")
    publisher = keys.publishing
    until = clock.now() + timedelta(days=VALID_DAYS)
    publish(sources, folder / "published", publisher.key_id, publisher.secret, until, publisher.suite)
    packages = [parse_package(p.read_bytes()) for p in sorted(sources.glob("*.yaml"))]
    blobs = BlobStore(folder / "blobs")
    services = {(p.id, p.version): p for p in packages}
    return Platform(
        folder=folder,
        engine=engine,
        keys=keys,
        blobs=blobs,
        ingest=Ingest(engine, blobs, keys, services, clock),
        desk=TerminalDesk(engine, keys, clock),
        users=UserDesk(engine, clock),
        titles={p.id: p.title.root for p in packages},
        services=services,
    )
