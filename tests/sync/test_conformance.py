"""The conformance run: our platform holds all of it, and each planted fault is caught by its name."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, false, update
from typer.testing import CliRunner

from kiosk.cli import app
from kiosk.config import ASSETS
from kiosk.model.clock import SystemClock
from sync.conformance.report import Finding, Verdict
from sync.conformance.run import CHECKS, UNSEEN, conform
from sync.conformance.session import Session
from sync.conformance.wire import Wire
from sync.hub import blobs, door, feed, ingest
from sync.hub.door import Door
from sync.hub.ingest import Incoming, Ingest
from sync.hub.keys import PlatformKeys, load_or_create, save
from sync.hub.repository import Repository
from sync.hub.schema import cases, terminals
from sync.hub.senders import Senders
from sync.hub.services import Platform, open_platform
from sync.hub.terminals import TerminalDesk
from sync.protocol.envelope import Envelope
from sync.protocol.published import RoleKey
from sync.protocol.publishing import first_root
from sync.protocol.suites import suite
from sync.protocol.wire import KeyNotice, RecordAnswer, RecordStatus
from tests.sync.server import serving, unhurried

names = itertools.count(10)


def of_some_years(folder: Path, suite: str) -> Platform:
    """A platform that has changed its acknowledging key twice."""
    clock = SystemClock()
    keys = load_or_create(folder / "keys.json", clock, suite)
    save(folder / "keys.json", keys.succeeded(clock.now()).succeeded(clock.now()))
    return open_platform(folder, ASSETS / "catalogue", clock, suite)


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    opened = of_some_years(tmp_path_factory.mktemp("hub"), "intl")
    yield opened
    opened.engine.dispose()


@pytest.fixture(scope="module")
def url(platform: Platform) -> Iterator[str]:
    with unhurried(), serving(platform, opens=True) as address:
        yield address


def run(platform: Platform, url: str, suite: str = "intl") -> list[Finding]:
    code = platform.desk.new_code()
    return conform(Session(Wire(url), SystemClock(), code, f"C{next(names)}", suite))


def not_held(findings: list[Finding]) -> set[str]:
    return {f.check for f in findings if f.verdict == Verdict.NOT_HELD}


def test_our_platform_holds_everything_that_can_be_seen(platform: Platform, url: str) -> None:
    findings = run(platform, url)
    assert [f for f in findings if f.verdict != Verdict.HELD][: -len(UNSEEN)] == []
    assert len(findings) == len(CHECKS) + len(UNSEEN)
    assert {f.guarantee for f in findings} - {""} == {f"G{n}" for n in range(1, 15)}


def test_our_platform_holds_it_by_the_national_algorithms(tmp_path: Path) -> None:
    opened = of_some_years(tmp_path / "hub", "gm")
    with serving(opened, opens=True) as address:
        findings = run(opened, address, "gm")
    opened.engine.dispose()
    assert [f for f in findings if f.verdict != Verdict.HELD][: -len(UNSEEN)] == []


Plant = Callable[[pytest.MonkeyPatch], None]


def acknowledges_without_blobs(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ingest, "_whole", lambda records, _sizes: list(records))


def signs_a_repeat_anew(patch: pytest.MonkeyPatch) -> None:
    real = ingest._answer_known

    def answer(records: Any, known: Any) -> Any:
        apart = real(records, known)
        for r in records:
            if r.answer.status == RecordStatus.DUPLICATE:
                word = r.answer.acknowledgement.model_copy(update={"received": "2030-01-01T00:00:00+00:00"})
                r.answer = r.answer.model_copy(update={"acknowledgement": word})
        return apart

    patch.setattr(ingest, "_answer_known", answer)


def checks_no_digest(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(blobs, "_digest_of", lambda path, algorithm, _content: f"{algorithm}:{path.name}")


def takes_pieces_anywhere(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(blobs, "check_place", lambda *_: None)


def overwrites_on_conflict(patch: pytest.MonkeyPatch) -> None:
    real = Ingest._insert

    def insert(self: Ingest, connection: Any, new: Any) -> None:
        for n in new:
            terminal, case_id = n.record.key
            connection.execute(cases.delete().where(cases.c.terminal == terminal, cases.c.case_id == case_id))
        real(self, connection, new)

    real_known = ingest._known

    def known(connection: Any, keys: Any) -> Any:
        # Only what is the same counts as known: the newest content wins.
        found = real_known(connection, keys)
        return {k: v for k, v in found.items() if v[0] in digests}

    digests: set[str] = set()
    real_take = Ingest._take

    def take(self: Ingest, records: Any, *more: Any) -> None:
        digests.clear()
        digests.update(r.digest for r in records)
        real_take(self, records, *more)

    patch.setattr(Ingest, "_insert", insert)
    patch.setattr(Ingest, "_take", take)
    patch.setattr(ingest, "_known", known)


def calls_a_conflict_a_duplicate(patch: pytest.MonkeyPatch) -> None:
    def answer(records: Any, known: Any) -> Any:
        for r in records:
            word = ingest.Acknowledgement.model_validate_json(known[r.key][1])
            r.answer = RecordAnswer(status=RecordStatus.DUPLICATE, acknowledgement=word)
        return []

    patch.setattr(ingest, "_answer_known", answer)


def accepts_a_replay(patch: pytest.MonkeyPatch) -> None:
    real = TerminalDesk._beaten

    def beaten(self: TerminalDesk, connection: Any, beats: Any) -> Any:
        connection.execute(update(terminals).values(last_at=""))
        return real(self, connection, beats)

    patch.setattr(TerminalDesk, "_beaten", beaten)


def knows_no_time(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Senders, "_fresh", lambda *_: True)


def checks_no_signature(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("sync.hub.senders.SignedRequest.verified", lambda *_: True)


def takes_anothers_cases(patch: pytest.MonkeyPatch) -> None:
    real = door._incoming

    def incoming(request: Any) -> Any:
        found = real(request)
        if isinstance(found, Incoming):
            own = [
                r.model_copy(update={"terminal": request.terminal}) if isinstance(r, Envelope) else r
                for r in found.records
            ]
            return Incoming(request.terminal, own)
        return found

    patch.setattr(door, "_incoming", incoming)


def drops_unknown_fields(patch: pytest.MonkeyPatch) -> None:
    real = door._incoming

    def incoming(request: Any) -> Any:
        found = real(request)
        if not isinstance(found, Incoming):
            return found
        kept = set(Envelope.model_fields)
        records = [
            Envelope.model_validate(r.model_dump(include=kept)) if isinstance(r, Envelope) else r for r in found.records
        ]
        return Incoming(found.terminal, records)

    patch.setattr(door, "_incoming", incoming)


def one_bad_record_fails_the_batch(patch: pytest.MonkeyPatch) -> None:
    def incoming(request: Any) -> Any:
        batch = door._parsed(door.RecordBatch, request.body)
        return batch if isinstance(batch, door.Malformed) else Incoming(request.terminal, batch.records)

    patch.setattr(door, "_incoming", incoming)


def never_resets_a_cursor(patch: pytest.MonkeyPatch) -> None:
    real = feed.since

    def since(*args: Any) -> feed.Slice:
        found = real(*args)
        return feed.Slice(found.changes, found.cursor, found.more)

    patch.setattr(feed, "since", since)


def compares_no_chain(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(TerminalDesk, "_chain", lambda *_: door.HeartbeatAnswer.model_fields["chain"].default)


def signs_no_notice(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(KeyNotice, "signed", lambda self, *_: self)


def skips_a_succession(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(PlatformKeys, "successions_after", lambda self, _key_id: self.successions[1:])


def serves_other_files_than_it_signed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Repository, "file", lambda *_: b"id: another")


def names_another_root(patch: pytest.MonkeyPatch) -> None:
    now = datetime.now(UTC)
    root, targets, online = (RoleKey("intl", *suite("intl").new_signing_key()) for _ in range(3))
    patch.setattr(Repository, "root", lambda _self: first_root(root, targets, online, now + timedelta(days=1)))


def signs_each_word_over_nothing(patch: pytest.MonkeyPatch) -> None:
    real = ingest.acknowledgements

    def words(*args: Any) -> Any:
        return [word.model_copy(update={"path": []}) for word in real(*args)]

    patch.setattr(ingest, "acknowledgements", words)


def lets_a_code_work_twice(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("sync.hub.terminals.delete", lambda table: delete(table).where(false()))


def lets_anybody_upload(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Door, "upload", lambda *_: None)


@pytest.mark.parametrize(
    ("plant", "caught"),
    [
        (acknowledges_without_blobs, "blobs missing"),
        (signs_a_repeat_anew, "repeat"),
        (checks_no_digest, "wrong digest"),
        (takes_pieces_anywhere, "piece in another place"),
        (overwrites_on_conflict, "conflict"),
        (calls_a_conflict_a_duplicate, "conflict"),
        (accepts_a_replay, "repeated sign of life"),
        (knows_no_time, "expired request"),
        (checks_no_signature, "forged request"),
        (takes_anothers_cases, "another terminal's case"),
        (drops_unknown_fields, "unknown fields"),
        (one_bad_record_fails_the_batch, "bad beside good"),
        (never_resets_a_cursor, "feed reset"),
        (compares_no_chain, "chain"),
        (signs_no_notice, "key notice"),
        (skips_a_succession, "succession"),
        (serves_other_files_than_it_signed, "catalogue"),
        (names_another_root, "catalogue"),
        (signs_each_word_over_nothing, "tree"),
        (lets_a_code_work_twice, "code works once"),
        (lets_anybody_upload, "leave to upload"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_planted_fault_is_caught_by_name(
    platform: Platform, url: str, monkeypatch: pytest.MonkeyPatch, plant: Plant, caught: str
) -> None:
    plant(monkeypatch)
    assert caught in not_held(run(platform, url))


def test_the_command_prints_a_table_and_tells_by_its_exit_code(
    platform: Platform, url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def command(name: str) -> list[str]:
        out = str(tmp_path / "found.json")
        return ["conformance", url, "--code", platform.desk.new_code(), "--terminal", name, "--json", out]

    held = CliRunner().invoke(app, command("C01"))
    assert held.exit_code == 0, held.output
    assert "G2" in held.output
    found = json.loads((tmp_path / "found.json").read_text())
    assert {f["verdict"] for f in found["findings"]} == {"held", "not testable from outside"}
    serves_other_files_than_it_signed(monkeypatch)
    assert CliRunner().invoke(app, command("C02")).exit_code == 1
    nobody = CliRunner().invoke(app, ["conformance", "http://127.0.0.1:1", "--code", "x"])
    assert nobody.exit_code == 1
    assert CliRunner().invoke(app, ["conformance", url, "--code", "x", "--suite", "rot13"]).exit_code == 2
    assert CliRunner().invoke(app, ["conformance", url, "--code", "x", "--ca", "nowhere.pem"]).exit_code == 2
