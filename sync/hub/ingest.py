"""Takes in envelopes: durable first, acknowledged then; opened later, by ``sync.hub.opening``.

What the platform acknowledges it holds for ever, whatever it finds inside: a case that does not open, or whose form
it does not know, waits in quarantine here, where people can see it, and not at a terminal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, case, select, tuple_, update

from kiosk.model.clock import Clock
from sync.hub.audit import Entry, record
from sync.hub.blobs import Blobs
from sync.hub.database import Crossed, Inserting, insert_new, transaction
from sync.hub.keys import PlatformKeys
from sync.hub.schema import cases, quarantine, terminals
from sync.protocol.canonical import digest
from sync.protocol.envelope import Acknowledgement, Envelope, acknowledgements
from sync.protocol.wire import BatchAnswer, RecordAnswer, RecordStatus, Refusal

Key = tuple[str, str]
_T = terminals.c
_COUNT = (
    update(terminals)
    .where(_T.terminal == bindparam("name"))
    .values(
        records=_T.records + bindparam("more"),
        last_sequence=case((_T.last_sequence < bindparam("last"), bindparam("last")), else_=_T.last_sequence),
    )
)
"""Counts what was stored of each terminal."""


@dataclass(frozen=True)
class Incoming:
    """Envelopes of one terminal, whose request has been verified; a text is a record that could not be read."""

    terminal: str
    records: Sequence[Envelope | str]


@dataclass(frozen=True)
class _Apart:
    """What cannot become a case and is kept beside them."""

    terminal: str
    digest: str
    reason: str
    content: str
    case_id: str = ""


@dataclass
class _Record:
    envelope: Envelope
    text: str
    digest: str
    answer: RecordAnswer | None = None

    @property
    def key(self) -> Key:
        return self.envelope.terminal, self.envelope.case_id


@dataclass(frozen=True)
class _New:
    """A record, the platform's word on it, and the row that holds both."""

    record: _Record
    word: Acknowledgement
    row: dict[str, Any]


class Ingest:
    """Holds no state of its own; any number of processes may run it on one database."""

    def __init__(self, engine: Engine, blobs: Blobs, keys: PlatformKeys, clock: Clock) -> None:
        self._engine, self._blobs, self._keys, self._clock = engine, blobs, keys, clock
        self._inserting = Inserting(engine, cases)

    def receive(self, batches: Sequence[Incoming]) -> list[BatchAnswer]:
        """Take in batches of any terminals in one transaction, under one signature.

        A repeat gets the acknowledgement of the first time, whenever it comes.
        """
        noted: list[Entry] = []
        apart: list[_Apart] = []
        groups = [[self._looked_at(r, batch.terminal, noted, apart) for r in batch.records] for batch in batches]
        self._take([r for group in groups for r in group if isinstance(r, _Record)], noted, apart)
        return [BatchAnswer(answers=[_answer_of(r) for r in group]) for group in groups]

    def _looked_at(
        self, given: Envelope | str, terminal: str, noted: list[Entry], apart: list[_Apart]
    ) -> _Record | RecordAnswer:
        """The record, or the answer to one that is none of this terminal."""
        if isinstance(given, str):
            why = Refusal.BAD_ENVELOPE
            apart.append(_Apart(terminal, digest(given.encode()), why, given))
        elif given.terminal != terminal:
            why = Refusal.ANOTHER_TERMINAL
        else:
            return _Record(given, *given.with_digest())
        noted.append(Entry(terminal, "record_refused", {"why": why}))
        return RecordAnswer(status=RecordStatus.REFUSED, reason=why)

    def _take(self, records: list[_Record], noted: Sequence[Entry], unreadable: Sequence[_Apart]) -> None:
        sizes = self._blobs.sizes({b.digest for r in records for b in r.envelope.blobs})
        self._blobs.settle()
        received = self._clock.now().isoformat()
        # Most records are new. So this is tried without a look at what is there, and done again with one where some
        # were not.
        attempts = count()
        new = self._prepared(_whole(records, sizes), received)

        def write(connection: Connection) -> None:
            nonlocal new
            for r in records:
                r.answer = None
            whole = _whole(records, sizes)
            if next(attempts):
                known = _known(connection, {r.key for r in whole})
                new = self._prepared([r for r in whole if r.key not in known], received)
            self._insert(connection, new)
            rest = [r for r in records if r.answer is None or r.answer.status == RecordStatus.LATER]
            apart = _answer_known(rest, _known(connection, {r.key for r in rest}))
            _set_apart(connection, [*unreadable, *apart], received)
            self._let_go(connection, [r for r in rest if _is_whole(r, sizes)], received)
            self._renew(rest, received)
            record(connection, received, *noted)

        transaction(self._engine, write)

    def _let_go(self, connection: Connection, records: list[_Record], received: str) -> None:
        """Another content that people have dealt with is durable here, beside the case: its terminal may wipe it."""
        conflicts = {r.digest: r for r in records if r.answer and r.answer.status == RecordStatus.CONFLICT}
        if not conflicts:
            return
        q = quarantine.c
        keys = [(r.envelope.terminal, r.digest) for r in conflicts.values()]
        query = select(q.content_digest).where(tuple_(q.terminal, q.content_digest).in_(keys), q.settled != "")
        settled = [conflicts[digest] for digest in connection.scalars(query)]
        for r, word in zip(settled, self._words(settled, received), strict=True):
            r.answer = RecordAnswer(status=RecordStatus.STORED, acknowledgement=word)

    def _renew(self, records: list[_Record], received: str) -> None:
        """No terminal believes a word by a key that was stolen: who still waits for one gets another."""
        stolen = self._keys.withdrawn
        old = [r for r in records if stolen and r.answer and _signer(r.answer) in stolen]
        for r, word in zip(old, self._words(old, received), strict=True):
            r.answer = RecordAnswer(status=RecordStatus.DUPLICATE, acknowledgement=word)

    def _words(self, records: list[_Record], received: str) -> list[Acknowledgement]:
        """The platform's word on each of ``records``, under one signature."""
        key = self._keys.acknowledging
        said = [(r.envelope.case_id, r.digest) for r in records]
        return acknowledgements(said, key.suite, key.key_id, key.secret, received) if said else []

    def _prepared(self, records: list[_Record], received: str) -> list[_New]:
        """What is to be stored of each of ``records``, under one signature."""
        words = self._words(records, received)
        return [_New(r, word, _row(r, word, received)) for r, word in zip(records, words, strict=True)]

    def _insert(self, connection: Connection, new: Sequence[_New]) -> None:
        """Store what is not there yet, and answer it. Raises Crossed where any of it is."""
        if not new:
            return
        if self._inserting.new(connection, [n.row for n in new]) < len(new):
            raise Crossed
        for n in new:
            n.record.answer = RecordAnswer(status=RecordStatus.STORED, acknowledgement=n.word)
        _count(connection, [n.record.envelope for n in new])


def _answer_known(records: list[_Record], known: dict[Key, tuple[str, str]]) -> list[_Apart]:
    """Answer repeats; another content under a known id is to be set apart. What is not known stays as it is."""
    apart = []
    for r in records:
        if r.key not in known:
            continue
        known_digest, acknowledgement = known[r.key]
        if known_digest == r.digest:
            word = Acknowledgement.model_validate_json(acknowledgement)
            r.answer = RecordAnswer(status=RecordStatus.DUPLICATE, acknowledgement=word)
        else:
            r.answer = RecordAnswer(status=RecordStatus.CONFLICT)
            e = r.envelope
            apart.append(_Apart(e.terminal, r.digest, RecordStatus.CONFLICT, r.text, e.case_id))
    return apart


def _whole(records: list[_Record], sizes: dict[str, int]) -> list[_Record]:
    """Records whose blobs are all here, each id once; those whose blobs are not are answered.

    In the order of their keys, so that two processes never wait for each other crosswise.
    """
    whole: dict[Key, _Record] = {}
    for r in records:
        missing = [b.digest for b in r.envelope.blobs if b.digest not in sizes]
        if missing:
            r.answer = RecordAnswer(status=RecordStatus.LATER, reason=Refusal.MISSING_BLOBS, missing=tuple(missing))
        elif not _is_whole(r, sizes):
            r.answer = RecordAnswer(status=RecordStatus.REFUSED, reason=Refusal.BAD_ENVELOPE)
        else:
            whole.setdefault(r.key, r)
    return [whole[key] for key in sorted(whole)]


def _is_whole(r: _Record, sizes: dict[str, int]) -> bool:
    return all(sizes.get(b.digest) == b.size for b in r.envelope.blobs)


def _set_apart(connection: Connection, apart: Sequence[_Apart], received: str) -> None:
    rows = [
        {
            "terminal": a.terminal,
            "content_digest": a.digest,
            "case_id": a.case_id,
            "reason": str(a.reason),
            "content": a.content,
            "received": received,
        }
        for a in apart
    ]
    if rows:
        connection.execute(insert_new(connection, quarantine).on_conflict_do_nothing(), rows)


def _signer(answer: RecordAnswer) -> str:
    return answer.acknowledgement.key_id if answer.acknowledgement else ""


def _answer_of(r: _Record | RecordAnswer) -> RecordAnswer:
    answer = r.answer if isinstance(r, _Record) else r
    assert answer is not None
    return answer


def _known(connection: Connection, keys: set[Key]) -> dict[Key, tuple[str, str]]:
    """Digest and acknowledgement of each of ``keys`` that is stored."""
    if not keys:
        return {}
    c = cases.c
    query = select(c.terminal, c.case_id, c.envelope_digest, c.acknowledgement).where(
        tuple_(c.terminal, c.case_id).in_(sorted(keys))
    )
    return {(r.terminal, r.case_id): (r.envelope_digest, r.acknowledgement) for r in connection.execute(query)}


def _row(r: _Record, word: Acknowledgement, received: str) -> dict[str, Any]:
    e = r.envelope
    return {
        "terminal": e.terminal,
        "case_id": e.case_id,
        "envelope_digest": r.digest,
        "envelope": r.text,
        "receipt": e.receipt,
        "service": e.service,
        "received": received,
        "epoch": e.stamp.epoch,
        "sequence": e.stamp.sequence,
        "previous": e.previous,
        "state": "stored",
        "acknowledgement": word.model_dump_json(),
    }


def _count(connection: Connection, envelopes: Sequence[Envelope]) -> None:
    """Count records with their terminals, for the comparison of chains."""
    by_terminal: dict[str, list[int]] = {}
    for envelope in envelopes:
        by_terminal.setdefault(envelope.terminal, []).append(envelope.stamp.sequence)
    counted = [
        {"name": terminal, "more": len(sequences), "last": max(sequences)}
        for terminal, sequences in sorted(by_terminal.items())
    ]
    connection.execute(_COUNT, counted)
