"""Each kind of record has its time at the terminal; what waits or is open has none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kiosk.store.audit import append, first_break
from kiosk.store.database import Store
from kiosk.store.retention import Keep, forget

NOW = datetime(2026, 11, 26, 8, 0, tzinfo=UTC)


def days_ago(days: float) -> str:
    return (NOW - timedelta(days=days)).isoformat()


def test_only_what_is_closed_and_old_goes(tmp_path: Path) -> None:
    store = Store(tmp_path / "terminal.db", bytes(32))
    for case_id, state, age in (
        ("old-closed", "closed", 366),
        ("new-closed", "closed", 364),
        ("old-stored", "stored", 900),
        ("old-queued", "queued", 900),
        ("old-refused", "refused", 900),
    ):
        store.db.conn.execute(
            "INSERT INTO case_line VALUES (?, ?, 'service', ?, ?, NULL, '', NULL)",
            (case_id, f"T01-{case_id}", days_ago(age), state),
        )
    store.db.conn.execute("INSERT INTO outbox (case_id, sequence, envelope) VALUES ('old-queued', 1, '{}')")
    store.db.conn.execute("INSERT INTO print_job VALUES ('job-1', 'old-closed', 1, 'confirmed', ?)", (days_ago(31),))
    store.db.conn.execute("INSERT INTO print_job VALUES ('job-2', 'new-closed', 1, 'confirmed', ?)", (days_ago(29),))

    assert forget(store, NOW, Keep()) == 2

    left = {r[0] for r in store.rows("SELECT case_id FROM case_line")}
    assert left == {"new-closed", "old-stored", "old-queued", "old-refused"}
    assert [r[0] for r in store.rows("SELECT job FROM print_job")] == ["job-2"]
    assert first_break(store) is None
    assert [r[0] for r in store.rows("SELECT kind FROM audit")] == ["forgotten"]
    assert forget(store, NOW, Keep()) == 0
    assert len(store.rows("SELECT * FROM audit")) == 1
    store.close()


def test_old_entries_of_the_audit_record_go_and_the_rest_is_known_to_be_whole(tmp_path: Path) -> None:
    store = Store(tmp_path / "terminal.db", bytes(32))
    # The clock was wrong once: what stands after something young stays with it.
    for age in (1200, 1100, 1000, 1150, 10):
        append(store, days_ago(age), "test", {"age": str(age)})
    assert forget(store, NOW, Keep()) == 2
    assert [r[0] for r in store.rows("SELECT sequence FROM audit ORDER BY sequence")] == [3, 4, 5, 6]
    assert first_break(store) is None
    assert forget(store, NOW, Keep()) == 0
    append(store, days_ago(0), "test", {})
    later = NOW + timedelta(days=2000)
    assert forget(store, later, Keep()) == 5  # all that there was; what tells of it stays
    assert [r[0] for r in store.rows("SELECT kind FROM audit")] == ["forgotten"]
    append(store, later.isoformat(), "test", {})
    assert first_break(store) is None
    store.close()


@pytest.mark.parametrize("harm", ["DELETE FROM audit WHERE sequence = 3", "DELETE FROM audit WHERE kind = 'forgotten'"])
def test_more_missing_than_was_forgotten_is_found(tmp_path: Path, harm: str) -> None:
    store = Store(tmp_path / "terminal.db", bytes(32))
    for age in (1200, 1100, 1000, 10):
        append(store, days_ago(age), "test", {})
    assert forget(store, NOW, Keep()) == 2
    append(store, days_ago(0), "test", {})
    store.db.conn.execute(harm)
    assert first_break(store) is not None
    store.close()
