"""The platform's repository of published files (TUF).

It lies in the database, so that any process serves the same, and a publication is there whole or not at all; but for
the wheels of the program, which are large: they lie in a folder or a bucket, and are there before they are listed. The
key of snapshot and timestamp is with the platform's other keys, for it is needed every day. Those of root and targets
lie in a folder of their own, which the operator takes away: who breaks into the platform cannot publish.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from pydantic import TypeAdapter
from sqlalchemy import Connection, Engine, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from kiosk.catalogue.publish import Source, Updates, sound_notices, sound_sources, sound_updates
from kiosk.durable import whole_or_not
from kiosk.model.clock import Clock
from sync.hub import forms
from sync.hub.blobs import BlobError, Blobs
from sync.hub.database import insert_new, transaction
from sync.hub.keys import KeyPair, signing_pair
from sync.hub.schema import published_files, published_metadata
from sync.protocol import publishing
from sync.protocol.published import ROOT, SNAPSHOT, TARGETS, TIMESTAMP, RoleKey, version_of
from sync.protocol.publishing import Content

log = structlog.get_logger()

VALID = {
    ROOT: timedelta(days=730),
    TARGETS: timedelta(days=90),
    SNAPSHOT: timedelta(days=30),
    TIMESTAMP: timedelta(days=2),
}
"""Packages are good for as long as targets; timestamp is how long a terminal can be kept from news unnoticed."""
WARN = timedelta(days=30)
"""Before the packages end, for there are people to be found who have the keys."""
PIECE = 4_000_000
"""Bytes of a wheel that are read at a time."""
MOST_WHEELS = 10_000
UNLISTED = timedelta(days=1)
"""How long a wheel stays that nothing lists: another process may be about to publish it."""
KEPT = 5
"""Versions of each role but root, for terminals that have just read of an older one."""

_PAIRS = TypeAdapter(list[KeyPair])
_WHEEL = re.compile(r"^wheels/([0-9a-f]{64})\.[^/]+\.whl$")
_NAME = re.compile(r"^(?:(timestamp)|([1-9][0-9]{0,11})\.(root|snapshot|targets))\.json$")


class KeysAway(ValueError):
    """A key that is needed is not where it was said to be, or is not the one that terminals believe."""


class OfflineKeys:
    """The keys of root and targets: a file each (mode 600) in a folder of their own (mode 700)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def kept(self, role: str) -> list[KeyPair]:
        """What is kept for ``role``, the newest first; raises KeysAway for a file that cannot be read."""
        try:
            return _PAIRS.validate_json((self._folder / f"{role}.json").read_bytes())
        except FileNotFoundError:
            return []
        except (OSError, ValueError) as bad:
            raise KeysAway(f"{self._folder / role}.json cannot be read: {type(bad).__name__}") from None

    def speaking(self, role: str, root: bytes) -> KeyPair:
        """The key that ``root`` names for ``role``. Raises KeysAway."""
        kept, named = self.kept(role), publishing.key_ids(root, role)
        if not kept:
            raise KeysAway(f"the key of {role} is not in {self._folder}: bring it, or name its folder")
        for pair in kept:
            if _key(pair).public_key.keyid in named:
                return pair
        raise KeysAway(
            f"terminals do not believe the key of {role} in {self._folder}: it was replaced by another, or a backup"
            " from before it was drawn has been restored"
        )

    def write(self, role: str, *pairs: KeyPair) -> None:
        """Keep these, in the place of those that were there."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with whole_or_not(self._folder / f"{role}.json", mode=0o600) as part:
            part.write_bytes(_PAIRS.dump_json(list(pairs)))


class Repository:
    """Serves, publishes, keeps fresh. ``online``: the key of snapshot and timestamp; ``wheels``: where those of the
    program are kept."""

    def __init__(self, engine: Engine, online: KeyPair, clock: Clock, wheels: Blobs) -> None:
        self._engine, self._online, self._clock, self._wheels = engine, online, clock, wheels

    def metadata(self, name: str) -> bytes | None:
        """``timestamp.json``, or ``VERSION.ROLE.json``; None where there is none."""
        parts = _NAME.match(name)
        if parts is None:
            return None
        with self._engine.connect() as connection:
            if parts[1]:
                return _present(connection, TIMESTAMP)
            t = published_metadata.c
            return _bytes(connection.scalar(select(t.content).where(t.role == parts[3], t.version == int(parts[2]))))

    def file(self, name: str) -> bytes | None:
        """A published file by its path with its digest in it; None where there is none."""
        t = published_files.c
        with self._engine.connect() as connection:
            return _bytes(connection.scalar(select(t.content).where(t.name == name)))

    def wheel(self, name: str) -> tuple[str, int] | None:
        """Digest and bytes of a published wheel, by its path with its digest in it; None where there is none."""
        parts = _WHEEL.match(name)
        if parts is None:
            return None
        digest = f"sha256:{parts[1]}"
        size, complete = self._wheels.offset(digest)
        return (digest, size) if complete else None

    def part(self, digest: str, start: int, end: int) -> Iterator[bytes]:
        """The bytes of a wheel from ``start`` up to ``end``, in pieces. Raises FileNotFoundError, also where it is
        shorter than it was."""
        while start < end:
            piece = self._wheels.read_part(digest, start, min(PIECE, end - start))
            if not piece:
                raise FileNotFoundError(digest)
            yield piece
            start += len(piece)

    def root(self) -> bytes:
        """The present root, which a terminal that enrols now believes. Raises KeysAway before the first publication."""
        with self._engine.connect() as connection:
            return _needed(connection, ROOT)

    def begin(self, sources: Path, keys: OfflineKeys) -> None:
        """Publish ``sources`` for the first time, with new keys where there are none; nothing where something is
        published already. Raises ValueError where a package is unsound."""
        with self._engine.connect() as connection:
            if _present(connection, ROOT) is not None:
                return
        found, notices, updates = sound_sources(sources), sound_notices(sources), sound_updates(sources)
        wheels, now = self._brought(updates), self._clock.now()

        def write(connection: Connection) -> None:
            # Whoever else begins at this moment waits here, and then finds it done.
            _put(connection, ROOT, 1, b"")
            pairs = {role: keys.kept(role) or [signing_pair(self._online.suite, now)] for role in (ROOT, TARGETS)}
            for role, kept in pairs.items():
                keys.write(role, *kept)
            speakers = _key(pairs[ROOT][0]), _key(pairs[TARGETS][0]), _key(self._online)
            root = publishing.first_root(*speakers, now + VALID[ROOT])
            connection.execute(update(published_metadata).where(published_metadata.c.role == ROOT).values(content=root))
            self._publish(connection, found, {**notices, **updates.releases, **wheels}, pairs[TARGETS][0])

        try:
            transaction(self._engine, write)
        except IntegrityError:
            log.info("published_by_another_process")

    def publish(self, sources: Path, keys: OfflineKeys) -> list[str]:
        """Publish every package of ``sources``, every notice in ``notices`` below it and every version of the program
        in ``updates``, and nothing else, for 90 days; returns the ids of packages, and paths of notices and versions.

        A root that has lived half its time is made anew. Raises KeysAway, or ValueError where a package is unsound or
        there is none, which would take every service away.
        """
        found, notices, updates = sound_sources(sources), sound_notices(sources), sound_updates(sources)
        if not found:
            raise ValueError(f"there are no packages in {sources}")
        keys.speaking(TARGETS, self.root())  # or it says so before anything large is brought here
        wheels = self._brought(updates)

        def write(connection: Connection) -> None:
            root = _locked_root(connection)
            if publishing.expires(root) < self._clock.now() + VALID[ROOT] / 2:
                root = self._put_root(connection, root, [keys.speaking(ROOT, root)], {})
            self._publish(connection, found, {**notices, **updates.releases, **wheels}, keys.speaking(TARGETS, root))

        transaction(self._engine, write)
        self._forget_wheels()
        return [*(source.package.id for source in found), *notices, *updates.releases]

    def rotate(self, role: str, keys: OfflineKeys, keep: Callable[[KeyPair], None]) -> None:
        """Draw a new key for ``role`` (root, targets, or timestamp, which is snapshot's, too). The present root key
        signs the root that names it, and terminals follow. ``keep`` keeps a key of timestamp.

        The former key of another role than root may be lost. Raises KeysAway. Both keys are kept until terminals are
        told, so that a run may end at any moment.
        """
        root = self.root()
        drawn, speaker = signing_pair(self._online.suite, self._clock.now()), keys.speaking(ROOT, root)
        if role == TIMESTAMP:
            keep(drawn)
        else:
            named = publishing.key_ids(root, role)
            keys.write(role, drawn, *(pair for pair in keys.kept(role) if _key(pair).public_key.keyid in named))
        roles = [SNAPSHOT, TIMESTAMP] if role == TIMESTAMP else [role]

        def write(connection: Connection) -> None:
            if _locked_root(connection) != root:
                raise KeysAway("another process has changed the keys meanwhile")
            signers = [speaker, drawn] if role == ROOT else [speaker]
            self._put_root(connection, root, signers, dict.fromkeys(roles, drawn))
            if role == TARGETS:
                self._list(connection, publishing.files_in(_needed(connection, TARGETS)), drawn)
            if role == TIMESTAMP:
                self._freshen(connection, drawn, all_of_it=True)

        transaction(self._engine, write)
        if role == TIMESTAMP:
            self._online = drawn
        else:
            keys.write(role, drawn)

    def re_sign(self) -> None:
        """Say again that the present files are the latest. Raises KeysAway where root names another key for that."""
        transaction(self._engine, lambda connection: self._freshen(connection, self._online, all_of_it=True))

    def keep_fresh(self) -> None:
        """Sign snapshot and timestamp again before they end, and say when the packages will."""
        try:
            transaction(self._engine, lambda connection: self._freshen(connection, self._online))
        except KeysAway as bad:
            log.warning("published_files_not_signed", reason=str(bad))
        ends = self.packages_end()
        if ends is not None and ends < self._clock.now() + WARN:
            log.warning("packages_end_soon", at=ends.isoformat(), do="kiosk hub publish")

    def packages_end(self) -> datetime | None:
        """Until when terminals may use the packages; None before the first publication."""
        with self._engine.connect() as connection:
            targets = _present(connection, TARGETS)
        return publishing.expires(targets) if targets is not None else None

    def _publish(
        self, connection: Connection, sources: list[Source], others: Mapping[str, Content], signer: KeyPair
    ) -> None:
        forms.remember(connection, sources)
        self._list(connection, {**{source.path: source.content for source in sources}, **others}, signer)

    def _brought(self, updates: Updates) -> dict[str, Content]:
        """The wheels of ``updates``, which are here afterwards; what is here already is not brought again. Raises
        ValueError for one that changes meanwhile, or OSError."""
        found: dict[str, Content] = {}
        for path, file in updates.wheels.items():
            found[path] = listed = publishing.described(path, file)
            digest, size = f"sha256:{listed.hashes['sha256']}", listed.length
            offset, complete = self._wheels.offset(digest)
            with file.open("rb") as source:
                while not complete:
                    source.seek(offset)
                    data = source.read(PIECE)
                    try:
                        complete = self._wheels.append(digest, offset, data, size)
                    except BlobError as bad:
                        raise ValueError(f"{file.name} cannot be published: {bad}") from None
                    offset += len(data)
        return found

    def _forget_wheels(self) -> None:
        """Remove wheels that no version of targets lists any more that is kept."""
        with self._engine.connect() as connection:
            names = {name for targets in _all_targets(connection) for name in publishing.consistent_names(targets)}
        listed = {f"sha256:{parts[1]}" for name in names if (parts := _WHEEL.match(name))}
        now = self._clock.now()
        for digest, since in self._wheels.complete("", MOST_WHEELS):
            if digest not in listed and since < (now - UNLISTED).timestamp():
                self._wheels.hide(digest, now.timestamp())
                self._wheels.remove(digest)

    def _put_root(
        self, connection: Connection, present: bytes, signers: list[KeyPair], new: Mapping[str, KeyPair]
    ) -> bytes:
        until = self._clock.now() + VALID[ROOT]
        root = publishing.next_root(
            present, [_key(pair) for pair in signers], until, {role: _key(pair) for role, pair in new.items()}
        )
        _put(connection, ROOT, version_of(root), root)
        return root

    def _list(self, connection: Connection, files: Mapping[str, Content], signer: KeyPair) -> None:
        """Sign what there is from now on; of files that are here already their description is enough."""
        version, until = self._next_version(connection, TARGETS), self._clock.now() + VALID[TARGETS]
        targets = publishing.list_files(version, files, until, _key(signer))
        new = {path: content for path, content in files.items() if isinstance(content, bytes)}
        rows = [{"name": publishing.consistent_name(p, data), "content": data} for p, data in new.items()]
        if rows:
            connection.execute(insert_new(connection, published_files).on_conflict_do_nothing(), rows)
        _put(connection, TARGETS, version, targets)
        self._freshen(connection, self._online, all_of_it=True)

    def _freshen(self, connection: Connection, online: KeyPair, *, all_of_it: bool = False) -> None:
        """New snapshot and timestamp where they have lived half their time, or ``all_of_it``."""
        root, now = _locked_root(connection), self._clock.now()
        if _key(online).public_key.keyid not in publishing.key_ids(root, TIMESTAMP):
            raise KeysAway("the key of timestamp was replaced: take over keys.json and start this process again")
        snapshot = _present(connection, SNAPSHOT)
        if snapshot is None or all_of_it or publishing.expires(snapshot) < now + VALID[SNAPSHOT] / 2:
            version = self._next_version(connection, SNAPSHOT)
            until = now + VALID[SNAPSHOT]
            snapshot = publishing.snapshot(version, _needed(connection, TARGETS), until, _key(online))
            _put(connection, SNAPSHOT, version, snapshot)
            all_of_it = True
        present = _present(connection, TIMESTAMP)
        if present is not None and not all_of_it and publishing.expires(present) >= now + VALID[TIMESTAMP] / 2:
            return
        version = self._next_version(connection, TIMESTAMP)
        stamp = publishing.timestamp(version, snapshot, now + VALID[TIMESTAMP], _key(online))
        _put(connection, TIMESTAMP, version, stamp)
        _forget(connection)

    def _next_version(self, connection: Connection, role: str) -> int:
        """By the clock, so that it goes on upwards even after a backup was restored."""
        present = _present(connection, role)
        return max(int(self._clock.now().timestamp()), version_of(present) + 1 if present is not None else 1)


def _key(pair: KeyPair) -> RoleKey:
    return RoleKey(pair.suite, pair.secret, pair.public_bytes)


def _bytes(content: Any) -> bytes | None:
    return None if content is None else bytes(content)


def _present(connection: Connection, role: str) -> bytes | None:
    t = published_metadata.c
    newest = select(t.content).where(t.role == role).order_by(t.version.desc()).limit(1)
    return _bytes(connection.scalar(newest))


def _needed(connection: Connection, role: str) -> bytes:
    found = _present(connection, role)
    if found is None:
        raise KeysAway(f"nothing is published: there is no {role}")
    return found


def _locked_root(connection: Connection) -> bytes:
    """The present root. Until the transaction ends, no other process signs: the order of versions is that of time."""
    t = published_metadata.c
    connection.execute(select(t.version).where(t.role == ROOT, t.version == 1).with_for_update())
    return _needed(connection, ROOT)


def _put(connection: Connection, role: str, version: int, metadata: bytes) -> None:
    connection.execute(insert(published_metadata).values(role=role, version=version, content=metadata))


def _all_targets(connection: Connection) -> list[bytes]:
    """Every version of targets that is kept."""
    t = published_metadata.c
    return [bytes(content) for content in connection.scalars(select(t.content).where(t.role == TARGETS))]


def _forget(connection: Connection) -> None:
    """Drop what no terminal asks for any more: all but the newest versions, and files that none of them lists."""
    t = published_metadata.c
    for role in (TARGETS, SNAPSHOT, TIMESTAMP):
        newest = list(
            connection.scalars(select(t.version).where(t.role == role).order_by(t.version.desc()).limit(KEPT))
        )
        connection.execute(delete(published_metadata).where(t.role == role, t.version < newest[-1]))
    names = {name for targets in _all_targets(connection) for name in publishing.consistent_names(targets)}
    connection.execute(delete(published_files).where(published_files.c.name.not_in(names)))
