"""Many terminals and one platform on a virtual clock and a bad network: real store, outbox, protocol and ingest.

Everything that happens follows from the seed: ``World.trace`` is the digest of all events, equal whenever the same seed
is run again. Keys and identifiers are drawn by the system and are no part of it.

What is real: the encrypted database and sealed files with every transaction and sync, intake with its rules, sealing,
receipt numbers, outbox; senders, ingest, blobs and the opening of cases on two platform processes over one database.
What is cheaper here than at work, because other tests look at it and its time would be most of a world's: papers are a
kilobyte of bytes and no PDF, and go in pieces of 450 bytes; requests are calls and not HTTP (``tests/soak/platform.py``
sends real ones to real processes), so that the leave to upload is not asked for; one service is published, not four;
at the end cases are opened with the platform's key itself and not through ``Vault``, which writes a line a reader.
A process that is killed is one that raises ``Killed``, whose transaction is rolled back and whose connections are new.
"""

from __future__ import annotations

import hashlib
import heapq
import itertools
import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

from pydantic import BaseModel
from sqlalchemy import event, func, select

from kiosk.cases import documents as papers
from kiosk.cases.draft import Draft, Signature
from kiosk.cases.submit import Intake, TerminalIdentity
from kiosk.catalogue.loader import parse_package
from kiosk.config import ASSETS
from kiosk.model.clock import ManualClock
from kiosk.model.identity import DocumentKind, IdentityDocument
from kiosk.model.ids import new_id
from kiosk.model.page import Page
from kiosk.store.cases import CaseRepository
from kiosk.store.database import Store
from kiosk.store.pages import SealedFiles
from kiosk.store.receipt_counter import ReceiptCounter
from sync.client import NoNetwork, NotAuthorised
from sync.hub.schema import cases, quarantine
from sync.hub.services import Platform, open_platform
from sync.outbox import Outbox, Sent
from sync.protocol.canonical import b64, unb64
from sync.protocol.case_file import CaseOpener, PlatformKey
from sync.protocol.envelope import Envelope
from sync.protocol.suites import SealError, suite
from sync.protocol.wire import (
    BatchAnswer,
    EnrolAnswer,
    EnrolRequest,
    Purpose,
    RecordAnswer,
    RecordBatch,
    RecordStatus,
    SignedRequest,
)

SERVICE = "social-security-card"
ANSWERS = {"cause": "broken", "bank": "example_city", "delivery": "branch", "branch": "station", "phone": "13900000002"}
KEY = bytes(range(32))
PIECE = 450
"""Bytes of a file in one request: each takes two to four, so that any of them can be lost."""
YEARS = [2001, 2024, 2026, 2027, 2038]
"""That a terminal's clock jumps to."""
BAD_TIMES = 0.25
"""Share of turns in which requests fail much more often than in the others."""
TRIES = 3
"""Times that an agent fails in one turn at most."""


@dataclass(frozen=True)
class Faults:
    """Chance of each fault: of a request, or of what it says. How requests fail has its good and its bad times."""

    request_lost: float = 0.01
    answer_lost: float = 0.01
    delayed: float = 0.006  # the terminal has given up, and the request arrives after all, behind later ones
    doubled: float = 0.19
    late_copy: float = 0.18  # the same request arrives once more, much later
    portal: float = 0.05  # something else answers, and says that all is well
    busy: float = 0.002  # the platform says when to come again
    platform_killed: float = 0.001  # one of its processes dies before it commits; the other goes on
    agent_killed: float = 0.0015  # when the answer has come, and nothing has been made of it
    damaged: float = 0.013  # of a piece: it changes on its way
    cut: float = 0.013  # of a piece: only a part of it comes to the platform's disk
    wipe_killed: float = 0.02  # of a file: the agent dies when its row is gone, and it is not
    worker_killed: float = 0.09  # of a submission
    clock_jump: float = 0.2  # of a turn, as the rest
    platform_away: float = 0.02
    opening_killed: float = 0.1
    disk_restored: float = 0.012


class Killed(BaseException):
    """The process ends here; nothing in it may catch that."""


@dataclass
class Kiosk:
    """One terminal. ``handed_in`` are the cases whose number a citizen has seen, with what was in them."""

    name: str
    folder: Path
    raw: ManualClock
    signing: bytes
    told: EnrolAnswer
    store: Store
    files: MortalFiles
    agent: Store
    intake: Intake
    outbox: Outbox
    handed_in: dict[str, bytes] = field(default_factory=dict)
    copy: tuple[Path, set[str]] | None = None


@dataclass
class Process:
    """One process of the platform. ``dies_at``: before which commit from now on it dies, 1 the next; 0: before none.
    ``back``: until then it does not run."""

    platform: Platform
    dies_at: int = 0
    back: float = 0.0

    def __post_init__(self) -> None:
        self._start()

    def _start(self) -> None:
        event.listen(self.platform.engine, "commit", self._committing)

    def _committing(self, _connection: object) -> None:
        if self.dies_at == 1:
            raise Killed
        self.dies_at = max(0, self.dies_at - 1)

    def end(self, back: float) -> None:
        """What it held in memory is gone, and so are its connections; another one takes its place at ``back``."""
        self.dies_at, self.back = 0, back
        self.platform.engine.dispose()
        self.platform = open_platform(self.platform.folder, None, self.platform.clock)
        self._start()


class World:
    def __init__(self, folder: Path, seed: int, terminals: int = 4, faults: Faults | None = None) -> None:
        self.chance, self.faults = random.Random(seed), faults or Faults()
        self.injected: Counter[str] = Counter()
        self.submitted = 0
        self.found: list[str] = []
        self.gone_with_disk: set[str] = set()
        self._folder, self._trace = folder, hashlib.sha256()
        self._late: list[tuple[float, int, str, Callable[[Platform], object]]] = []
        self._order = itertools.count()
        self._clock = ManualClock()
        self._away_until = 0.0
        self._bad_line = False
        (folder / "catalogue").mkdir()
        package = shutil.copy(ASSETS / "catalogue" / f"{SERVICE}.yaml", folder / "catalogue")
        self.package = parse_package(Path(package).read_bytes())
        self._processes = [Process(open_platform(folder / "hub", folder / "catalogue", self._clock)) for _ in range(2)]
        self.kiosks = [self._enrolled(f"T{n:02d}") for n in range(terminals)]

    @property
    def platform(self) -> Platform:
        return self._processes[0].platform

    # the network

    def request(
        self, what: Callable[[Platform], Any], *, asks: bool = False, portal: Callable[[], Any] | None = None
    ) -> Any:
        """One request over the network, and its answer. One that only ``asks`` comes twice without being a fault.

        Raises NoNetwork, or Killed for the agent that sends it.
        """
        f = self.faults
        process = self._anybody()
        if process is None or self._fails("request_lost", f.request_lost):
            raise NoNetwork("lost")
        if self._fails("busy", f.busy):
            raise NoNetwork("HTTP 503", self.chance.uniform(1, 60))
        if portal is not None and self._happens("portal", f.portal):
            return portal()
        if not asks and self.chance.random() < f.delayed:
            self._later("delayed", what)
            raise NoNetwork("no answer in time")
        if self._happens("platform_killed", f.platform_killed):
            self._killed_at(process, 1, what)
            raise NoNetwork("the connection is gone")
        try:
            answer = what(process.platform)
            if not asks and self._happens("doubled", f.doubled):
                answer = what((self._anybody() or process).platform)
        except OSError as bad:
            raise NoNetwork(f"500: {bad}") from None
        if not asks and self.chance.random() < f.late_copy:
            self._later("late_copy", what)
        if self._fails("answer_lost", f.answer_lost):
            raise NoNetwork("answer lost")
        if self._happens("agent_killed", f.agent_killed):
            raise Killed
        return answer

    def _anybody(self) -> Process | None:
        """One of the platform's processes that run now and can be reached."""
        now = self._clock.monotonic()
        running = [p for p in self._processes if p.back <= now] if now >= self._away_until else []
        return self.chance.choice(running) if running else None

    def _killed_at(self, process: Process, commit: int, what: Callable[[Platform], object]) -> None:
        """``process`` dies at ``what``: before the ``commit``-th commit, or where there is none, before it answers."""
        process.dies_at = commit
        with suppress(Killed, OSError, ValueError):
            what(process.platform)
        process.end(self._clock.monotonic() + self.chance.uniform(1, 600))

    def _later(self, name: str, what: Callable[[Platform], object]) -> None:
        """The request arrives after seconds, or when the platform does not take one so old any more."""
        wait = self.chance.uniform(1, 500) if self.chance.random() < 0.7 else self.chance.uniform(600, 86_400)
        heapq.heappush(self._late, (self._clock.monotonic() + wait, next(self._order), name, what))

    def _fails(self, name: str, probability: float) -> bool:
        """Whether a request fails of it: lines are good for a while, and bad for a while."""
        return self._happens(name, probability * (1 / BAD_TIMES if self._bad_line else 0.1))

    def _happens(self, name: str, probability: float) -> bool:
        if self.chance.random() >= probability:
            return False
        self.meets(name)
        return True

    def meets(self, fault: str) -> None:
        """Count ``fault``, where it takes effect."""
        self.injected[fault] += 1
        self.note(fault)

    def note(self, event: str) -> None:
        self._trace.update(event.encode() + b"\n")

    @property
    def trace(self) -> str:
        return self._trace.hexdigest()

    # terminals

    def _enrolled(self, name: str) -> Kiosk:
        signing, public = suite("intl").new_signing_key()
        desk = self.platform.desk
        told = desk.enrol(EnrolRequest(code=desk.new_code(), terminal=name, suite="intl", public_key=b64(public)))
        folder = self._folder / name
        folder.mkdir()
        kiosk = Kiosk(name, folder, ManualClock(), signing, told, *[None] * 5)  # type: ignore[arg-type]
        self._start_worker(kiosk)
        self._start_agent(kiosk)
        return kiosk

    def _start_worker(self, kiosk: Kiosk) -> None:
        """Start the process that a citizen's visit runs in, on what the disk holds."""
        kiosk.store = Store(kiosk.folder / "terminal.db", KEY)
        sealing = self.platform.keys.sealing[0].published()
        platform_key = PlatformKey(sealing.key_id, sealing.suite, unb64(sealing.public))
        identity = TerminalIdentity(kiosk.name, kiosk.signing, b"t" * 32, platform_key)
        mark = self._folder / f"{kiosk.name}.mark"
        counter = ReceiptCounter(kiosk.store, kiosk.name, mark, f"boot-{kiosk.name}")
        kiosk.files = MortalFiles(kiosk.folder / "sealed", self)
        kiosk.intake = Intake(kiosk.store, kiosk.files, counter, identity, kiosk.raw, kiosk.raw)

    def _start_agent(self, kiosk: Kiosk) -> None:
        kiosk.agent = Store(kiosk.folder / "terminal.db", KEY, checkpoint=True)
        files = MortalFiles(kiosk.folder / "sealed", self)
        files.sweep(CaseRepository(kiosk.agent, files).known_files())
        client: Any = FaultyClient(self)

        def sign(purpose: Purpose, body: BaseModel) -> SignedRequest:
            return SignedRequest.make("intl", kiosk.name, kiosk.signing, purpose, self._clock.now().isoformat(), body)

        kiosk.outbox = Outbox(kiosk.agent, files, client, kiosk.told.believes, sign, kiosk.raw, self.chance)

    # time goes by

    def run(self, submissions: int) -> None:
        """Turn after turn until so many cases are handed in: citizens and the agent at one terminal, and bad luck."""
        with _quick_documents(self):
            while self.submitted < submissions:
                self._bad_line = self.chance.random() < BAD_TIMES
                kiosk = self.kiosks[self.chance.randrange(len(self.kiosks))]
                self._pass(self.chance.uniform(5, 240))
                self._misfortune(kiosk)
                for _ in range(self.chance.choice((0, 2, 6, 12, 20))):
                    self._citizen(kiosk)
                self._agent(kiosk)
                if self.chance.random() < 0.2:
                    self._open_cases()

    def settle(self, most: int = 150) -> None:
        """The network is good again: everything must arrive."""
        self.faults = Faults(**dict.fromkeys(Faults.__dataclass_fields__, 0.0))
        self._away_until = 0.0
        for kiosk in self.kiosks:
            for _ in range(most):
                self._pass(2000)
                if kiosk.outbox.send_next() == Sent.NOTHING_DUE:
                    break
            else:
                self.found.append(f"{kiosk.name}: the outbox does not become empty")
        self._pass(100_000)

    def _pass(self, seconds: float) -> None:
        self._clock.advance(seconds)
        for kiosk in self.kiosks:
            kiosk.raw.advance(seconds)
        while self._late and self._late[0][0] <= self._clock.monotonic():
            _at, _order, name, again = heapq.heappop(self._late)
            process = self._anybody()
            if process is None:
                continue
            self.meets(name)
            try:
                again(process.platform)
            except (OSError, ValueError):
                self.note("refused")

    def _misfortune(self, kiosk: Kiosk) -> None:
        f = self.faults
        if self._happens("clock_jump", f.clock_jump):
            year = self.chance.choice([y for y in YEARS if y != kiosk.raw.at.year])
            kiosk.raw.at = self._clock.now().replace(year=year)
        if self._happens("platform_away", f.platform_away):
            self._away_until = self._clock.monotonic() + self.chance.uniform(60, 2400)
        if kiosk.copy is None and self.chance.random() < 0.1:
            self._copy_disk(kiosk)
        elif kiosk.copy is not None and self._happens("disk_restored", f.disk_restored):
            self._restore_disk(kiosk)

    def _copy_disk(self, kiosk: Kiosk) -> None:
        kiosk.agent.rows("PRAGMA wal_checkpoint(TRUNCATE)")
        target = self._folder / f"{kiosk.name}.copy"
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(kiosk.folder, target)
        kiosk.copy = (target, set(kiosk.handed_in))

    def _restore_disk(self, kiosk: Kiosk) -> None:
        """Somebody puts an old image on the disk: what was handed in since, and not yet sent, is gone with the disk."""
        assert kiosk.copy is not None
        folder, known = kiosk.copy
        kiosk.store.close()
        kiosk.agent.close()
        self.gone_with_disk |= set(kiosk.handed_in) - known - self._at_platform()
        shutil.rmtree(kiosk.folder)
        shutil.copytree(folder, kiosk.folder)
        kiosk.copy = None
        self._start_worker(kiosk)
        self._start_agent(kiosk)

    def _citizen(self, kiosk: Kiosk) -> None:
        draft = _draft(self.submitted)
        if self._happens("worker_killed", self.faults.worker_killed):
            # Killed while its files are written, or before the number is shown: the resumed visit hands the same
            # draft in again.
            kiosk.files.dying = self.chance.random() < 0.5
            with suppress(Killed):
                kiosk.intake.submit(draft, self.package, "zh")
            kiosk.store.close()
            self._start_worker(kiosk)
        kiosk.intake.submit(draft, self.package, "zh")
        kiosk.handed_in[draft.case_id] = draft.pages[0].image
        self.submitted += 1
        self.note(f"{kiosk.name} submit")

    def _agent(self, kiosk: Kiosk) -> None:
        try:
            if self.chance.random() < 0.3:
                kiosk.outbox.cases.try_now()
            failed = 0
            while failed < TRIES:  # as the agent does: on, as long as it goes well, and again after a while
                sent = kiosk.outbox.send_next()
                self.note(f"{kiosk.name} {sent}")
                if sent == Sent.NOTHING_DUE or self._anybody() is None:
                    break
                if sent != Sent.SENT:
                    failed += 1
                    self._pass(self.chance.uniform(1, 20))
        except Killed:
            kiosk.agent.close()
            self._start_agent(kiosk)

    def _open_cases(self) -> None:
        """The platform opens what it holds, as it does beside its requests."""
        process = self._anybody()
        if process is None:
            return
        if self._happens("opening_killed", self.faults.opening_killed):
            # At the first commit nothing has been taken up yet; at the second it is, and what became of it is lost.
            self._killed_at(process, self.chance.choice((1, 2)), lambda p: p.worker.work())
            return
        for _ in range(4):
            process.platform.worker.work()

    # what must hold

    def _at_platform(self) -> set[str]:
        with self.platform.engine.connect() as connection:
            return {r.case_id for r in connection.execute(select(cases.c.case_id))}

    def check(self) -> list[str]:
        """What is wrong after ``settle``; empty: nothing."""
        found = list(self.found)
        self.platform.worker.work_off()
        with self.platform.engine.connect() as connection:
            rows = connection.execute(select(cases)).mappings().all()
            apart = connection.scalar(select(func.count()).select_from(quarantine)) or 0
        arrived = Counter(r["case_id"] for r in rows)
        known: dict[str, bytes] = {}
        for kiosk in self.kiosks:
            known |= kiosk.handed_in
            held = CaseRepository(kiosk.agent, SealedFiles(kiosk.folder / "sealed")).held()
            if held:
                found.append(f"{kiosk.name}: {held} set aside, and nothing is wrong with them")
        found += [f"lost: {c}" for c in known if c not in arrived and c not in self.gone_with_disk]
        found += [f"doubled: {c}" for c, count in arrived.items() if count > 1]
        found += [f"from nowhere: {c}" for c in arrived if c not in known]
        numbers = Counter(r["receipt"] for r in rows)
        found += [f"one number for {count} cases: {n}" for n, count in numbers.items() if count > 1]
        if apart:
            found.append(f"{apart} contents under an id that had another one")
        found += [f"{r['state']}: {r['case_id']} {r['findings']}" for r in rows if r["state"] != "accepted"]
        found += [wrong for r in rows if (wrong := self._unreadable(r, known))]
        return found

    def _unreadable(self, row: Any, known: dict[str, bytes]) -> str:
        envelope, keeping = Envelope.model_validate_json(row["envelope"]), self.platform.keys.keeping[0]
        try:
            opener = CaseOpener.keeping(envelope, row["kept_key"] or b"", keeping.suite, keeping.secret)
            body, *papers = [(b.id, self.platform.blobs.read(b.digest)) for b in envelope.blobs]
            opener.body(body[1])
            contents = [opener.document(name, sealed) for name, sealed in papers]
        except (SealError, OSError) as bad:
            return f"torn: {row['case_id']}: {bad}"
        case_id = row["case_id"]
        return "" if contents == [known.get(case_id, contents[0])] else f"another content: {case_id}"

    def close(self) -> None:
        for kiosk in self.kiosks:
            kiosk.store.close()
            kiosk.agent.close()
        for process in self._processes:
            process.platform.engine.dispose()


class MortalFiles(SealedFiles):
    """The folder of sealed files of a process that may be killed at it."""

    def __init__(self, folder: Path, world: World) -> None:
        super().__init__(folder)
        self._world, self.dying = world, False

    def write(self, case_id: str, files: dict[str, bytes], staged: Iterable[str] = ()) -> dict[str, str]:
        names = super().write(case_id, files, staged)
        if self.dying:
            raise Killed
        return names

    def remove(self, name: str) -> None:
        if self._world._happens("wipe_killed", self._world.faults.wipe_killed):
            raise Killed
        super().remove(name)


class FaultyClient:
    """What ``sync.client.PlatformClient`` is to the outbox, over the world's network."""

    def __init__(self, world: World) -> None:
        self._world = world

    def send_blob(self, digest: str, path: Path, _leave: Any) -> None:
        data = path.read_bytes()
        offset, complete = self._offset(digest)
        while not complete:
            piece = data[offset : offset + PIECE]
            try:
                complete = self._piece(digest, offset, piece, len(data))
                offset += len(piece)
            except ValueError:
                now, complete = self._offset(digest)
                if now == offset or offset + len(piece) >= len(data):
                    raise NoNetwork("a piece was damaged on its way") from None
                offset = now

    def _offset(self, digest: str) -> tuple[int, bool]:
        place, complete = self._world.request(lambda p: p.blobs.offset(digest), asks=True)
        return place, complete

    def _piece(self, digest: str, offset: int, piece: bytes, total: int) -> bool:
        chance, faults = self._world.chance, self._world.faults
        met = []
        if piece and chance.random() < faults.damaged:
            met, piece = ["damaged"], bytes([piece[0] ^ 1]) + piece[1:]
        elif len(piece) > 1 and chance.random() < faults.cut:
            met, piece = ["cut"], piece[: chance.randrange(1, len(piece))]
        cut = "cut" in met

        def arrives(platform: Platform) -> bool:
            while met:
                self._world.meets(met.pop())
            return platform.blobs.append(digest, offset, piece, total)

        complete = self._world.request(arrives)
        if cut:
            raise NoNetwork("the connection is gone")
        return bool(complete)

    def post(self, _path: str, request: SignedRequest, _answer: Any) -> BatchAnswer:
        answer = self._world.request(lambda p: p.door.records([request])[0], portal=lambda: _lie(request))
        if not isinstance(answer, BatchAnswer):
            raise NotAuthorised(str(answer))
        return answer


def _lie(request: SignedRequest) -> BatchAnswer:
    count = len(RecordBatch.model_validate_json(request.body).records)
    return BatchAnswer(answers=[RecordAnswer(status=RecordStatus.STORED)] * count)


def _draft(number: int) -> Draft:
    made = Draft(
        case_id=new_id(),
        service=SERVICE,
        identity=IdentityDocument(kind=DocumentKind.RESIDENT, name="测试甲", number="990000199003070013"),
        answers=ANSWERS,
        pages=[Page(page_id=new_id(), material="photo", width=1, height=1, image=f"{number:04}".encode() * 200)],
    )
    made.signature = Signature(strokes=[[(0.1, 0.1), (0.5, 0.2)]], aspect=2.0, signed=made.content_digest())
    return made


@contextmanager
def _quick_documents(world: World) -> Iterator[None]:
    """A PDF takes longer than everything else together; its bytes are of no matter here."""

    def plain(draft: Draft, _package: Any) -> dict[str, bytes]:
        return {p.material: p.image for p in draft.pages}

    with mock.patch.object(papers, "documents_of", plain):
        yield
