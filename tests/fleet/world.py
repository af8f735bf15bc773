"""Many terminals and one platform on a virtual clock and a bad network: real store, outbox, client, protocol, ingest.

Everything that happens follows from the seed: ``World.trace`` is the digest of all events, equal whenever the same seed
is run again. Keys and identifiers are drawn by the system and are no part of it.

What is real: the encrypted database and sealed files with every transaction and sync, intake with its rules, sealing,
receipt numbers, outbox, the client with its pieces and leaves; the platform's handlers, senders, ingest, blobs and the
opening of cases on two processes over one database. Faults come in below the client, at what goes out and comes back.
What is cheaper here than at work, because other tests look at it and its time would be most of a world's: papers are a
kilobyte of bytes and no PDF, and go in pieces of 500 bytes and more; between client and handlers are no sockets
(``tests/soak/platform.py`` has real ones between real processes); terminals sign leaves to upload, which the platform
does not look at; one service is published, not four, and its package is read once, however many processes start; at the
end cases are opened with the platform's key itself and not through ``Vault``, which writes a line a reader.
A process that is killed is one that raises ``Killed``, whose transaction is rolled back and whose connections are new.
Nobody waits for a lock here, for who holds it would never go on: it is busy at once, at work after five seconds.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

from kiosk.cases import documents as papers
from kiosk.cases.draft import Draft, Signature
from kiosk.catalogue.loader import parse_package
from kiosk.config import ASSETS
from kiosk.model.clock import ManualClock
from kiosk.model.identity import DocumentKind, IdentityDocument
from kiosk.model.ids import new_id
from kiosk.model.page import Page
from kiosk.store import database
from sync import client
from sync.hub import blobs, forms
from sync.hub.door import Door
from sync.hub.services import Platform, open_platform
from sync.outbox import Sent
from sync.protocol.canonical import b64
from sync.protocol.suites import suite
from sync.protocol.wire import EnrolRequest
from tests.fleet import check
from tests.fleet.luck import BAD_TIMES, Killed, Luck
from tests.fleet.network import Network
from tests.fleet.platform import Digests, Process
from tests.fleet.terminal import Kiosk

SERVICE = "social-security-card"
ANSWERS = {"cause": "broken", "bank": "example_city", "delivery": "branch", "branch": "station", "phone": "13900000002"}
PIECE, LARGEST_PIECE = 500, 1000
"""Bytes of a file in one request, on a line that is slow or not known yet, and on a fast one: most files take two."""
YEARS = [2001, 2024, 2026, 2027, 2038]
"""That a terminal's clock jumps to."""
TRIES = 3
"""Times that an agent fails in one turn at most."""


class World:
    def __init__(self, folder: Path, seed: int, faults: Mapping[str, float], terminals: int = 4) -> None:
        self.luck = Luck(seed, faults)
        self.submitted = 0
        self.found: list[str] = []
        self.gone_with_disk: set[str] = set()
        self._folder, self._clock = folder, ManualClock()
        (folder / "catalogue").mkdir()
        package = shutil.copy(ASSETS / "catalogue" / f"{SERVICE}.yaml", folder / "catalogue")
        self.package = _read_once(Path(package).read_bytes())
        digests = Digests(blobs._digest_of)
        self._instead = ExitStack()
        self._instead.enter_context(_instead(self._clock, digests))
        self._processes = [Process(open_platform(folder / "hub", folder / "catalogue", self._clock)) for _ in range(2)]
        self.network = Network(self.luck, self._clock, self._processes, digests)
        self.kiosks = [self._enrolled(f"T{n:02d}") for n in range(terminals)]

    @property
    def platform(self) -> Platform:
        return self._processes[0].platform

    def _enrolled(self, name: str) -> Kiosk:
        signing, public = suite("intl").new_signing_key()
        desk = self.platform.desk
        told = desk.enrol(EnrolRequest(code=desk.new_code(), terminal=name, suite="intl", public_key=b64(public)))
        folder = self._folder / name
        folder.mkdir()
        return Kiosk(folder, self._clock, signing, told, self.luck, self.network.connect)

    # time goes by

    def run(self, submissions: int) -> None:
        """Turn after turn until so many cases are handed in: citizens and the agent at one terminal, and bad luck."""
        chance = self.luck.chance
        while self.submitted < submissions:
            self.luck.bad_line = chance.random() < BAD_TIMES
            kiosk = self.kiosks[chance.randrange(len(self.kiosks))]
            self.network.passes(chance.uniform(5, 240))
            self._misfortune(kiosk)
            for _ in range(chance.choice((0, 2, 6, 12, 20))):
                kiosk.hand_in(_draft(self.submitted), self.package)
                self.submitted += 1
                self.luck.note(f"{kiosk.name} submit")
            self._agent(kiosk)
            if chance.random() < 0.2:
                self._open_cases()

    def settle(self) -> None:
        """The network is good again: everything must arrive."""
        self.luck.calm()
        self.network.away_until = 0.0
        for kiosk in self.kiosks:
            if not self._empties(kiosk):
                self.found.append(f"{kiosk.name}: the outbox does not become empty")
                break
        self.network.passes(100_000)

    def _empties(self, kiosk: Kiosk, most: int = 150) -> bool:
        for _ in range(most):
            self.network.passes(2000)
            kiosk.outbox.send_next()
            if kiosk.cases.backlog() == kiosk.cases.held():
                return True
        return False

    def check(self) -> list[str]:
        """What is wrong after ``settle``; empty: nothing."""
        return self.found + check.problems(self.platform, self.kiosks, self.gone_with_disk)

    def close(self) -> None:
        for kiosk in self.kiosks:
            kiosk.close()
        for process in self._processes:
            process.platform.engine.dispose()
        self._instead.close()

    def _misfortune(self, kiosk: Kiosk) -> None:
        luck = self.luck
        if luck.happens("clock_jump"):
            kiosk.raw.jump(luck.chance.choice([y for y in YEARS if y != kiosk.raw.now().year]))
        if luck.happens("platform_away"):
            self.network.away_until = self._clock.monotonic() + luck.chance.uniform(60, 2400)
        if not kiosk.is_copied and luck.may("disk_copied"):
            kiosk.copy_disk()
        elif kiosk.is_copied and luck.happens("disk_restored"):
            # What was handed in since, and not yet sent, is gone with the disk.
            self.gone_with_disk |= kiosk.restore_disk() - check.at_platform(self.platform)

    def _agent(self, kiosk: Kiosk) -> None:
        chance = self.luck.chance
        try:
            if chance.random() < 0.3:
                kiosk.cases.try_now()
            failed = 0
            while failed < TRIES:  # as the agent does: on, as long as it goes well, and again after a while
                sent = kiosk.outbox.send_next()
                self.luck.note(f"{kiosk.name} {sent}")
                if sent == Sent.NOTHING_DUE or self.network.anybody() is None:
                    break
                if sent != Sent.SENT:
                    failed += 1
                    self.network.passes(chance.uniform(1, 20))
        except Killed:
            kiosk.kill_agent()
            kiosk.start_agent()

    def _open_cases(self) -> None:
        """The platform opens what it holds, as it does beside its requests."""
        process = self.network.anybody()
        if process is None:
            return
        if self.luck.happens("opening_killed"):
            # At the first commit nothing has been taken up yet; at the second it is, and what became of it is lost.
            process.dies_at_commit(self.luck.chance.choice((1, 2)), lambda p: p.worker.work())
            self.network.ends(process)
            return
        for _ in range(4):
            process.platform.worker.work()


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


def _plain(draft: Draft, _package: Any) -> dict[str, bytes]:
    """A PDF takes longer than everything else together; its bytes are of no matter here."""
    return {p.material: p.image for p in draft.pages}


def _unseen(_door: Door, _leave: str, _digest: str, _size: int) -> None:
    """A leave to upload that nobody looks at."""


_read_once = cache(parse_package)


@contextmanager
def _instead(clock: ManualClock, digests: Digests) -> Iterator[None]:
    """What of the product is another thing as long as a world is there."""

    def since_start() -> timedelta:
        return timedelta(seconds=clock.monotonic())

    with (
        mock.patch.object(papers, "documents_of", _plain),
        mock.patch.object(forms, "parse_package", _read_once),
        mock.patch.object(Door, "upload", _unseen),
        mock.patch.object(database, "BUSY_MS", 0),
        mock.patch.multiple(client, PIECE=PIECE, LARGEST_PIECE=LARGEST_PIECE, since_start=since_start),
        mock.patch.object(client, "time", SimpleNamespace(monotonic=clock.monotonic)),
        mock.patch.object(blobs, "_digest_of", digests),
    ):
        yield
