"""Published files: what a terminal takes, what it does not, and what it keeps when the way there is cut."""

from __future__ import annotations

import itertools
import json
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from tuf.api.metadata import Metadata, Root
from tuf.ngclient import Updater, UpdaterConfig
from typer.testing import CliRunner

from kiosk.catalogue import loader
from kiosk.catalogue.loader import load_catalogue
from kiosk.catalogue.notice import Notice
from kiosk.catalogue.written import read
from kiosk.cli import app
from kiosk.config import ASSETS
from kiosk.durable import whole_or_not
from kiosk.model.clock import ManualClock
from kiosk.security.trust import expiry_time, load_trust, remember_start
from sync import content
from sync.client import NoNetwork, NotThere, PlatformClient
from sync.content import FILES, METADATA, NotTaken, go_back, refresh
from sync.enrolment import enrol
from sync.hub.backup import back_up, restore
from sync.hub.blobs import FolderBlobs
from sync.hub.database import open_database
from sync.hub.forms import Forms
from sync.hub.keys import KeyPair, PlatformKeys, load_or_create
from sync.hub.repository import KeysAway, OfflineKeys, Repository
from sync.hub.services import Platform, Storage
from sync.protocol import publishing
from sync.protocol.published import ROOT, SNAPSHOT, TARGETS, TIMESTAMP, RoleKey
from tests.sync.conftest import Terminal

NAMES = ("residence-permit", "social-security-card")
PERMIT = yaml.safe_load((ASSETS / "catalogue" / "residence-permit.yaml").read_bytes())
SMALL = PERMIT | {
    "form": {"pages": [{**PERMIT["form"]["pages"][0], "fields": PERMIT["form"]["pages"][0]["fields"][:1]}]},
    "next_steps": PERMIT["next_steps"][:1],
    "tests": [{"name": name, "today": "2026-03-02", "applicant": {}, "answers": {}} for name in ("one", "two")],
}
TEXT = yaml.safe_dump(SMALL, allow_unicode=True)
NOBODY: Callable[[KeyPair], None] = lambda _pair: None  # noqa: E731


one_storage = pytest.mark.parametrize("storage", ["sqlite and folder"], indirect=True)


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


NOTICE_TEXT = """\
id: closed
since: 2026-03-02
until: 2026-03-06
text:
  zh: "周五休息。"
  en: "The hall is closed on Friday."
"""


def of(version: str) -> set[tuple[str, str]]:
    return {(name, version) for name in NAMES}


@pytest.fixture(autouse=True)
def _no_lint(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether packages are sound is another test's matter, and takes most of the time here."""
    monkeypatch.setattr(loader, "lint", lambda _package: [])


@pytest.fixture
def world(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[World]:
    made = World(tmp_path, getattr(request, "param", datetime(2026, 3, 2, 1, 30, tzinfo=UTC)))
    made.publish("2027.1")
    made.refresh()
    yield made
    made.engine.dispose()


# what a terminal takes


def test_new_packages_take_the_place_of_the_old_ones_together(world: World) -> None:
    assert world.offered() == of("2027.1")
    assert not world.refresh()
    world.publish("2027.2")
    assert world.refresh()
    assert world.offered() == of("2027.2")


def test_only_what_is_new_is_fetched(world: World) -> None:
    world.publish("2027.1", [*NAMES, "another"])
    mirror = world.mirror()
    world.refresh(mirror)
    assert [kind(path) for path in mirror.asked if path.startswith(FILES)] == ["another.yaml"]
    world.publish("2027.1")
    mirror = world.mirror()
    world.refresh(mirror)
    assert world.offered() == of("2027.1")
    assert [path for path in mirror.asked if path.startswith(FILES)] == []


def test_notices_come_and_go_with_the_packages(world: World) -> None:
    (world.sources / "notices").mkdir()
    written = world.sources / "notices" / "closed.yaml"
    written.write_text(NOTICE_TEXT)
    world.publish("2027.2")
    assert world.refresh()
    assert world.offered() == of("2027.2")
    assert [n.text("en") for n in world.notices()] == ["The hall is closed on Friday."]
    (world.terminal / "current" / "notices" / "closed.yaml").write_text(NOTICE_TEXT.replace("Friday", "Monday"))
    assert world.notices() == []  # nobody but the publisher says what the hall says
    assert world.refresh()
    assert len(world.notices()) == 1
    written.unlink()
    world.publish("2027.3")
    assert world.refresh()
    assert world.notices() == []


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (("id: closed", "id: other"), "this is the notice other"),
        (("until: 2026-03-06", "until: 2026-02-06"), "it ends before it begins"),
        (('  en: "The hall is closed on Friday."\n', ""), "needs 1 to 160 characters in en"),
        (("周五休息。", "周" * 161), "needs 1 to 160 characters in zh"),
        (("since: 2026-03-02", "since: soon"), "since:"),
    ],
)
def test_an_unsound_notice_blocks_publishing(world: World, harm: tuple[str, str], said: str) -> None:
    (world.sources / "notices").mkdir()
    (world.sources / "notices" / "closed.yaml").write_text(NOTICE_TEXT.replace(*harm))
    with pytest.raises(ValueError, match=said) as refused:
        world.publish("2027.2")
    assert "notices/closed.yaml" in str(refused.value)


def test_a_notice_holds_on_its_first_and_on_its_last_day() -> None:
    notice = read(Notice, NOTICE_TEXT.encode())
    days = [date(2026, 3, day) for day in (1, 2, 6, 7)]
    assert [notice.holds(day) for day in days] == [False, True, True, False]


def test_staff_go_back_until_something_newer_comes(world: World) -> None:
    assert not go_back(world.terminal)
    world.publish("2027.2")
    world.refresh()
    assert go_back(world.terminal)
    assert world.offered() == of("2027.1")
    assert not world.refresh()
    assert not go_back(world.terminal)
    world.publish("2027.3")
    assert world.refresh()
    assert world.offered() == of("2027.3")


def test_a_technician_goes_back_by_a_command(world: World) -> None:
    config = world.folder / "terminal.toml"
    config.write_text(f'[paths]\nstate = "{world.folder}"\n')
    command = ["catalogue", "go-back", "--config", str(config)]
    assert CliRunner().invoke(app, command).exit_code == 1
    world.publish("2027.2")
    world.refresh()
    assert CliRunner().invoke(app, command).exit_code == 0
    assert world.offered() == of("2027.1")


@pytest.mark.parametrize("name", ["current", "previous", "sets", "metadata"])
def test_what_was_spoiled_on_the_disk_is_fetched_again(world: World, name: str) -> None:
    world.publish("2027.2")
    world.refresh()
    for path in (world.terminal / name).resolve().rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_bytes()[:-5])
    world.refresh()
    assert world.offered() == of("2027.2")


def test_a_package_that_was_added_on_the_disk_goes(world: World) -> None:
    folder = world.terminal / "current" / "catalogue"
    (folder / "added.yaml").write_bytes((folder / f"{NAMES[0]}.yaml").read_bytes())
    world.refresh()
    assert world.offered() == of("2027.1")


def test_a_number_that_no_root_has_does_no_harm(world: World) -> None:
    (world.terminal / "metadata" / "root_history" / "2.root.json").write_bytes(b"{}")
    world.publish("2027.2")
    assert world.refresh()
    assert world.offered() == of("2027.2")


# who may stand in the way


def refused(world: World, mirror: content.Source, why: str) -> None:
    before = world.offered()
    with pytest.raises(NotTaken, match=why):
        world.refresh(mirror)
    assert world.offered() == before


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


def kind(path: str) -> str:
    """The name without what stands before it: ``targets.json``, ``residence-permit.yaml``."""
    return path.rpartition("/")[2].partition(".")[2]


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


def test_metadata_is_written_durably(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []

    def noted(path: Path) -> Any:
        written.append(path.name)
        return whole_or_not(path)

    monkeypatch.setattr(content, "whole_or_not", noted)
    world.repository.rotate(ROOT, world.offline, NOBODY)
    world.publish("2027.2")
    world.refresh()
    assert written == ["2.root.json", "timestamp.json", "snapshot.json", "targets.json"]


# killed


class Killed(BaseException):
    """As by kill -9: nothing that follows is carried out either."""


class Killer:
    """Ends the process, as it were, at the Nth thing that it does to the disk."""

    def __init__(self) -> None:
        self.left: int | None = None
        sys.addaudithook(self._hook)

    def _hook(self, event: str, args: tuple[Any, ...]) -> None:
        if self.left is None:
            return
        changes = event in ("os.rename", "os.symlink", "os.remove", "os.mkdir", "os.rmdir")
        if changes or (event == "open" and isinstance(args[1], str) and ("w" in args[1] or "+" in args[1])):
            self.left -= 1
            if self.left < 0:
                raise Killed


KILLER = Killer()


def test_whenever_it_is_killed_the_old_set_or_the_new_one_is_there(world: World) -> None:
    world.publish("2027.2")
    mirror, seen = world.mirror(), set()
    for left in itertools.count():
        KILLER.left = left
        try:
            world.refresh(mirror)
        except Killed:
            pass
        else:
            break
        finally:
            KILLER.left = None
        offered = world.offered()
        seen.add(min(offered)[1])
        assert offered in (of("2027.1"), of("2027.2"))
        if offered == of("2027.2"):
            go_back(world.terminal)
            (world.terminal / "unwanted").unlink()
    assert left > 20
    assert seen == {"2027.1", "2027.2"}
    assert world.offered() == of("2027.2")


# keys


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
    key = _role_key(thief.speaking(role, world.root))
    until = world.clock.now() + timedelta(days=1)
    mirror = world.mirror()
    if role == ROOT:
        mirror[f"{METADATA}3.root.json"] = publishing.next_root(world.repository.root(), [key], until, {ROOT: key})
        refused(world, mirror, "UnsignedMetadata")
    else:
        online = _role_key(world.keys.publishing)
        targets = publishing.list_files(2_000_000_000, {}, until, key)
        snapshot = publishing.snapshot(2_000_000_000, targets, until, online)
        mirror[f"{METADATA}2000000000.targets.json"] = targets
        mirror[f"{METADATA}2000000000.snapshot.json"] = snapshot
        mirror[f"{METADATA}timestamp.json"] = publishing.timestamp(2_000_000_000, snapshot, until, online)
        refused(world, mirror, "UnsignedMetadata")


def _role_key(pair: KeyPair) -> RoleKey:
    return RoleKey(pair.suite, pair.secret, pair.public_bytes)


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
    first, second = (_role_key(world.offline.speaking(role, world.root)) for role in (TARGETS, ROOT))
    root = Metadata[Root].from_bytes(world.root)
    root.signed.version, root.signed.roles[TARGETS].threshold = 2, 2
    root.signed.add_key(second.public_key, TARGETS)
    root.sign(second)
    until, files = world.clock.now() + timedelta(days=1), {}
    for signers in ([first], [first, second]):
        listing = Metadata.from_bytes(publishing.list_files(2_000_000_000, files, until, signers[0]))
        for signer in signers[1:]:
            listing.sign(signer, append=True)
        targets, online = listing.to_bytes(), _role_key(world.keys.publishing)
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


# the platform


def test_what_is_published_stays_fresh_by_itself(world: World) -> None:
    for _ in range(24):
        world.clock.advance(3 * 3600)
        world.repository.keep_fresh()
        world.refresh()
    # 72 hours: two of them were signed.
    stamps = {int(row[0]) for row in _rows(world, "SELECT version FROM published_metadata WHERE role = 'timestamp'")}
    assert len(stamps) == 4
    for _ in range(17):
        world.clock.advance(5 * 86400)
        world.repository.keep_fresh()
    world.refresh()
    assert world.offered() == of("2027.1")
    assert len(_rows(world, "SELECT 1 FROM published_metadata")) <= 1 + 3 * 5
    # Without people the packages end, as they should.
    world.clock.advance(3 * 86400)
    world.repository.keep_fresh()
    refused_or_ended = load_catalogue(world.terminal / "current", world.root, world.clock.now())
    assert {left.fault.value for left in refused_or_ended.left_out} == {"expired"}
    with pytest.raises(NotTaken, match=r"Expired.*targets"):
        world.refresh()
    world.publish("2027.2")
    world.refresh()
    assert world.offered() == of("2027.2")


def _rows(world: World, query: str) -> list[Any]:
    with world.engine.connect() as connection:
        return list(connection.exec_driver_sql(query).all())


def test_files_that_nobody_lists_any_more_are_dropped(world: World) -> None:
    for n in range(2, 12):
        world.publish(f"2027.{n}")
    assert len(_rows(world, "SELECT 1 FROM published_file")) == 2 * 5
    world.refresh()
    assert world.offered() == of("2027.11")


def test_an_old_root_is_made_anew_with_the_next_publication(world: World) -> None:
    world.clock.advance(400 * 86400)
    world.publish("2028.1")
    assert publishing.expires(world.repository.root()) > world.clock.now() + timedelta(days=700)
    world.refresh()
    assert world.offered() == of("2028.1")


def test_a_process_whose_key_was_replaced_signs_nothing(world: World) -> None:
    other = Repository(world.engine, world.keys.publishing, world.clock, world.wheels)
    world.repository.rotate(TIMESTAMP, world.offline, NOBODY)
    world.clock.advance(86400 * 2)
    before = other.metadata("timestamp.json")
    other.keep_fresh()
    assert other.metadata("timestamp.json") == before
    with pytest.raises(KeysAway, match="replaced"):
        other.re_sign()
    world.repository.keep_fresh()
    assert other.metadata("timestamp.json") != before


def test_after_a_backup_is_restored_terminals_go_on_upwards(world: World, tmp_path: Path) -> None:
    back_up(world.engine, FolderBlobs(tmp_path / "blobs"), tmp_path / "backup")
    world.publish("2027.2")
    world.refresh()
    world.engine.dispose()
    world.engine = open_database(tmp_path / "again")
    restore(tmp_path / "backup", world.engine, FolderBlobs(tmp_path / "again" / "blobs"))
    world.repository = Repository(world.engine, world.keys.publishing, world.clock, world.wheels)
    refused(world, world.mirror(), "BadVersionNumber")
    world.publish("2027.3")
    assert world.refresh()
    assert world.offered() == of("2027.3")


def test_a_form_that_another_process_has_published_is_known(world: World) -> None:
    forms = Forms(world.engine)
    world.publish("2027.10")
    assert forms.get(NAMES[0], "2027.11") is None
    known = forms.get(NAMES[0], "2027.10")
    assert known is not None
    assert known.version == "2027.10"
    assert forms.titles.keys() == set(NAMES)


def test_every_process_serves_the_same(platform: Platform, terminal: Terminal) -> None:
    """On both databases, over HTTP."""
    other = Repository(platform.engine, platform.keys.publishing, platform.clock, platform.blobs)
    assert isinstance(platform.clock, ManualClock)
    platform.clock.advance(86400)
    other.publish(ASSETS / "catalogue", OfflineKeys(platform.folder / "offline"))
    for name in ("timestamp.json", "1.root.json", "2.root.json", "0.root.json", "1.timestamp.json", "x"):
        assert platform.repository.metadata(name) == other.metadata(name)
    before = terminal.content.joinpath("current").resolve()
    assert refresh(terminal.client, terminal.content, terminal.root, platform.clock.now())
    assert terminal.content.joinpath("current").resolve() != before
    assert terminal.content.joinpath("previous").resolve() == before
    for path in (f"{METADATA}2.root.json", f"{FILES}catalogue/none.yaml"):
        with pytest.raises(NotThere):
            list(terminal.client.pieces(path))


def test_many_processes_that_begin_and_sign_at_once_get_in_nobodys_way(storage: Storage, tmp_path: Path) -> None:
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "a.yaml").write_text(TEXT)
    clock, offline = ManualClock(), OfflineKeys(tmp_path / "offline")
    keys = load_or_create(tmp_path / "keys.json", clock)
    engines = [open_database(tmp_path / "hub", storage.database) for _ in range(3)]
    processes = [Repository(engine, keys.publishing, clock, FolderBlobs(tmp_path)) for engine in engines]

    def work(process: Repository) -> None:
        process.begin(tmp_path / "sources", offline)
        for _ in range(5):
            process.publish(tmp_path / "sources", offline)
            process.re_sign()

    with ThreadPoolExecutor() as threads:
        list(threads.map(work, processes))
    for role in (ROOT, TARGETS):
        offline.speaking(role, processes[0].root())

    class Served:
        def pieces(self, path: str) -> Iterator[bytes]:
            found = processes[1].metadata(path.removeprefix(METADATA)) or processes[2].file(path.removeprefix(FILES))
            if found is None:
                raise NotThere(path)
            yield found

    assert refresh(Served(), tmp_path / "content", processes[0].root(), clock.now())
    versions = json.loads(processes[0].metadata("timestamp.json") or b"")["signed"]
    assert versions["version"] == int(clock.now().timestamp()) + 3 * 10
    assert versions["meta"]["snapshot.json"]["version"] == versions["version"]
    for engine in engines:
        engine.dispose()


# clocks


@one_storage
@pytest.mark.parametrize("year", [2001, 2038])
def test_a_wrong_clock_takes_no_service_away(terminal: Terminal, year: int, monkeypatch: pytest.MonkeyPatch) -> None:
    trust = load_trust(terminal.content.parent / "platform.json")
    assert trust is not None
    wrong = ManualClock(datetime(year, 1, 1, tzinfo=UTC))
    terminal.client.ping()
    assert terminal.client.started is not None
    remember_start(terminal.store, terminal.client.started)
    now = expiry_time(terminal.store, trust, wrong)
    assert len(load_catalogue(terminal.content / "current", terminal.root, now).services) == 4
    assert abs(now - datetime.now(UTC)) < timedelta(minutes=5)
    # After a new start, and without the platform, nobody knows better than the clock.
    monkeypatch.setattr("kiosk.security.trust.boot_id", lambda: "another")
    assert expiry_time(terminal.store, trust, wrong) == wrong.now()


# the way there


def test_an_error_without_an_end_is_not_read_to_its_end() -> None:
    sent, tried = [0], threading.Event()

    class Endless(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(404)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            try:
                while sent[0] < 200_000_000:
                    sent[0] += self.wfile.write(b" " * 100_000)
            except OSError:
                tried.set()

        def log_message(self, *_args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Endless)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        with pytest.raises(NoNetwork):
            list(PlatformClient(f"http://127.0.0.1:{server.server_port}").pieces(f"{METADATA}2.root.json"))
        assert tried.wait(30)
        # What the system takes in advance lies between.
        assert sent[0] < 50_000_000
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@one_storage
def test_a_file_that_drips_is_given_up(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sync.client.LONGEST", -1.0)
    with pytest.raises(NoNetwork, match="slowly"):
        list(terminal.client.pieces(f"{METADATA}timestamp.json"))


@one_storage
def test_a_terminal_does_not_enrol_where_it_is_told_no_root(
    platform: Platform, terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Repository, "root", lambda _self: b"{}")
    folder = tmp_path / "other"
    with pytest.raises(NoNetwork):
        enrol(terminal.client, platform.desk.new_code(), "T02", folder / "credentials", folder / "platform.json", "")
    assert not folder.exists()


# the operator


def test_the_operator_publishes_and_changes_keys(tmp_path: Path) -> None:
    hub = ["hub", "--folder", str(tmp_path / "hub"), "--packages", str(tmp_path / "sources")]

    def run(*command: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, [*hub, *command])
        return done.exit_code, done.output

    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "a.yaml").write_text(TEXT)
    sources = str(tmp_path / "sources")
    assert run("publish", sources)[0] == 0
    files = {p.name: p.stat().st_mode & 0o777 for p in (tmp_path / "hub" / "offline").iterdir()}
    assert files == {"root.json": 0o600, "targets.json": 0o600}
    assert (tmp_path / "hub" / "offline").stat().st_mode & 0o777 == 0o700
    for role in ("root", "targets", "timestamp"):
        assert run("rotate-publisher", role)[0] == 0
    assert run("rotate-publisher", "queen") == (1, "roles: root, targets, timestamp\n")
    # The keys are taken away: the platform goes on, and nobody publishes there.
    (tmp_path / "hub" / "offline").rename(tmp_path / "safe")
    assert run("re-sign")[0] == 0
    code, said = run("publish", sources)
    assert (code, "key of targets is not in" in said) == (1, True)
    assert not (tmp_path / "hub" / "offline").exists()
    code, said = run("publish", sources, "--keys", str(tmp_path / "safe"))
    assert (code, "residence-permit" in said) == (0, True)
    (tmp_path / "sources" / "a.yaml").write_text(TEXT.replace("glyph:", "gliph:"))
    assert run("publish", sources, "--keys", str(tmp_path / "safe"))[0] == 1
    assert "no packages" in run("publish", str(tmp_path / "hub"), "--keys", str(tmp_path / "safe"))[1]
