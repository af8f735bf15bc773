"""Who stands between the platform and a terminal; and that each check is one: without what it checks, it fails."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tuf.ngclient import Updater, UpdaterConfig

from kiosk.catalogue.loader import load_catalogue
from kiosk.model.clock import ManualClock
from sync import content
from sync.client import NoNetwork
from sync.content import FILES, METADATA, NotTaken
from sync.protocol.published import ROOT, SNAPSHOT, TARGETS
from tests.sync.published.world import NAMES, NOBODY, Mirror, World, kind, of, refused


def rollback_is_refused(world: World) -> None:
    old = world.mirror()
    world.publish("2027.2")
    world.refresh()
    refused(world, old, "BadVersionNumber")


def freezing_is_noticed(world: World) -> None:
    same = world.mirror()
    world.clock.advance(3 * 86400)
    refused(world, same, "ExpiredMetadata.*timestamp")
    world.repository.keep_fresh()
    assert not world.refresh()


def news(old: Mirror, new: Mirror) -> list[str]:
    """What ``new`` has and ``old`` has not, in the order in which it is asked for."""
    order = [f"{SNAPSHOT}.json", f"{TARGETS}.json", *(f"{name}.yaml" for name in NAMES)]
    return sorted((p for p in new if p not in old), key=lambda p: order.index(kind(p)))


def mixtures_are_refused(world: World) -> None:
    old = world.mirror()
    world.publish("2027.2")
    new = world.mirror()
    assert len(news(old, new)) == 4
    for path in news(old, new):
        earlier = next(p for p in old if kind(p) == kind(path))
        refused(world, Mirror({**new, path: old[earlier]}), "BadVersion|HashMismatch")
    assert world.refresh(new)


def strangers_are_refused(world: World) -> None:
    stranger = World(world.folder / "stranger", world.clock.now() + timedelta(days=1))
    try:
        mirror = stranger.mirror()
        refused(world, mirror, "UnsignedMetadata")
        # Nor does it help to offer a root that follows in number.
        stranger.repository.rotate(ROOT, stranger.offline, NOBODY)
        refused(world, stranger.mirror(), "UnsignedMetadata")
    finally:
        stranger.engine.dispose()


class Endless:
    """Serves what another does, and one path without an end."""

    def __init__(self, mirror: Mirror, path: str) -> None:
        self._mirror, self._path, self.sent = mirror, path, 0

    def pieces(self, path: str) -> Iterator[bytes]:
        if path != self._path:
            yield from self._mirror.pieces(path)
            return
        while self.sent < 50_000_000:
            self.sent += 10_000
            yield b" " * 10_000


def nobody_reads_without_end(world: World) -> None:
    old = world.mirror()
    world.publish("2027.2")
    new = world.mirror()
    for path in [f"{METADATA}2.root.json", f"{METADATA}timestamp.json", *news(old, new)]:
        endless = Endless(new, path)
        refused(world, endless, "LengthMismatch")
        assert 0 < endless.sent < 1_100_000


def a_terminals_clock_decides_nothing(world: World) -> None:
    """The clock of this machine is of another year than the world."""
    world.publish("2027.2")
    assert world.refresh()
    assert world.offered() == of("2027.2")


def a_spoiled_package_is_left_out(world: World) -> None:
    path = world.terminal / "current" / "catalogue" / f"{NAMES[0]}.yaml"
    path.write_bytes(path.read_bytes() + b"\n")
    catalogue = load_catalogue(world.terminal / "current", world.root, world.clock.now())
    assert [(left.name, left.fault) for left in catalogue.left_out] == [(path.name, "damaged")]
    assert list(catalogue.services) == [NAMES[1]]


class Cut:
    """The line breaks in the middle of the answer to the request ``at``."""

    def __init__(self, mirror: Mirror, at: int) -> None:
        self._mirror, self._left = mirror, at

    def pieces(self, path: str) -> Iterator[bytes]:
        [whole] = self._mirror.pieces(path)
        self._left -= 1
        if self._left < 0:
            yield whole[: len(whole) // 2]
            raise NoNetwork("cut")
        yield whole


def a_cut_line_leaves_the_old_set(world: World) -> None:
    world.publish("2027.2")
    for at in itertools.count():
        try:
            assert world.refresh(Cut(world.mirror(), at))
        except NoNetwork:
            assert world.offered() == of("2027.1")
        else:
            break
    assert at >= 2
    assert world.offered() == of("2027.2")


CHECKS = [
    rollback_is_refused,
    freezing_is_noticed,
    mixtures_are_refused,
    strangers_are_refused,
    nobody_reads_without_end,
    a_spoiled_package_is_left_out,
    a_cut_line_leaves_the_old_set,
]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_attack(world: World, check: Callable[[World], None]) -> None:
    check(world)


@pytest.mark.parametrize("check", [rollback_is_refused, strangers_are_refused], ids=lambda check: check.__name__)
def test_attack_with_national_algorithms(tmp_path: Path, check: Callable[[World], None]) -> None:
    world = World(tmp_path, ManualClock().now(), "gm")
    world.refresh()
    assert b'"sm2-sm3"' in world.root
    world.repository.rotate(ROOT, world.offline, NOBODY)
    check(world)
    world.publish("2027.3")
    world.refresh()
    assert world.offered() == of("2027.3")
    world.engine.dispose()


@pytest.mark.parametrize("world", [datetime(2001, 1, 1, tzinfo=UTC), datetime(2038, 2, 1, tzinfo=UTC)], indirect=True)
def test_the_machines_clock_decides_nothing(world: World) -> None:
    a_terminals_clock_decides_nothing(world)
    freezing_is_noticed(world)


# each check is one: without what it checks, it fails


def _forgets(patch: pytest.MonkeyPatch) -> None:
    def nothing(_self: Updater, rolename: str) -> bytes:
        raise FileNotFoundError(rolename)

    patch.setattr(Updater, "_load_local_metadata", nothing)


def _knows_no_end(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("tuf.api.metadata.Timestamp.is_expired", lambda *_: False)


def _compares_no_digests(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("tuf.api.metadata.TargetFile.verify_length_and_hashes", lambda *_: None)


def _believes_anybody(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("tuf.api.metadata.Root.verify_delegate", lambda *_: None)


def _has_no_limits(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(content, "_LIMITS", UpdaterConfig(timestamp_max_length=10**9))


def _takes_what_there_is(patch: pytest.MonkeyPatch) -> None:
    real = content._gather

    def partly(*args: Any) -> None:
        try:
            real(*args)
        except NoNetwork:
            coming, metadata = args[1] / "coming", args[1] / "metadata"
            (coming / "targets.json").write_bytes((metadata / "targets.json").read_bytes())

    patch.setattr(content, "_gather", partly)


@pytest.mark.parametrize(
    ("plant", "check"),
    [
        (_forgets, rollback_is_refused),
        (_knows_no_end, freezing_is_noticed),
        (_compares_no_digests, mixtures_are_refused),
        (_compares_no_digests, a_spoiled_package_is_left_out),
        (_believes_anybody, strangers_are_refused),
        (_has_no_limits, nobody_reads_without_end),
        (_takes_what_there_is, a_cut_line_leaves_the_old_set),
    ],
    ids=lambda value: value.__name__,
)
def test_a_planted_fault_fails_the_check(
    world: World, monkeypatch: pytest.MonkeyPatch, plant: Callable[..., None], check: Callable[[World], None]
) -> None:
    plant(monkeypatch)
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        check(world)


def test_without_our_time_the_machines_clock_decides(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content, "_Updater", lambda folder, source, root, _now: _plain(folder, source, root))
    with pytest.raises(NotTaken, match="Expired"):
        a_terminals_clock_decides_nothing(world)


def _plain(folder: Path, source: content.Source, root: bytes) -> Updater:
    fetcher = content._Fetcher(source)
    return Updater(str(folder), METADATA, target_base_url=FILES, fetcher=fetcher, bootstrap=root)
