"""Faults of what a terminal keeps: its cases, its files, its numbers, their order and their time."""

from __future__ import annotations

import contextlib
from typing import Any
from unittest import mock

from kiosk.cases import submit
from kiosk.model import ids
from kiosk.store import cases as lines
from kiosk.store import pages, receipt_counter
from sync.protocol.wire import RecordStatus
from tests.fleet.plants.means import Patch, answered_now_and_then, instead


def gives_up() -> Patch:
    """Four tries, then the case is dropped."""

    def put_off(real: Any) -> Any:
        def tired(self: Any, next_at: Any) -> None:
            real(self, next_at)
            self._store.db.conn.execute("DELETE FROM outbox WHERE attempts >= 4")

        return tired

    return instead(lines.CaseRepository, "put_off", put_off)


def drops_the_oldest() -> Patch:
    """A queue of five; what does not fit falls out at the other end."""

    def added(real: Any) -> Any:
        def full(self: Any, envelope: Any, names: Any, tag: bytes) -> None:
            real(self, envelope, names, tag)
            self._store.db.conn.execute(
                "DELETE FROM outbox WHERE case_id NOT IN (SELECT case_id FROM outbox ORDER BY sequence DESC LIMIT 5)"
            )

        return full

    return instead(lines.CaseRepository, "insert", added)


def held_up_by_one() -> Patch:
    """Cases go in their order, and one that must wait holds up all behind it for ever."""

    def due(real: Any) -> Any:
        def strict(self: Any, now: float, most: int = 1) -> Any:
            rows = self._store.rows("SELECT case_id FROM outbox ORDER BY sequence LIMIT 1")
            first = rows[0][0] if rows else ""
            return [o for o in real(self, now, most) if o.envelope.case_id == first]

        return strict

    stack = contextlib.ExitStack()
    stack.enter_context(instead(lines.CaseRepository, "due", due))
    # The fourth case is one that the platform refuses: it stays first for ever.
    stack.enter_context(answered_now_and_then(RecordStatus.REFUSED, lambda number: number == 3))
    return stack


def waits_by_the_wall_clock_for_ever() -> Patch:
    """A try that a clock of 2038 has put off waits until 2038."""
    return mock.patch.object(lines, "LONGEST_WAIT", 10.0**12)


def sweeps_what_is_named() -> Patch:
    """At its start the agent clears the folder of all that is older."""
    return instead(pages.SealedFiles, "sweep", lambda real: lambda self, known: real(self, set()))


def sweeps_without_the_lock() -> Patch:
    """An agent that starts does not wait for a case that is just handed in, whose files no row names yet."""
    return instead(lines.CaseRepository, "sweep", lambda _real: lambda self: self._files.sweep(self.known_files()))


def epoch_kept_after_a_restore() -> Patch:
    """Receipt numbers go on from the old image's counter."""
    return instead(receipt_counter.ReceiptCounter, "_seen", lambda _real: lambda _self: 0)


def ids_from_the_clock() -> Patch:
    """A case's id is the second of the terminal's own clock."""
    from tests.fleet import world

    return instead(world, "new_id", lambda _real: lambda: f"case-{ids.new_id()[:7]}")


def resubmit_is_new() -> Patch:
    """Handing in the same draft again after a crash makes a second case."""
    from tests.fleet import world

    def again(real: Any) -> Any:
        def careless(self: Any, draft: Any, package: Any, language: str) -> Any:
            known = self._cases.line(draft.case_id) is not None
            made = draft.model_copy(update={"case_id": world.new_id()}) if known else draft
            if known:
                made.signature = made.signature.model_copy(update={"signed": made.content_digest()})
            return real(self, made, package, language)

        return careless

    return instead(submit.Intake, "submit", again)


PLANTS = (
    gives_up,
    drops_the_oldest,
    held_up_by_one,
    waits_by_the_wall_clock_for_ever,
    sweeps_what_is_named,
    sweeps_without_the_lock,
    epoch_kept_after_a_restore,
    ids_from_the_clock,
    resubmit_is_new,
)
