"""The platform's part: what is published stays fresh, over processes, backups and the operator's hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kiosk.catalogue.loader import load_catalogue
from kiosk.cli import app
from kiosk.config import ASSETS
from kiosk.model.clock import ManualClock
from sync.client import NotThere
from sync.content import FILES, METADATA, NotTaken, refresh
from sync.hub.backup import back_up, restore
from sync.hub.blobs import FolderBlobs
from sync.hub.database import open_database
from sync.hub.forms import Forms
from sync.hub.keys import load_or_create
from sync.hub.repository import KeysAway, OfflineKeys, Repository
from sync.hub.services import Platform, Storage
from sync.protocol import publishing
from sync.protocol.published import ROOT, TARGETS, TIMESTAMP
from tests.sync.conftest import Terminal
from tests.sync.published.world import NAMES, NOBODY, TEXT, World, of, refused, rows


def test_what_is_published_stays_fresh_by_itself(world: World) -> None:
    for _ in range(24):
        world.clock.advance(3 * 3600)
        world.repository.keep_fresh()
        world.refresh()
    # 72 hours: two of them were signed.
    stamps = {int(row[0]) for row in rows(world, "SELECT version FROM published_metadata WHERE role = 'timestamp'")}
    assert len(stamps) == 4
    for _ in range(17):
        world.clock.advance(5 * 86400)
        world.repository.keep_fresh()
    world.refresh()
    assert world.offered() == of("2027.1")
    assert len(rows(world, "SELECT 1 FROM published_metadata")) <= 1 + 3 * 5
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


def test_files_that_nobody_lists_any_more_are_dropped(world: World) -> None:
    for n in range(2, 12):
        world.publish(f"2027.{n}")
    assert len(rows(world, "SELECT 1 FROM published_file")) == 2 * 5
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
