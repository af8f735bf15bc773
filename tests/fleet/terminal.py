"""One terminal: its disk, the process that a citizen's visit runs in, and the agent. Each can be killed and started."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path

import sqlcipher3
from pydantic import BaseModel

from kiosk.cases.draft import Draft
from kiosk.cases.submit import Intake, TerminalIdentity
from kiosk.catalogue.package import ServicePackage
from kiosk.model.clock import Clock
from kiosk.store.cases import CaseRepository
from kiosk.store.database import Store, StoreError
from kiosk.store.pages import SealedFiles
from kiosk.store.receipt_counter import ReceiptCounter
from sync.outbox import Outbox
from sync.protocol.canonical import unb64
from sync.protocol.case_file import PlatformKey
from sync.protocol.wire import EnrolAnswer, Purpose, SignedRequest
from tests.fleet.luck import Killed, Luck
from tests.sync.calls import Answer, Call, client_over

KEY = bytes(range(32))
MOMENTS = ("its files wait", "it opens its database", "it sweeps")
"""Where an agent is that starts while a case is handed in: before the case takes the lock, or while it holds it."""


class WrongClock:
    """A terminal's own clock, which somebody may set."""

    def __init__(self, real: Clock) -> None:
        self._real, self._ahead = real, timedelta()

    def now(self) -> datetime:
        return self._real.now() + self._ahead

    def monotonic(self) -> float:
        return self._real.monotonic()

    def jump(self, year: int) -> None:
        """The same day and time in ``year``."""
        real = self._real.now()
        self._ahead = real.replace(year=year) - real


class Kiosk:
    """``handed_in`` are the cases whose number a citizen has seen, with what was in them."""

    def __init__(
        self,
        folder: Path,
        clock: Clock,
        signing: bytes,
        told: EnrolAnswer,
        luck: Luck,
        connect: Callable[[], Callable[[Call], Answer]],
    ) -> None:
        self.name, self.folder, self.raw = folder.name, folder, WrongClock(clock)
        self._signing, self._told, self._luck, self._connect = signing, told, luck, connect
        self.handed_in: dict[str, bytes] = {}
        self._copied: set[str] | None = None
        self.start_worker()
        self.start_agent()

    # the process that a visit runs in

    def start_worker(self) -> None:
        """On what the disk holds."""
        self.store = Store(self.folder / "terminal.db", KEY)
        sealing = self._told.sealing
        platform_key = PlatformKey(sealing.key_id, sealing.suite, unb64(sealing.public))
        identity = TerminalIdentity(self.name, self._signing, b"t" * 32, platform_key)
        mark = self.folder.with_suffix(".mark")
        counter = ReceiptCounter(self.store, self.name, mark, f"boot-{self.name}")
        self.files = MortalFiles(self.folder / "sealed", self._luck)
        self.intake = Intake(self.store, self.files, counter, identity, self.raw, self.raw)

    def hand_in(self, draft: Draft, package: ServicePackage) -> None:
        """A citizen hands ``draft`` in and sees its number, whatever happens to the processes meanwhile."""
        if self._luck.happens("agent_starts"):
            self._agent_starts(draft, package)
        if self._luck.happens("worker_killed"):
            # While its files are written, or before the number is shown: the resumed visit hands the same draft in.
            self.files.dying = self._luck.chance.random() < 0.5
            try:
                self.intake.submit(draft, package, "zh")
            except Killed:
                pass
            self.store.close()
            self.start_worker()
        self.intake.submit(draft, package, "zh")
        self.handed_in[draft.case_id] = draft.pages[0].image
        if not self.agent_runs:
            self.start_agent()

    # the agent

    def start_agent(self) -> None:
        self._open_agent()
        self._sweep()

    def kill_agent(self) -> None:
        self.agent.close()
        self.agent_runs = False

    def _open_agent(self) -> None:
        self.agent_runs = False
        self.agent = Store(self.folder / "terminal.db", KEY, checkpoint=True)
        files = MortalFiles(self.folder / "sealed", self._luck)
        self.cases = CaseRepository(self.agent, files)
        client = client_over(self._connect())

        def sign(purpose: Purpose, body: BaseModel) -> SignedRequest:
            return SignedRequest.make("intl", self.name, self._signing, purpose, client.platform_now(), body)

        self.outbox = Outbox(self.agent, files, client, self._told.believes, sign, self.raw, self._luck.chance)

    def _sweep(self) -> None:
        self.cases.sweep()
        self.agent_runs = True

    def _agent_starts(self, draft: Draft, package: ServicePackage) -> None:
        """The agent has ended, and is started while ``draft`` is handed in."""
        self.kill_agent()
        moment = self._luck.chance.choice(MOMENTS)
        if moment == MOMENTS[0]:
            self.intake.prepare(draft, package).result()
            self.start_agent()
            return
        if moment == MOMENTS[2]:
            self._open_agent()
        self.files.meanwhile = lambda: self._starts_under_the_lock(moment)

    def _starts_under_the_lock(self, moment: str) -> None:
        """The case that is handed in holds the database's lock. An agent that finds it busy ends; the next start comes
        after the case."""
        try:
            if moment == MOMENTS[1]:
                self._open_agent()
            self._sweep()
        except (StoreError, sqlcipher3.OperationalError) as busy:
            if "locked" not in str(busy):
                raise
            self._luck.note("locked")
            self.kill_agent()

    # the disk

    @property
    def is_copied(self) -> bool:
        return self._copied is not None

    def copy_disk(self) -> None:
        self.agent.rows("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.rmtree(self._image, ignore_errors=True)
        shutil.copytree(self.folder, self._image)
        self._copied = set(self.handed_in)

    def restore_disk(self) -> set[str]:
        """Somebody puts the old image on the disk; returns the cases that were handed in since."""
        assert self._copied is not None
        since, self._copied = set(self.handed_in) - self._copied, None
        self.close()
        shutil.rmtree(self.folder)
        shutil.copytree(self._image, self.folder)
        self.start_worker()
        self.start_agent()
        return since

    @property
    def _image(self) -> Path:
        return self.folder.with_suffix(".copy")

    def close(self) -> None:
        self.store.close()
        self.agent.close()


class MortalFiles(SealedFiles):
    """The folder of sealed files of a process that may be killed at it. ``meanwhile``: what another process does once
    between a case's files and its row."""

    def __init__(self, folder: Path, luck: Luck) -> None:
        super().__init__(folder)
        self._luck, self.dying = luck, False
        self.meanwhile: Callable[[], None] | None = None

    def write(self, case_id: str, files: dict[str, bytes], staged: Iterable[str] = ()) -> dict[str, str]:
        names = super().write(case_id, files, staged)
        if self.meanwhile is not None:
            meanwhile, self.meanwhile = self.meanwhile, None
            meanwhile()
        if self.dying:
            raise Killed
        return names

    def remove(self, name: str) -> None:
        if self._luck.happens("wipe_killed"):
            raise Killed
        super().remove(name)
