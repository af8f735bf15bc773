"""The parts of one platform, put together from its folder and its storage."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from kiosk.model.clock import Clock
from sync.hub.audit import Refusals
from sync.hub.blobs import Blobs, FolderBlobs
from sync.hub.database import open_database
from sync.hub.departments.handovers import HandoverWorker
from sync.hub.departments.settings import load_departments
from sync.hub.door import Door
from sync.hub.forms import Forms
from sync.hub.housekeeping import Housekeeping
from sync.hub.ingest import Ingest
from sync.hub.keys import PlatformKeys, load_or_create
from sync.hub.leftovers import Leftovers, Times
from sync.hub.opening import CaseWorker
from sync.hub.repository import OfflineKeys, Repository
from sync.hub.senders import Senders
from sync.hub.terminals import TerminalDesk
from sync.hub.users import UserDesk
from sync.hub.vault import Vault


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
    repository: Repository
    forms: Forms


def open_platform(
    folder: Path,
    sources: Path | None,
    clock: Clock,
    suite: str = "intl",
    storage: Storage | None = None,
    times: Times | None = None,
) -> Platform:
    """Open the platform in ``folder``, drawing its keys where it is new.

    Where nothing was ever published, that begins with the packages of ``sources``, and keys in ``folder/offline``; None
    leaves it to a backup that will be restored. Raises ValueError where a package is unsound, or the storage is not
    what a platform can rely on.
    """
    storage = storage or Storage()
    keys = load_or_create(folder / "keys.json", clock, suite)
    engine = open_database(folder, storage.database)
    repository = Repository(engine, keys.publishing, clock, _blobs(folder, storage.blobs, "published"))
    if sources is not None:
        repository.begin(sources, OfflineKeys(folder / "offline"))
    forms = Forms(engine)
    blobs = _blobs(folder, storage.blobs, "blobs")
    refusals = Refusals(engine, clock)
    senders = Senders(engine, refusals, clock)
    desk = TerminalDesk(engine, keys, repository, refusals, clock)
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
        worker=CaseWorker(engine, blobs, keys, forms, senders, clock),
        vault=vault,
        handovers=HandoverWorker(engine, vault, departments, clock, random.SystemRandom()),
        leftovers=leftovers,
        housekeeping=Housekeeping(engine, repository, leftovers, refusals, clock),
        users=UserDesk(engine, refusals, clock),
        repository=repository,
        forms=forms,
    )


def _blobs(folder: Path, url: str, kind: str) -> Blobs:
    """Sealed files (``blobs``) and what everybody may read (``published``) never lie together."""
    if not url:
        return FolderBlobs(folder / kind)
    if not url.startswith("s3://"):
        raise ValueError("sealed files are kept in the folder, or in s3://BUCKET/PREFIX")
    # Imported where it is used: a platform in a folder need not load it.
    from sync.hub.bucket import BucketBlobs

    return BucketBlobs(url if kind == "blobs" else f"{url.rstrip('/')}/{kind}")
