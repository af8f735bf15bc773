"""Backup and restore, tables for many servers, and the commands of ``kiosk hub``."""

from __future__ import annotations

import json
import shutil
import socket
import sqlite3
from pathlib import Path

import pytest
from litestar.testing import TestClient
from sqlalchemy import Column, Integer, MetaData, String, Table, UniqueConstraint, func, select
from typer.testing import CliRunner

from kiosk.cli import app
from kiosk.config import ASSETS
from kiosk.model.clock import ManualClock
from sync.hub import distribution, feed
from sync.hub.app import create_app
from sync.hub.backup import BackupError, back_up, restore
from sync.hub.keys import PlatformKeys
from sync.hub.schema import cases, changes, metadata
from sync.hub.senders import Refused
from sync.hub.services import Platform, Storage, open_platform
from sync.hub.vault import Reader
from sync.outbox import Sent
from sync.protocol.canonical import b64, digest
from sync.protocol.suites import suite
from sync.protocol.wire import BlobGrant, EnrolRequest, Heartbeat, Purpose
from tests.sync.conftest import Terminal
from tests.sync.postgres import Postgres

RUN = CliRunner()


def some_cases(terminal: Terminal, platform: Platform) -> list[str]:
    made = [terminal.submit() for _ in range(3)]
    assert terminal.outbox.send_next() == Sent.SENT
    platform.worker.work_off()
    return made


def test_a_backup_brings_everything_back_into_the_other_database(
    terminal: Terminal, platform: Platform, storage: Storage, server: Postgres, tmp_path: Path
) -> None:
    made = some_cases(terminal, platform)
    counted = back_up(platform.engine, platform.blobs, tmp_path / "backup")
    assert counted.blobs == 6
    assert b"private" not in b"".join(p.read_bytes() for p in (tmp_path / "backup").rglob("*") if p.is_file())
    folder = tmp_path / "again"
    folder.mkdir()
    shutil.copy(platform.folder / "keys.json", folder)
    other = Storage() if storage.database else Storage(server.url(f"again-{tmp_path.name[-20:]}"))
    again = open_platform(folder, ASSETS / "catalogue", platform.clock, storage=other)
    assert restore(tmp_path / "backup", again.engine, again.blobs) == counted
    for case_id in made:
        before = platform.vault.body("T01", case_id, Reader("tester", "check"))
        assert again.vault.body("T01", case_id, Reader("tester", "check")) == before
        document = again.vault.document("T01", case_id, "doc-photo", Reader("tester", "check"))
        assert document.startswith(b"%PDF")
    with pytest.raises(BackupError, match="not empty"):
        restore(tmp_path / "backup", again.engine, again.blobs)
    again.engine.dispose()


def test_a_second_backup_into_the_same_folder_adds_what_is_new(
    terminal: Terminal, platform: Platform, tmp_path: Path
) -> None:
    some_cases(terminal, platform)
    back_up(platform.engine, platform.blobs, tmp_path / "backup")
    some_cases(terminal, platform)
    assert back_up(platform.engine, platform.blobs, tmp_path / "backup").blobs == 12


def test_what_is_restored_gives_nothing_out_a_second_time(
    terminal: Terminal, platform: Platform, tmp_path: Path
) -> None:
    some_cases(terminal, platform)
    code = platform.desk.new_code()
    back_up(platform.engine, platform.blobs, tmp_path / "backup")
    some_cases(terminal, platform)
    with platform.engine.connect() as connection:
        read = feed.since(connection, feed.of_terminal("T01"), 0, 100).cursor
    again = open_platform(tmp_path / "again", ASSETS / "catalogue", platform.clock)
    restore(tmp_path / "backup", again.engine, again.blobs)
    with again.engine.begin() as connection:
        # As many changes as were lost, and others.
        feed.append(connection, feed.of_terminal("T01"), [("closed", f"case-{n}") for n in range(4)], "2026-01-01")
        assert feed.since(connection, feed.of_terminal("T01"), read, 100).reset
        now = feed.since(connection, feed.of_terminal("T01"), read, 100).cursor
        feed.append(connection, feed.of_terminal("T01"), [("closed", "case-9")], "2026-01-01")
        assert [c.subject for c in feed.since(connection, feed.of_terminal("T01"), now, 100).changes] == ["case-9"]
    asked = EnrolRequest(code=code, terminal="T02", suite="intl", public_key=b64(suite("intl").new_signing_key()[1]))
    with pytest.raises(Refused, match="unknown_code"):
        again.desk.enrol(asked)
    again.engine.dispose()


def test_a_damaged_backup_is_told(terminal: Terminal, platform: Platform, tmp_path: Path) -> None:
    some_cases(terminal, platform)
    back_up(platform.engine, platform.blobs, tmp_path / "backup")
    file = min((tmp_path / "backup" / "blobs").iterdir())
    content = file.read_bytes()
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    again = open_platform(tmp_path / "again", ASSETS / "catalogue", platform.clock)
    with pytest.raises(BackupError, match="damaged"):
        restore(tmp_path / "backup", again.engine, again.blobs)
    with again.engine.connect() as connection:
        assert not connection.scalar(select(func.count()).select_from(cases))
    file.write_bytes(content)
    rows = tmp_path / "backup" / "rows.zip"
    whole = rows.read_bytes()
    rows.write_bytes(whole[:200] + bytes([whole[200] ^ 255]) * 40 + whole[240:])
    with pytest.raises(BackupError):
        restore(tmp_path / "backup", again.engine, again.blobs)
    rows.write_bytes(whole)
    assert restore(tmp_path / "backup", again.engine, again.blobs).blobs == 6
    again.engine.dispose()
    with pytest.raises(BackupError):
        restore(tmp_path / "nowhere", again.engine, again.blobs)


# many servers


def test_the_tables_can_be_spread() -> None:
    assert distribution.faults() == []
    spread = distribution.statements()
    assert len(spread) == len(metadata.tables)
    for table in metadata.tables.values():
        assert sum(f"'{table.name}'" in s.split(",")[0] for s in spread) == 1
    for name, column in distribution.COLOCATED.items():
        assert distribution.key_of(metadata.tables[name]) == column


def test_tables_that_cannot_be_spread_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    bad = MetaData()
    Table("bare", bad, Column("x", Integer))
    Table("counted", bad, Column("id", Integer, primary_key=True, autoincrement=True), Column("n", String, unique=True))
    Table("twice", bad, Column("a", Integer, primary_key=True), Column("b", Integer, index=True, unique=True))
    Table("more", bad, Column("a", String, primary_key=True), Column("b", Integer), UniqueConstraint("b"))
    monkeypatch.setattr(distribution, "metadata", bad)
    found = "\n".join(distribution.faults())
    assert "bare has no primary key" in found
    assert "counted.id is drawn from a sequence" in found
    assert "counted.n is unique" in found
    assert "twice" in found
    assert "more" in found


# commands


def test_what_an_operator_types(tmp_path: Path) -> None:
    hub = ["hub", "--folder", str(tmp_path / "hub")]
    code = RUN.invoke(app, [*hub, "code"])
    assert (code.exit_code, len(code.stdout.strip())) == (0, 16)
    assert RUN.invoke(app, [*hub, "revoke", "T01"]).exit_code == 1
    old = PlatformKeys.model_validate_json((tmp_path / "hub" / "keys.json").read_bytes())
    assert RUN.invoke(app, [*hub, "rotate-key"]).exit_code == 0
    new = PlatformKeys.model_validate_json((tmp_path / "hub" / "keys.json").read_bytes())
    assert new.sealing[1:] == old.sealing
    assert RUN.invoke(app, [*hub, "rotate-key", "--stolen", "x"]).exit_code == 1
    unknown = RUN.invoke(app, [*hub, "rotate-key", "--acknowledging", "--stolen", "x"])
    assert (unknown.exit_code, old.acknowledging.key_id in unknown.stderr) == (1, True)
    stolen = [*hub, "rotate-key", "--acknowledging", "--stolen", old.acknowledging.key_id]
    assert "believe 0 older" in RUN.invoke(app, stolen).stdout
    assert "1 kept" not in RUN.invoke(app, [*hub, "retire-keys", "--days", "30"]).stdout
    assert RUN.invoke(app, [*hub, "retire-keys", "--days", "1"]).exit_code == 2
    assert RUN.invoke(app, [*hub, "back-up", str(tmp_path / "backup")]).exit_code == 0
    fresh = ["hub", "--folder", str(tmp_path / "fresh")]
    assert "keys" in RUN.invoke(app, [*fresh, "restore", str(tmp_path / "backup")]).stderr
    shown = RUN.invoke(app, ["hub", "--folder", str(tmp_path / "hub"), "migrate", "--citus", "--show"])
    assert "create_distributed_table('terminal', 'terminal');" in shown.stdout
    assert RUN.invoke(app, [*hub, "migrate", "--citus"]).exit_code == 1
    assert RUN.invoke(app, ["hub", "--folder", str(tmp_path), "--database", "mysql://x", "code"]).exit_code == 1
    assert "no terminal T09" in RUN.invoke(app, [*hub, "code", "--replaces", "T09"]).stderr
    nowhere = {"--folder": "/dev/null/x", "--database": "postgresql://x@127.0.0.1:1/x"}
    for option, value in nowhere.items():
        failed = RUN.invoke(app, ["hub", "--folder", str(tmp_path / "hub"), option, value, "code"])
        assert (failed.exit_code, type(failed.exception), bool(failed.stderr)) == (1, SystemExit, True)
    assert "server.pem: there is no such file" in RUN.invoke(app, [*hub, "--tls", str(tmp_path)]).stderr


def test_what_a_technician_reads_whose_terminal_is_not_enrolled(platform: Platform, url: str, tmp_path: Path) -> None:
    code = platform.desk.new_code()

    def enrolling(with_code: str, state: str = "first", more: str = "") -> str:
        settings = tmp_path / "terminal.toml"
        platform_section = f'[platform]\nurl = "{url}"\n{more}'
        settings.write_text(f'[terminal]\ncode = "T07"\n[paths]\nstate = "{tmp_path / state}"\n{platform_section}')
        tried = RUN.invoke(app, ["enrol", with_code, "--config", str(settings), "--staff-pin", "1"])
        assert isinstance(tried.exception, SystemExit | None)
        return tried.output

    assert "knows no such code" in enrolling("0" * 16)
    assert "is no code" in enrolling("登记码")
    assert "nowhere.pem: No such file" in enrolling(code, more='ca = "nowhere.pem"\n')
    assert "uses the other suite" in enrolling(code, more='suite = "gm"\n')
    assert enrolling(code) == "enrolled as T07\n"
    assert "has an identity already" in enrolling(code)
    # Cut off after the platform had taken the keys, and before it was written down whom to trust.
    before = {p.name: p.read_bytes() for p in (tmp_path / "first" / "credentials").iterdir()}
    (tmp_path / "first" / "platform.json").unlink()
    assert enrolling(platform.desk.new_code(replaces="T07")) == "enrolled as T07\n"
    left = tmp_path / "first" / "credentials.cut-off-1"
    assert {p.name: p.read_bytes() for p in left.iterdir()} == before
    assert "code --replaces T07" in enrolling(platform.desk.new_code(), "second")


def test_what_is_wrong_is_told_in_a_line(tmp_path: Path, server: Postgres) -> None:
    def told(*options: str, folder: str = "hub") -> str:
        ended = RUN.invoke(app, ["hub", "--folder", str(tmp_path / folder), *options])
        assert isinstance(ended.exception, SystemExit), ended.exception
        assert (ended.exit_code, ended.stderr.count("\n")) == (1, 1), ended.stderr
        return ended.stderr

    assert RUN.invoke(app, ["hub", "--folder", str(tmp_path / "hub"), "code"]).exit_code == 0
    assert "no terminal T9" in told("code", "--replaces", "T9")
    refused = told("--database", "postgresql://somebody:hidden@127.0.0.1:1/x", "code")
    assert "the database: " in refused
    assert "hidden" not in refused
    assert "the bucket" in told("--blobs", "s3://", "code")
    (tmp_path / "file").write_text("x")
    assert "exists" in told("code", folder="file")
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "keys.json").write_text('{"sealing": [{"private": "hidden"}]}')
    damaged = told("code", folder="damaged")
    assert "keys.json is damaged" in damaged
    assert "hidden" not in damaged
    (tmp_path / "torn").mkdir()
    (tmp_path / "torn" / "platform.db").write_text("no database" * 100)
    assert "not a database" in told("code", folder="torn")
    assert "create_reference_table" in told(
        "--database", server.url(f"plain-{tmp_path.name[-20:]}"), "migrate", "--citus"
    )
    assert "user name" in told("user", " ", "--password", "long enough by far")
    assert "server.pem" in told("--tls", str(tmp_path))
    assert "IP address" in told("--host", "hub.example")
    departments = '[one]\nurl = "http://127.0.0.1"\nservices = ["x"]\ntoken_file = "/nowhere"\n'
    (tmp_path / "hub" / "departments.toml").write_text(departments)
    assert "/nowhere" in told("code")


@pytest.mark.parametrize("shared", [False, True])
def test_no_platform_shares_the_port_of_another(tmp_path: Path, shared: bool) -> None:
    with socket.socket() as other:
        if shared:
            # As the server itself does it: the kernel would give each of the two a part of the connections.
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        ended = RUN.invoke(app, ["hub", "--folder", str(tmp_path / "hub"), "--port", port])
    assert (ended.exit_code, "in use" in ended.stderr) == (1, True)
    assert not (tmp_path / "hub").exists()


def test_an_older_database_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "hub").mkdir()
    with sqlite3.connect(tmp_path / "hub" / "platform.db") as old:
        old.execute("CREATE TABLE case_record (case_id TEXT)")
    old.close()
    told = RUN.invoke(app, ["hub", "--folder", str(tmp_path / "hub"), "code"])
    assert told.exit_code == 1
    assert "older than this program" in told.stderr


def test_json_of_the_backup_is_plain(terminal: Terminal, platform: Platform, tmp_path: Path) -> None:
    some_cases(terminal, platform)
    back_up(platform.engine, platform.blobs, tmp_path / "backup")
    shutil.unpack_archive(tmp_path / "backup" / "rows.zip", tmp_path / "rows")
    lines = (tmp_path / "rows" / "case_record.jsonl").read_text().splitlines()
    with platform.engine.connect() as connection:
        stored = {r.case_id: r.envelope for r in connection.execute(select(cases))}
    assert {json.loads(line)["case_id"]: json.loads(line)["envelope"] for line in lines} == stored


# numbers


def test_numbers_for_who_knows_the_token_and_nobody_else(terminal: Terminal, platform: Platform) -> None:
    some_cases(terminal, platform)
    terminal.submit()
    beat = terminal.sign(Purpose.HEARTBEAT, Heartbeat(backlog=1))
    with TestClient(create_app(platform, opens=False, metrics_token="secret")) as client:
        assert client.post("/v1/heartbeat", content=beat.model_dump_json()).status_code == 200
        assert client.get("/metrics").status_code == 403
        assert client.get("/metrics", headers={"Authorization": "Bearer other"}).status_code == 403
        said = client.get("/metrics", headers={"Authorization": "Bearer secret"}).text
    assert 'bianmin_cases{state="accepted"} 3.0' in said
    assert 'bianmin_terminals{health="heard"} 1.0' in said
    assert "bianmin_backlog_cases 1.0" in said
    assert 80 * 86400 < float(said.split("bianmin_packages_seconds ")[-1].split()[0]) <= 90 * 86400
    assert 'bianmin_group_requests_count{kind="heartbeats"} 1.0' in said
    with TestClient(create_app(platform, opens=False)) as client:
        assert client.get("/metrics").status_code == 404


def test_nobody_fills_the_disk_without_a_terminals_leave(terminal: Terminal, platform: Platform) -> None:
    data = b"some sealed bytes"
    name, place = digest(data), {"Upload-Offset": "0", "Upload-Length": str(len(data))}

    def leave(purpose: Purpose = Purpose.BLOB, size: int = len(data)) -> dict[str, str]:
        return {"Authorization": terminal.sign(purpose, BlobGrant(digest=name, size=size)).as_header()}

    with TestClient(create_app(platform, opens=False)) as client:
        for bad in (
            {},
            {"Authorization": "Bianmin !"},
            {"Authorization": "Basic x"},
            leave(size=3),
            leave(Purpose.RATINGS),
        ):
            answer = client.patch(f"/v1/blobs/{name}", content=data, headers=place | bad)
            assert answer.status_code == 403
        assert platform.blobs.offset(name) == (0, False)
        good = leave()
        assert client.patch(f"/v1/blobs/{name}", content=data, headers=place | good).status_code == 204
        platform.desk.revoke("T01", "admin")
        platform.door._leaves.clear()
        again = client.patch(f"/v1/blobs/{name}", content=data, headers=place | good)
        assert (again.status_code, again.json()["reason"]) == (403, "revoked")


def test_what_is_of_no_case_goes_in_time(terminal: Terminal, platform: Platform) -> None:
    some_cases(terminal, platform)
    platform.desk.new_code()
    clock = platform.clock
    assert isinstance(clock, ManualClock)
    assert platform.housekeeping.work() == 0
    stamp = platform.repository.metadata("timestamp.json")
    clock.advance(91 * 86400)
    assert platform.housekeeping.work() == 3  # two of three changes, and the code
    assert platform.repository.metadata("timestamp.json") != stamp  # what is published is said again
    with platform.engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(cases)) == 3
        assert connection.scalar(select(func.count()).select_from(changes)) == 1
    assert platform.housekeeping.work() == 0
