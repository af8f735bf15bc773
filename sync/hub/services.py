"""The parts of one platform, put together from its folder and its storage."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Connection, Engine, select

from kiosk.catalogue.loader import parse_package
from kiosk.catalogue.package import ServicePackage
from kiosk.catalogue.publish import publish
from kiosk.model.clock import Clock
from sync.hub.audit import Refusals
from sync.hub.blobs import Blobs, FolderBlobs
from sync.hub.database import insert_new, open_database, transaction
from sync.hub.departments.handovers import HandoverWorker
from sync.hub.departments.settings import load_departments
from sync.hub.door import Door
from sync.hub.housekeeping import Housekeeping
from sync.hub.ingest import Ingest
from sync.hub.keys import PlatformKeys, load_or_create
from sync.hub.leftovers import Leftovers, Times
from sync.hub.opening import CaseWorker
from sync.hub.schema import packages
from sync.hub.senders import Senders
from sync.hub.terminals import TerminalDesk
from sync.hub.users import UserDesk
from sync.hub.vault import Vault

VALID_DAYS = 90


@dataclass(frozen=True)
class Storage:
    """Where a platform keeps its rows and its sealed files; empty: in its folder.

    ``database``: ``postgresql://…``; ``blobs``: ``s3://BUCKET/PREFIX``.
    """

    database: str = ""
    blobs: str = ""


@dataclass(frozen=True)
class Platform:
    """Everything that a request may need."""

    folder: Path
    engine: Engine
    keys: PlatformKeys
    clock: Clock
    blobs: Blobs
    door: Door
    desk: TerminalDesk
    worker: CaseWorker
    vault: Vault
    handovers: HandoverWorker
    leftovers: Leftovers
    housekeeping: Housekeeping
    users: UserDesk
    titles: dict[str, dict[str, str]]
    services: dict[tuple[str, str], ServicePackage]

    @property
    def published(self) -> Path:
        return self.folder / "published"


def open_platform(
    folder: Path,
    sources: Path,
    clock: Clock,
    suite: str = "intl",
    storage: Storage | None = None,
    times: Times | None = None,
) -> Platform:
    """Open the platform in ``folder``, drawing its keys where it is new.

    Publishes the packages of ``sources`` to ``folder/published``, signed for 90 days. Raises ValueError where
    a package is unsound, or the storage is not what a platform can rely on.
    """
    storage = storage or Storage()
    keys = load_or_create(folder / "keys.json", clock, suite)
    engine = open_database(folder, storage.database)
    publisher = keys.publishing
    until = clock.now() + timedelta(days=VALID_DAYS)
    publish(sources, folder / "published", publisher.key_id, publisher.secret, until, publisher.suite)
    current = [parse_package(p.read_bytes()) for p in sorted(sources.glob("*.yaml"))]
    services = _ever_published(engine, sources)
    blobs = _blobs(folder, storage.blobs)
    refusals = Refusals(engine, clock)
    senders = Senders(engine, refusals, clock)
    desk = TerminalDesk(engine, keys, refusals, clock)
    vault = Vault(engine, blobs, keys, clock)
    leftovers = Leftovers(engine, blobs, clock, times or Times(), random.SystemRandom())
    departments = load_departments(folder / "departments.toml")
    return Platform(
        folder=folder,
        engine=engine,
        keys=keys,
        clock=clock,
        blobs=blobs,
        door=Door(senders, Ingest(engine, blobs, keys, clock), desk),
        desk=desk,
        worker=CaseWorker(engine, blobs, keys, services, senders, clock),
        vault=vault,
        handovers=HandoverWorker(engine, vault, departments, clock, random.SystemRandom()),
        leftovers=leftovers,
        housekeeping=Housekeeping(engine, leftovers, refusals, clock),
        users=UserDesk(engine, refusals, clock),
        titles={p.id: p.title.root for p in current},
        services=services,
    )


def _blobs(folder: Path, url: str) -> Blobs:
    if not url:
        return FolderBlobs(folder / "blobs")
    if not url.startswith("s3://"):
        raise ValueError("sealed files are kept in the folder, or in s3://BUCKET/PREFIX")
    # Imported where it is used: a platform in a folder need not load it.
    from sync.hub.bucket import BucketBlobs

    return BucketBlobs(url)


def _ever_published(engine: Engine, sources: Path) -> dict[tuple[str, str], ServicePackage]:
    """Every version of every form that this platform has published: terminals come weeks late."""
    rows = []
    for path in sorted(sources.glob("*.yaml")):
        content = path.read_bytes()
        package = parse_package(content)
        rows.append({"service": package.id, "version": package.version, "content": content.decode()})

    def remember(connection: Connection) -> list[str]:
        if rows:
            connection.execute(insert_new(connection, packages).on_conflict_do_nothing(), rows)
        return list(connection.scalars(select(packages.c.content)))

    found = [parse_package(content.encode()) for content in transaction(engine, remember)]
    return {(p.id, p.version): p for p in found}
