import errno
import hashlib
from pathlib import Path

import pytest

from kiosk.ipc.device_messages import PrintState
from kiosk.store.audit import append, first_break
from kiosk.store.database import Store, StoreError, StoreTooNew
from kiosk.store.migrations import VERSION
from kiosk.store.pages import SealedFiles
from kiosk.store.print_ledger import PrintLedger

KEY = bytes(range(32))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "terminal.db", KEY)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_file_is_noise_without_the_key(store: Store) -> None:
    store.put("name", "测试甲 990000199003070013")
    store.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    raw = b"".join(p.read_bytes() for p in store.path.parent.iterdir())
    assert b"SQLite format" not in raw
    assert "测试甲".encode() not in raw


def test_a_newer_database_is_refused_and_not_touched(store: Store) -> None:
    store.db.conn.execute(f"PRAGMA user_version = {VERSION + 1}")
    store.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    store.close()
    before = _digest(store.path)
    with pytest.raises(StoreTooNew):
        Store(store.path, KEY)
    assert _digest(store.path) == before


@pytest.mark.parametrize("harm", ["key", "garbage", "half"])
def test_a_database_that_does_not_open_is_kept_as_it_is(store: Store, harm: str) -> None:
    store.put("a", "b")
    store.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    store.close()
    if harm == "garbage":
        store.path.write_bytes(b"not a database" * 1000)
    elif harm == "half":
        store.path.write_bytes(b"\0" * 2048 + store.path.read_bytes()[2048:])
    before = _digest(store.path)
    with pytest.raises(StoreError):
        Store(store.path, bytes(32) if harm == "key" else KEY)
    assert _digest(store.path) == before


def test_a_failed_transaction_leaves_nothing(store: Store) -> None:
    def half() -> None:
        with store.transaction():
            store.put("x", "1")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half()
    assert store.get("x", "none") == "none"


def test_durability_settings_are_in_force(store: Store) -> None:
    for pragma, value in (("journal_mode", "wal"), ("synchronous", 2), ("secure_delete", 1), ("wal_autocheckpoint", 0)):
        assert store.rows(f"PRAGMA {pragma}")[0][0] == value


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit SET detail = '{}' WHERE sequence = 3",
        "DELETE FROM audit WHERE sequence = 3",
        "UPDATE audit SET sequence = 99 WHERE sequence = 3",
    ],
)
def test_any_change_of_the_audit_chain_is_found(store: Store, change: str) -> None:
    for number in range(5):
        append(store, "2026-03-02", "test", {"n": str(number)})
    assert first_break(store) is None
    store.db.conn.execute(change)
    assert first_break(store) in (3, 4)


def test_a_print_job_that_ended_never_changes_again(store: Store) -> None:
    ledger = PrintLedger(store)
    assert ledger.copies("case") == 0
    ledger.queued("job", "case", "t")
    ledger.progress("job", PrintState.CONFIRMED, "t")
    ledger.progress("job", PrintState.FAILED, "t")
    assert ledger.state("job") == PrintState.CONFIRMED
    assert ledger.copies("case") == 1
    ledger.queued("second", "case", "t")
    assert ledger.end_orphans("t") == 1
    assert ledger.last_for("case") == ("second", PrintState.UNCERTAIN)


def test_files_that_no_row_names_are_swept(tmp_path: Path) -> None:
    files = SealedFiles(tmp_path / "sealed")
    names = files.write("case", {"body": b"1", "p1": b"2" * 9_000_000})
    (files.folder / "half.part").write_bytes(b"")
    assert files.sweep(set(names.values())) == 1
    files.remove(names["p1"])
    assert [p.name for p in files.kept()] == [names["body"]]


def test_what_was_staged_is_no_case_until_it_is_taken_in(tmp_path: Path) -> None:
    files = SealedFiles(tmp_path / "sealed")
    papers = files.stage("case", {"doc-photo": b"paper"})
    assert files.sweep(set()) == 0
    names = files.write("case", {"body": b"body"}, papers.values())
    assert {n: files.path(n).read_bytes() for n in (*names.values(), *papers.values())} == {
        "case.body": b"body",
        "case.doc-photo": b"paper",
    }
    files.stage("left", {"doc-photo": b"paper"})
    files.forget_staged()
    with pytest.raises(FileNotFoundError):
        files.write("left", {"body": b"body"}, ["left.doc-photo"])
    assert [p.name for p in files.kept()] == ["case.body", "case.doc-photo"]


def test_a_disk_that_is_full_before_a_case_is_handed_in_again_takes_nothing_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that died after the commit is followed by one that prepares the same case once more."""
    files = SealedFiles(tmp_path / "sealed")
    files.write("case", {"body": b"body", "doc-photo": b"paper"})

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "no room")

    monkeypatch.setattr("kiosk.store.pages.os.fsync", full)
    with pytest.raises(OSError, match="no room"):
        files.stage("case", {"doc-photo": b"again"})
    assert [p.name for p in files.kept()] == ["case.body", "case.doc-photo"]


def test_two_processes_may_write_at_once(store: Store) -> None:
    other = Store(store.path, KEY)
    for n in range(200):
        with (store if n % 2 else other).transaction() as db:
            db.conn.execute("INSERT INTO meta VALUES (?, '')", (f"k{n}",))
    assert len(store.rows("SELECT * FROM meta")) == 200
