"""Keys that change: what a terminal follows, and whose word counts no more."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, select
from tuf.api.metadata import Metadata, Root

from sync.content import METADATA
from sync.hub.database import open_database
from sync.hub.repository import KeysAway, OfflineKeys, Repository
from sync.hub.schema import published_metadata
from sync.protocol import publishing
from sync.protocol.published import ROOT, TARGETS, TIMESTAMP
from tests.sync.published.world import NOBODY, Killed, World, of, refused, role_key


def _numbers(folder: Path) -> list[int]:
    """Of the roots that the present set is checked by."""
    return sorted(int(p.name.split(".")[0]) for p in (folder / "current" / "root_history").iterdir())


def test_a_terminal_follows_the_keys_over_many_roots(world: World) -> None:
    for role in (ROOT, TARGETS, ROOT, TIMESTAMP, TARGETS):
        world.clock.advance(60)
        world.repository.rotate(role, world.offline, NOBODY)
    world.publish("2027.2")
    assert world.refresh()
    assert world.offered() == of("2027.2")
    assert _numbers(world.terminal) == [1, 2, 3, 4, 5, 6]
    # One that enrols now needs no more than the last.
    world.root, world.terminal = world.repository.root(), world.folder / "newer"
    assert world.refresh()
    assert world.offered() == of("2027.2")
    assert _numbers(world.terminal) == [6]


@pytest.mark.parametrize("role", [ROOT, TARGETS])
def test_a_key_that_was_replaced_speaks_no_more(world: World, role: str, tmp_path: Path) -> None:
    thief = OfflineKeys(tmp_path / "thief")
    for name in (ROOT, TARGETS):
        thief.write(name, world.offline.speaking(name, world.root))
    world.repository.rotate(role, world.offline, NOBODY)
    attempts = {
        ROOT: lambda: world.repository.rotate(ROOT, thief, NOBODY),
        TARGETS: lambda: world.repository.publish(world.sources, thief),
    }
    with pytest.raises(KeysAway, match="replaced"):
        attempts[role]()
    world.refresh()
    # The thief signs by hand, and the mirror is his.
    key = role_key(thief.speaking(role, world.root))
    until = world.clock.now() + timedelta(days=1)
    mirror = world.mirror()
    if role == ROOT:
        mirror[f"{METADATA}3.root.json"] = publishing.next_root(world.repository.root(), [key], until, {ROOT: key})
        refused(world, mirror, "UnsignedMetadata")
    else:
        online = role_key(world.keys.publishing)
        targets = publishing.list_files(2_000_000_000, {}, until, key)
        snapshot = publishing.snapshot(2_000_000_000, targets, until, online)
        mirror[f"{METADATA}2000000000.targets.json"] = targets
        mirror[f"{METADATA}2000000000.snapshot.json"] = snapshot
        mirror[f"{METADATA}timestamp.json"] = publishing.timestamp(2_000_000_000, snapshot, until, online)
        refused(world, mirror, "UnsignedMetadata")


def test_a_run_that_ends_in_the_middle_of_a_change_of_keys_can_be_repeated(world: World) -> None:
    def ends(*_: object) -> None:
        raise Killed

    for role in (ROOT, TARGETS):
        kept = world.offline.speaking(role, world.root)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("sync.hub.repository.transaction", ends)
            with pytest.raises(Killed):
                world.repository.rotate(role, world.offline, NOBODY)
        assert world.offline.speaking(role, world.repository.root()) == kept
        world.repository.rotate(role, world.offline, NOBODY)
        assert world.offline.speaking(role, world.repository.root()) != kept
    world.refresh()
    assert world.offered() == of("2027.1")


def test_a_lost_key_of_targets_is_replaced_by_that_of_root(world: World) -> None:
    (world.folder / "offline" / "targets.json").unlink()
    with pytest.raises(KeysAway, match="targets is not in"):
        world.publish("2027.2")
    world.repository.rotate(TARGETS, world.offline, NOBODY)
    world.publish("2027.2")
    world.refresh()
    assert world.offered() == of("2027.2")


def test_keys_that_are_there_are_never_replaced_by_a_new_platform(world: World) -> None:
    """As when a platform is started with the name of another database."""
    kept = {p.name: p.read_bytes() for p in (world.folder / "offline").iterdir()}
    engine = open_database(world.folder / "another")
    Repository(engine, world.keys.publishing, world.clock, world.wheels).begin(world.sources, world.offline)
    engine.dispose()
    assert {p.name: p.read_bytes() for p in (world.folder / "offline").iterdir()} == kept


def test_as_many_must_sign_as_root_asks_for(world: World) -> None:
    first, second = (role_key(world.offline.speaking(role, world.root)) for role in (TARGETS, ROOT))
    root = Metadata[Root].from_bytes(world.root)
    root.signed.version, root.signed.roles[TARGETS].threshold = 2, 2
    root.signed.add_key(second.public_key, TARGETS)
    root.sign(second)
    until, files = world.clock.now() + timedelta(days=1), {}
    for signers in ([first], [first, second]):
        listing = Metadata.from_bytes(publishing.list_files(2_000_000_000, files, until, signers[0]))
        for signer in signers[1:]:
            listing.sign(signer, append=True)
        targets, online = listing.to_bytes(), role_key(world.keys.publishing)
        snapshot = publishing.snapshot(2_000_000_000 + len(signers), targets, until, online)
        mirror = world.mirror()
        mirror[f"{METADATA}2.root.json"] = root.to_bytes()
        mirror[f"{METADATA}2000000000.targets.json"] = targets
        mirror[f"{METADATA}{2_000_000_000 + len(signers)}.snapshot.json"] = snapshot
        stamp = publishing.timestamp(2_000_000_000 + len(signers), snapshot, until, online)
        mirror[f"{METADATA}timestamp.json"] = stamp
        if len(signers) == 1:
            refused(world, mirror, "UnsignedMetadata")
        else:
            assert world.refresh(mirror)
            assert world.offered() == set()


def test_after_a_backup_from_before_a_change_of_keys_one_more_change_is_needed(world: World) -> None:
    with world.engine.connect() as connection:
        backup = [dict(row) for row in connection.execute(select(published_metadata)).mappings()]
    world.repository.rotate(TARGETS, world.offline, NOBODY)
    world.refresh()
    with world.engine.begin() as connection:
        connection.execute(delete(published_metadata))
        connection.execute(insert(published_metadata), backup)
    with pytest.raises(KeysAway, match="backup"):
        world.publish("2027.2")
    for _ in range(2):
        world.clock.advance(60)
        world.repository.rotate(TARGETS, world.offline, NOBODY)
    world.publish("2027.2")
    assert world.refresh()
    assert world.offered() == of("2027.2")
