"""Many terminals and one platform on a virtual clock and a bad network: real store, outbox, protocol and ingest.

Everything that happens follows from the seed: ``World.trace`` is the digest of all events, equal whenever the same seed
is run again. Keys and identifiers are drawn by the system and are no part of it.
"""

from __future__ import annotations

import hashlib
import heapq
import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

from pydantic import BaseModel
from sqlalchemy import func, select

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
from sync.hub.vault import Reader
from sync.outbox import Outbox, Sent
from sync.protocol.canonical import b64, unb64
from sync.protocol.case_file import PlatformKey
from sync.protocol.suites import SealError, suite
from sync.protocol.wire import (
    BatchAnswer,
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
PIECE = 700
DOCUMENT = 1500
"""Bytes of a paper; three pieces, so that the second can be lost."""


@dataclass(frozen=True)
class Faults:
    """Chance of each fault, a request or a turn."""

    request_lost: float = 0.05
    answer_lost: float = 0.05
    doubled: float = 0.06
    late_copy: float = 0.04  # the same request arrives once more, much later
    portal: float = 0.02  # something else answers, and says that all is well
    damaged: float = 0.02  # a piece of a file changes on its way
    agent_killed: float = 0.05
    worker_killed: float = 0.03
    clock_jump: float = 0.02
    disk_restored: float = 0.003
    platform_away: float = 0.01


@dataclass
class Kiosk:
    """One terminal. ``handed_in`` are the cases whose number a citizen has seen, with what was in them."""

    name: str
    folder: Path
    raw: ManualClock
    signing: bytes
    store: Store
    agent: Store
    intake: Intake
    outbox: Outbox
    handed_in: dict[str, bytes] = field(default_factory=dict)
    copy: tuple[Path, set[str]] | None = None


class World:
    def __init__(self, folder: Path, seed: int, terminals: int = 4, faults: Faults | None = None) -> None:
        self.chance, self.faults = random.Random(seed), faults or Faults()
        self.injected: Counter[str] = Counter()
        self.submitted = 0
        self.found: list[str] = []
        self.gone_with_disk: set[str] = set()
        self._folder, self._trace = folder, hashlib.sha256()
        self._late: list[tuple[float, int, Callable[[], object]]] = []
        self._clock = ManualClock()
        self._away_until = 0.0
        self.package = parse_package((ASSETS / "catalogue" / f"{SERVICE}.yaml").read_bytes())
        self.platform = open_platform(folder / "hub", ASSETS / "catalogue", self._clock)
        # Two processes of the platform on one database: requests go to either.
        self._doors: list[Platform] = [self.platform, open_platform(folder / "hub", ASSETS / "catalogue", self._clock)]
        self.kiosks = [self._enrolled(f"T{n:02d}") for n in range(terminals)]

    # the network

    def request(self, kiosk: Kiosk, what: Callable[[Platform], Any], *, portal: Any = None) -> Any:
        """One request over the network, and its answer. Raises NoNetwork."""
        f, c = self.faults, self.chance
        if self._clock.monotonic() < self._away_until or self._happens("request_lost", f.request_lost):
            raise NoNetwork("lost")
        if portal is not None and self._happens("portal", f.portal):
            return portal
        door = self._doors[c.randrange(len(self._doors))]
        try:
            answer = what(door)
            if self._happens("doubled", f.doubled):
                answer = what(self._doors[c.randrange(len(self._doors))])
        except OSError as bad:
            raise NoNetwork(f"500: {bad}") from None
        if self._happens("late_copy", f.late_copy):
            later = self._clock.monotonic() + c.uniform(60, 86_400)
            heapq.heappush(self._late, (later, self.submitted * 1000 + len(self._late), lambda: what(door)))
        if self._happens("answer_lost", f.answer_lost):
            raise NoNetwork("answer lost")
        return answer

    def _happens(self, name: str, probability: float) -> bool:
        if self.chance.random() >= probability:
            return False
        self.injected[name] += 1
        self.note(name)
        return True

    def note(self, event: str) -> None:
        self._trace.update(event.encode() + b"\n")

    @property
    def trace(self) -> str:
        return self._trace.hexdigest()

    # terminals

    def _enrolled(self, name: str) -> Kiosk:
        signing, public = suite("intl").new_signing_key()
        desk = self.platform.desk
        desk.enrol(EnrolRequest(code=desk.new_code(), terminal=name, suite="intl", public_key=b64(public)))
        folder = self._folder / name
        folder.mkdir()
        kiosk = Kiosk(name, folder, ManualClock(), signing, *[None] * 4)  # type: ignore[arg-type]
        self._boot(kiosk)
        return kiosk

    def _boot(self, kiosk: Kiosk) -> None:
        """Start the terminal's processes on what its disk holds."""
        kiosk.store = Store(kiosk.folder / "terminal.db", KEY)
        sealing = self.platform.keys.sealing[0].published()
        platform_key = PlatformKey(sealing.key_id, sealing.suite, unb64(sealing.public))
        identity = TerminalIdentity(kiosk.name, kiosk.signing, b"t" * 32, platform_key)
        mark = self._folder / f"{kiosk.name}.mark"
        counter = ReceiptCounter(kiosk.store, kiosk.name, mark, f"boot-{kiosk.name}")
        files = SealedFiles(kiosk.folder / "sealed")
        kiosk.intake = Intake(kiosk.store, files, counter, identity, kiosk.raw, kiosk.raw)
        self._start_agent(kiosk)

    def _start_agent(self, kiosk: Kiosk) -> None:
        kiosk.agent = Store(kiosk.folder / "terminal.db", KEY, checkpoint=True)
        files = SealedFiles(kiosk.folder / "sealed")
        repository = CaseRepository(kiosk.agent, files)
        files.sweep(repository.known_files())
        client: Any = FaultyClient(self, kiosk)
        believes = self.platform.keys.told(self._clock.now()).believes

        def sign(purpose: Purpose, body: BaseModel) -> SignedRequest:
            return SignedRequest.make("intl", kiosk.name, kiosk.signing, purpose, self._clock.now().isoformat(), body)

        kiosk.outbox = Outbox(kiosk.agent, files, client, believes, sign, kiosk.raw, self.chance)

    # time goes by

    def run(self, turns: int) -> None:
        """So many turns: each a citizen or the agent at one terminal, and what goes wrong meanwhile."""
        with _quick_documents(self):
            for _ in range(turns):
                kiosk = self.kiosks[self.chance.randrange(len(self.kiosks))]
                self._pass(self.chance.uniform(5, 240))
                self._misfortune(kiosk)
                if self.chance.random() < 0.45:
                    self._citizen(kiosk)
                else:
                    self._agent(kiosk)

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
            _at, _order, again = heapq.heappop(self._late)
            try:
                again()
            except (OSError, ValueError):
                self.note("late copy refused")

    def _misfortune(self, kiosk: Kiosk) -> None:
        f = self.faults
        if self._happens("clock_jump", f.clock_jump):
            kiosk.raw.at = self._clock.now().replace(year=self.chance.choice([2001, 2024, 2026, 2027, 2038]))
        if self._happens("platform_away", f.platform_away):
            self._away_until = self._clock.monotonic() + self.chance.uniform(60, 7200)
        if self._happens("agent_killed", f.agent_killed):
            kiosk.agent.close()
            self._start_agent(kiosk)
        if kiosk.copy is None and self.chance.random() < 0.02:
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
        self._boot(kiosk)

    def _citizen(self, kiosk: Kiosk) -> None:
        draft = _draft(self.submitted)
        killed = self._happens("worker_killed", self.faults.worker_killed)
        kiosk.intake.submit(draft, self.package, "zh")
        if killed:
            # Killed before the number was shown: the resumed visit hands the same draft in again.
            kiosk.store.close()
            kiosk.agent.close()
            self._boot(kiosk)
            kiosk.intake.submit(draft, self.package, "zh")
        kiosk.handed_in[draft.case_id] = draft.pages[0].image
        self.submitted += 1
        self.note(f"{kiosk.name} submit")

    def _agent(self, kiosk: Kiosk) -> None:
        if self.chance.random() < 0.3:
            CaseRepository(kiosk.agent, SealedFiles(kiosk.folder / "sealed")).try_now()
        for _ in range(8):  # as the agent does: on, as long as it goes well
            sent = kiosk.outbox.send_next()
            self.note(f"{kiosk.name} {sent}")
            if sent != Sent.SENT:
                break

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
        check, vault = Reader("check", "check"), self.platform.vault
        try:
            vault.body(row["terminal"], row["case_id"], check)
            document = vault.document(row["terminal"], row["case_id"], "doc-photo", check)
        except (SealError, OSError) as bad:
            return f"torn: {row['case_id']}: {bad}"
        return "" if document == known.get(row["case_id"], document) else f"another content: {row['case_id']}"

    def close(self) -> None:
        for kiosk in self.kiosks:
            kiosk.store.close()
            kiosk.agent.close()
        for door in self._doors:
            door.engine.dispose()


class FaultyClient:
    """What ``sync.client.PlatformClient`` is to the outbox, over the world's network."""

    def __init__(self, world: World, kiosk: Kiosk) -> None:
        self._world, self._kiosk = world, kiosk

    def send_blob(self, digest: str, path: Path, _leave: Any) -> None:
        data = path.read_bytes()
        place, complete = self._world.request(self._kiosk, lambda p: p.blobs.offset(digest))
        while not complete:
            complete = self._piece(digest, place, data)
            if not complete:
                place, complete = self._world.request(self._kiosk, lambda p: p.blobs.offset(digest))

    def _piece(self, digest: str, place: int, data: bytes) -> bool:
        piece = data[place : place + PIECE]
        if self._world._happens("damaged", self._world.faults.damaged):
            piece = bytes([piece[0] ^ 1]) + piece[1:] if piece else piece
        try:
            return bool(self._world.request(self._kiosk, lambda p: p.blobs.append(digest, place, piece, len(data))))
        except ValueError as refused:
            raise NoNetwork(f"409: {refused}") from None

    def post(self, _path: str, request: SignedRequest, _answer: Any) -> BatchAnswer:
        count = len(RecordBatch.model_validate_json(request.body).records)
        lie = BatchAnswer(answers=[RecordAnswer(status=RecordStatus.STORED)] * count)
        answer = self._world.request(self._kiosk, lambda p: p.door.records([request])[0], portal=lie)
        if not isinstance(answer, BatchAnswer):
            raise NotAuthorised(str(answer))
        return answer


def _draft(number: int) -> Draft:
    made = Draft(
        case_id=new_id(),
        service=SERVICE,
        identity=IdentityDocument(kind=DocumentKind.RESIDENT, name="测试甲", number="990000199003070013"),
        answers=ANSWERS,
        pages=[Page(page_id=new_id(), material="photo", width=1, height=1, image=str(number).encode() * 200)],
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
