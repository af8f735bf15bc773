"""Faults planted into store, outbox, protocol and platform, one at a time: the simulation must see each of them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from unittest import mock

from kiosk.model import ids
from kiosk.store import cases as lines
from kiosk.store import pages, receipt_counter
from sync import outbox
from sync.client import NoNetwork
from sync.hub import blobs, ingest, opening
from sync.protocol.envelope import Acknowledgement, acknowledgements
from sync.protocol.wire import RecordAnswer, RecordStatus

Patch = contextlib.AbstractContextManager[Any]


def _instead(owner: Any, name: str, made: Callable[[Any], Any]) -> Patch:
    """``made`` gets what is there and gives what stands in its place."""
    return mock.patch.object(owner, name, made(getattr(owner, name)))


def no_unique_key() -> Patch:
    """The platform takes whatever comes as new: a repeat is another case."""
    count = iter(range(10**9))

    def row(real: Any) -> Any:
        def careless(r: Any, word: Any, received: str) -> Any:
            made = real(r, word, received)
            return made | {"case_id": f"{made['case_id']}/{next(count)}"}

        return careless

    stack = contextlib.ExitStack()
    stack.enter_context(_instead(ingest, "_known", lambda _real: lambda _connection, _keys: {}))
    stack.enter_context(_instead(ingest, "_row", row))
    return stack


def answers_before_it_stores() -> Patch:
    """The platform's word goes out first; a crash in between, every tenth time, loses the cases."""
    count = iter(range(10**9))

    def take(real: Any) -> Any:
        def hasty(self: Any, connection: Any, new: Any) -> None:
            if next(count) % 10 != 9:
                real(self, connection, new)
                return
            for n in new:
                n.record.answer = _stored(self, n.record.envelope)

        return hasty

    return _instead(ingest.Ingest, "_insert", take)


def repeat_is_a_conflict() -> Patch:
    """A repeat is answered like another content."""

    def known(real: Any) -> Any:
        def strict(records: Any, stored: Any) -> Any:
            apart = real(records, stored)
            for r in records:
                r.answer = RecordAnswer(status=RecordStatus.CONFLICT)
            return apart

        return strict

    return _instead(ingest, "_answer_known", known)


def digest_not_checked() -> Patch:
    """A file is complete once it has its length."""
    return _instead(blobs, "_digest_of", lambda _real: lambda path, algorithm, _content: f"{algorithm}:{path.name}")


def offset_ahead_of_the_bytes() -> Patch:
    """The place to go on at is a number kept apart from the file, and one piece ahead of it."""

    def append(real: Any) -> Any:
        def careless(self: Any, digest: str, offset: int, data: bytes, total: int) -> Any:
            part = self._folder / "parts" / blobs.name_of(digest)
            have = part.stat().st_size if part.exists() else 0
            if have < offset:  # what is missing is filled up
                with part.open("ab") as out:
                    out.write(bytes(offset - have))
            return real(self, digest, offset, data, total)

        return careless

    def ahead(real: Any) -> Any:
        def careless(self: Any, digest: str) -> tuple[int, bool]:
            place, complete = real(self, digest)
            return (place + 100 if place > 0 and not complete else place), complete

        return careless

    stack = contextlib.ExitStack()
    stack.enter_context(_instead(blobs.FolderBlobs, "append", append))
    stack.enter_context(_instead(blobs.FolderBlobs, "offset", ahead))
    return stack


def believes_any_answer() -> Patch:
    """ "Stored" is believed without the platform's signature: what any portal can say."""

    def genuine(real: Any) -> Any:
        def trusting(self: Any, outgoing: Any, answer: RecordAnswer) -> Any:
            unsigned = answer.status == RecordStatus.STORED and answer.acknowledgement is None
            return _word(outgoing) if unsigned else real(self, outgoing, answer)

        return trusting

    return _instead(outbox.Outbox, "_genuine", genuine)


def sent_before_the_answer() -> Patch:
    """A case counts as sent once it is on its way."""

    def deliver(real: Any) -> Any:
        def hasty(self: Any, ready: Any) -> Any:
            try:
                return real(self, ready)
            except NoNetwork:
                self.cases.acknowledged([_word(outgoing) for outgoing in ready], "")
                raise

        return hasty

    return _instead(outbox.Outbox, "_deliver", deliver)


def later_is_done() -> Patch:
    """ "Later" is taken for done."""

    def settle(real: Any) -> Any:
        def careless(self: Any, ready: Any, answers: Any, now: float) -> Any:
            later = [o for o, answer in zip(ready, answers, strict=True) if answer.status == RecordStatus.LATER]
            self.cases.acknowledged([_word(outgoing) for outgoing in later], "")
            return real(self, ready, answers, now)

        return careless

    stack = contextlib.ExitStack()
    stack.enter_context(_instead(outbox.Outbox, "_settle", settle))
    # A platform that is busy now and then, so that there is a "later".
    stack.enter_context(_answered_now_and_then(RecordStatus.LATER, lambda number: number % 7 == 0))
    return stack


def gives_up() -> Patch:
    """Four tries, then the case is dropped."""

    def put_off(real: Any) -> Any:
        def tired(self: Any, next_at: Any) -> None:
            real(self, next_at)
            self._store.db.conn.execute("DELETE FROM outbox WHERE attempts >= 4")

        return tired

    return _instead(lines.CaseRepository, "put_off", put_off)


def drops_the_oldest() -> Patch:
    """A queue of five; what does not fit falls out at the other end."""

    def added(real: Any) -> Any:
        def full(self: Any, envelope: Any, names: Any, tag: bytes) -> None:
            real(self, envelope, names, tag)
            self._store.db.conn.execute(
                "DELETE FROM outbox WHERE case_id NOT IN (SELECT case_id FROM outbox ORDER BY sequence DESC LIMIT 5)"
            )

        return full

    return _instead(lines.CaseRepository, "insert", added)


def wipes_before_the_answer() -> Patch:
    """The files go once they are sent."""

    def deliver(real: Any) -> Any:
        def hasty(self: Any, outgoing: Any) -> None:
            real(self, outgoing)
            for name in outgoing.files.values():
                self._files.remove(name)

        return hasty

    return _instead(outbox.Outbox, "_send_files", deliver)


def sweeps_what_is_named() -> Patch:
    """At its start the agent clears the folder of all that is older."""
    return _instead(pages.SealedFiles, "sweep", lambda real: lambda self, known: real(self, set()))


def epoch_kept_after_a_restore() -> Patch:
    """Receipt numbers go on from the old image's counter."""
    return _instead(receipt_counter.ReceiptCounter, "_seen", lambda _real: lambda _self: 0)


def ids_from_the_clock() -> Patch:
    """A case's id is the second of the terminal's own clock."""
    from tests.fleet import world

    return _instead(world, "new_id", lambda _real: lambda: f"case-{ids.new_id()[:7]}")


def resubmit_is_new() -> Patch:
    """Handing in the same draft again after a crash makes a second case."""
    from kiosk.cases import submit
    from tests.fleet import world

    def again(real: Any) -> Any:
        def careless(self: Any, draft: Any, package: Any, language: str) -> Any:
            known = self._cases.line(draft.case_id) is not None
            made = draft.model_copy(update={"case_id": world.new_id()}) if known else draft
            if known:
                made.signature = made.signature.model_copy(update={"signed": made.content_digest()})
            return real(self, made, package, language)

        return careless

    return _instead(submit.Intake, "submit", again)


def held_up_by_one() -> Patch:
    """Cases go in their order, and one that must wait holds up all behind it for ever."""

    def due(real: Any) -> Any:
        def strict(self: Any, now: float, most: int = 1) -> Any:
            rows = self._store.rows("SELECT case_id FROM outbox ORDER BY sequence LIMIT 1")
            first = rows[0][0] if rows else ""
            return [o for o in real(self, now, most) if o.envelope.case_id == first]

        return strict

    stack = contextlib.ExitStack()
    stack.enter_context(_instead(lines.CaseRepository, "due", due))
    # The fourth case is one that the platform refuses: it stays first for ever.
    stack.enter_context(_answered_now_and_then(RecordStatus.REFUSED, lambda number: number == 3))
    return stack


def waits_by_the_wall_clock_for_ever() -> Patch:
    """A try that a clock of 2038 has put off waits until 2038."""
    return mock.patch.object(lines, "LONGEST_WAIT", 10.0**12)


def taken_up_for_ever() -> Patch:
    """A case that a process had taken up when it was killed belongs to it for ever."""
    return mock.patch.object(opening, "LEASE", 10.0**12)


def answer_for_another_case() -> Patch:
    """The signed word for one case is taken for another."""
    last: list[Any] = []

    def genuine(real: Any) -> Any:
        def mixed(self: Any, outgoing: Any, answer: RecordAnswer) -> Any:
            if answer.acknowledgement is not None:
                last.append(answer.acknowledgement)
            elif answer.status == RecordStatus.STORED and last:
                return last[-1].model_copy(update={"case_id": outgoing.envelope.case_id})
            return real(self, outgoing, answer)

        return mixed

    return _instead(outbox.Outbox, "_genuine", genuine)


def answers_in_another_order() -> Patch:
    """The answers to a batch come in another order than its records."""

    def receive(real: Any) -> Any:
        def mixed(self: Any, batches: Any) -> Any:
            return [a.model_copy(update={"answers": a.answers[::-1]}) for a in real(self, batches)]

        return mixed

    return _instead(ingest.Ingest, "receive", receive)


def one_bad_record_fails_the_batch() -> Patch:
    """A batch with a record that is refused is answered by an error as a whole, and so are the good ones in it."""
    refused: set[str] = set()
    count = iter(range(10**9))

    def receive(real: Any) -> Any:
        def strict(self: Any, batches: Any) -> Any:
            for record in (r for batch in batches for r in batch.records):
                if next(count) == 3:
                    refused.add(record.case_id)
                if record.case_id in refused:
                    raise OSError("a record of the batch is refused")
            return real(self, batches)

        return strict

    return _instead(ingest.Ingest, "receive", receive)


def _stored(self: Any, envelope: Any) -> RecordAnswer:
    """The platform's word on one record, true or not."""
    key = self._keys.acknowledging
    said = [(envelope.case_id, envelope.digest())]
    words = acknowledgements(said, key.suite, key.key_id, key.secret, self._clock.now().isoformat())
    return RecordAnswer(status=RecordStatus.STORED, acknowledgement=words[0])


def _answered_now_and_then(status: RecordStatus, when: Callable[[int], bool]) -> Patch:
    """The platform answers single records with ``status`` without looking at them."""
    count = iter(range(10**9))

    def looked_at(real: Any) -> Any:
        def moody(self: Any, given: Any, terminal: str, noted: Any, apart: Any) -> Any:
            if when(next(count)):
                return RecordAnswer(status=status)
            return real(self, given, terminal, noted, apart)

        return moody

    return _instead(ingest.Ingest, "_looked_at", looked_at)


def _word(outgoing: Any) -> Acknowledgement:
    e = outgoing.envelope
    received = "2026-03-02T00:00:00+00:00"
    return Acknowledgement(suite="intl", key_id="", case_id=e.case_id, envelope=e.digest(), received=received)


PLANTS: dict[str, Callable[[], Patch]] = {
    made.__name__: made
    for made in (
        no_unique_key,
        answers_before_it_stores,
        repeat_is_a_conflict,
        digest_not_checked,
        offset_ahead_of_the_bytes,
        believes_any_answer,
        sent_before_the_answer,
        later_is_done,
        gives_up,
        drops_the_oldest,
        wipes_before_the_answer,
        sweeps_what_is_named,
        epoch_kept_after_a_restore,
        ids_from_the_clock,
        resubmit_is_new,
        held_up_by_one,
        waits_by_the_wall_clock_for_ever,
        taken_up_for_ever,
        answer_for_another_case,
        answers_in_another_order,
        one_bad_record_fails_the_batch,
    )
}


MORE_OF: dict[str, dict[str, float]] = {
    "epoch_kept_after_a_restore": {"disk_restored": 0.5},
    "gives_up": {"request_lost": 0.08},
    "sent_before_the_answer": {"request_lost": 0.15},
    "taken_up_for_ever": {"opening_killed": 0.5},
    "waits_by_the_wall_clock_for_ever": {"clock_jump": 0.7, "request_lost": 0.1},
}
"""What must happen more often than by itself for a small world to meet a fault."""


LOSES = {"held_up_by_one": 2, "one_bad_record_fails_the_batch": 2}
"""Faults that come with one record that is refused on purpose: so many cases at least must be seen as lost."""
SEEDS, SUBMISSIONS = range(1, 9), 150
"""Worlds that a fault is looked for in, and the size of each: not every small world meets every misfortune."""


@dataclass(frozen=True)
class Seen:
    """In which world a planted fault was noticed, and what the world said."""

    seed: int
    problems: list[str]

    def __str__(self) -> str:
        return f"seed {self.seed}, {len(self.problems)} problems: {self.problems[0][:60]}"


def seen(name: str) -> Seen | None:
    """Look for a planted fault; None: no world has noticed it."""
    from tests.fleet.run import one

    for seed in SEEDS:
        problems = one(seed, SUBMISSIONS, name).problems
        if problems and sum(p.startswith("lost") for p in problems) >= LOSES.get(name, 0):
            return Seen(seed, problems)
    return None


@contextlib.contextmanager
def planted(name: str) -> Iterator[None]:
    """The fault ``name``, or none."""
    if not name:
        yield
        return
    with PLANTS[name]():
        yield
