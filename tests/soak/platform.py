"""Agents, platform and PostgreSQL as real processes, killed at random behind a network that fails.

    python -m tests.soak.platform [--submissions 2000] [--minutes 10] [--seed 1]

Four terminals hand in cases with pictures while their agents send. Everything is killed with SIGKILL again and again:
agents, both processes of the platform, PostgreSQL. Then the network is calm, and each case must be there, once, with
its pictures byte for byte. Ends with 1 where anything was lost, doubled or changed.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

from sqlalchemy import func, select

from kiosk.cases import documents as papers
from kiosk.cases.draft import Draft, Signature
from kiosk.cases.submit import Intake, TerminalIdentity
from kiosk.catalogue.loader import parse_package
from kiosk.config import ASSETS
from kiosk.model.clock import SystemClock
from kiosk.model.identity import DocumentKind, IdentityDocument
from kiosk.model.ids import new_id
from kiosk.model.page import Page
from kiosk.security.credentials import load_credentials
from kiosk.security.trust import load_trust, sealing_key
from kiosk.store.database import Store
from kiosk.store.pages import SealedFiles
from kiosk.store.receipt_counter import ReceiptCounter
from sync.client import NoNetwork, PlatformClient
from sync.enrolment import enrol
from sync.hub.schema import cases, quarantine
from sync.hub.services import Platform, Storage, open_platform
from sync.hub.vault import Reader
from sync.outbox import CAP
from tests.soak.fault_proxy import FaultProxy
from tests.sync.postgres import Postgres, postgres
from tests.sync.server import free_port

TERMINALS = 4
SERVICE = "social-security-card"
ANSWERS = {"cause": "broken", "bank": "example_city", "delivery": "branch", "branch": "station", "phone": "13900000002"}
PERSON = IdentityDocument(kind=DocumentKind.RESIDENT, name="测试甲", number="990000199003070013")
CATALOGUE = ASSETS / "catalogue"


class Process:
    """One process that is started again whenever it was killed."""

    def __init__(self, name: str, command: list[str], log: Path, environment: dict[str, str]) -> None:
        self.name, self._command, self._log, self._environment = name, command, log, environment
        self.kills = 0
        self.start()

    def start(self) -> None:
        with self._log.open("ab") as out:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=self._environment
            )

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        self.kills += 1

    def revive(self) -> None:
        """Start it again if it ended by itself: an agent that found the database locked, say."""
        if self._process.poll() is not None:
            self.start()

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@dataclass
class Terminal:
    """One terminal's folder and the part of it that citizens use."""

    folder: Path
    intake: Intake
    store: Store
    handed_in: dict[str, bytes] = field(default_factory=dict)


class Scene:
    def __init__(self, folder: Path, server: Postgres, seed: int, chance: float) -> None:
        self._folder, self._server, self._random = folder, server, random.Random(seed)
        self._storage = Storage(server.url("soak"))
        self.package = parse_package((CATALOGUE / f"{SERVICE}.yaml").read_bytes())
        self.platform: Platform = open_platform(folder / "hub", CATALOGUE, SystemClock(), storage=self._storage)
        ports = [free_port() for _ in range(2)]
        self._environment = {**os.environ, "NO_PROXY": "*", "BIANMIN_HUB_DATABASE": self._storage.database}
        self.hubs = [self._hub(port) for port in ports]
        self.proxy = FaultProxy(ports, seed, chance)
        self._url = f"http://127.0.0.1:{self.proxy.start()}"
        self._await_hub(ports[0])
        self.terminals = [self._enrolled(f"T{n:02d}", ports[0]) for n in range(TERMINALS)]
        self.agents = [self._agent(terminal.folder) for terminal in self.terminals]

    def _kiosk(self, name: str, *arguments: str) -> Process:
        command = [sys.executable, "-m", "kiosk.cli", *arguments]
        return Process(name, command, self._folder / f"{name}.log", self._environment)

    def _hub(self, port: int) -> Process:
        return self._kiosk(f"hub-{port}", "hub", "--folder", str(self._folder / "hub"), "--port", str(port))

    def _agent(self, folder: Path) -> Process:
        return self._kiosk(f"agent-{folder.name}", "agent", "--config", str(folder / "terminal.toml"))

    def _await_hub(self, port: int) -> None:
        client = PlatformClient(f"http://127.0.0.1:{port}")
        for _ in range(300):
            try:
                client.ping()
            except NoNetwork:
                time.sleep(0.1)
            else:
                return
        raise AssertionError((self._folder / f"hub-{port}.log").read_text()[-2000:])

    def _enrolled(self, name: str, port: int) -> Terminal:
        folder = self._folder / name
        folder.mkdir()
        (folder / "terminal.toml").write_text(
            f'[terminal]\ncode = "{name}"\n[paths]\nstate = "{folder}"\nruntime = "{folder / "run"}"\n'
            f'[platform]\nurl = "{self._url}"\nheartbeat_seconds = 2\n'
        )
        direct = PlatformClient(f"http://127.0.0.1:{port}")
        enrol(direct, self.platform.desk.new_code(), name, folder / "credentials", folder / "platform.json", "")
        trust, secrets = load_trust(folder / "platform.json"), load_credentials(folder / "credentials")
        assert trust is not None
        store = Store(folder / "terminal.db", secrets.store_key)
        identity = TerminalIdentity(name, secrets.signing_key, secrets.tag_key, sealing_key(trust))
        counter = ReceiptCounter(store, name, folder / "mark", "boot-1")
        clock = SystemClock()
        return Terminal(folder, Intake(store, SealedFiles(folder / "sealed"), counter, identity, clock, clock), store)

    def citizen(self) -> None:
        """Somebody hands in a case with a picture of up to 600 kB."""
        terminal = self._random.choice(self.terminals)
        image = self._random.randbytes(self._random.randrange(2_000, 600_000))
        draft = Draft(
            case_id=new_id(),
            service=SERVICE,
            identity=PERSON,
            answers=ANSWERS,
            pages=[Page(page_id=new_id(), material="photo", width=10, height=10, image=image)],
        )
        draft.signature = Signature(strokes=[[(0.1, 0.1), (0.5, 0.2)]], aspect=2.0, signed=draft.content_digest())
        with mock.patch.object(papers, "documents_of", lambda d, _p: {p.material: p.image for p in d.pages}):
            terminal.intake.submit(draft, self.package, "zh")
        terminal.handed_in[draft.case_id] = image

    def misfortune(self) -> str:
        """Kill something and start it again."""
        victim = self._random.choice([*self.agents, *self.hubs, "postgresql"])
        if isinstance(victim, str):
            self._server.kill()
            time.sleep(self._random.uniform(0.1, 1.0))
            self._server.start()
            return victim
        victim.kill()
        time.sleep(self._random.uniform(0, 1.0))
        victim.start()
        return victim.name.partition("-")[0]

    def settle(self, seconds: float) -> None:
        """The network is good and nothing is killed: all must arrive, and be opened.

        A case that a killed process had taken up is free to the others after its lease of two minutes; one that failed
        again and again on its way is tried again after a quarter of an hour at the latest.
        """
        self.proxy.calm()
        self.platform.engine.dispose()  # its connections ended with the killed server
        until = time.monotonic() + seconds
        while (self.waiting() or self.unopened()) and time.monotonic() < until:
            for process in (*self.agents, *self.hubs):
                process.revive()
            time.sleep(0.5)

    def waiting(self) -> int:
        return sum(int(t.store.rows("SELECT count(*) FROM outbox")[0][0]) for t in self.terminals)

    def unopened(self) -> int:
        with self.platform.engine.connect() as connection:
            query = select(func.count()).select_from(cases).where(cases.c.state == "stored")
            return int(connection.scalar(query) or 0)

    def problems(self) -> list[str]:
        left = "SELECT case_id, attempts, next_at, coalesce(held, '') FROM outbox"
        now = time.time()
        found = [
            f"still waits: {case}, {attempts} tries, the next in {at - now:.0f} s {held}"
            for t in self.terminals
            for case, attempts, at, held in t.store.rows(left)
        ]
        with self.platform.engine.connect() as connection:
            rows = connection.execute(select(cases.c.terminal, cases.c.case_id, cases.c.state)).all()
            apart = connection.scalar(select(func.count()).select_from(quarantine))
        arrived = Counter(r.case_id for r in rows)
        known = {case: image for t in self.terminals for case, image in t.handed_in.items()}
        found += [f"lost: {case}" for case in known if case not in arrived]
        found += [f"doubled: {case}" for case, count in arrived.items() if count > 1]
        found += [f"from nowhere: {case}" for case in arrived if case not in known]
        found += [f"{r.state}: {r.case_id}" for r in rows if r.state != "accepted"]
        found += [f"{apart} set apart"] if apart else []
        check = Reader("soak", "check")
        for row in rows:
            if self.platform.vault.document(row.terminal, row.case_id, "doc-photo", check) != known.get(row.case_id):
                found.append(f"another picture: {row.case_id}")
        return found

    def close(self) -> None:
        for process in (*self.agents, *self.hubs):
            process.stop()
        self.proxy.stop()
        self.platform.engine.dispose()
        for terminal in self.terminals:
            terminal.store.close()


def run(submissions: int, minutes: float, seed: int, chance: float = 0.3) -> tuple[dict[str, int], list[str]]:
    """Counts, and what went wrong; empty: nothing."""
    chances = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="bm-soak-") as folder, postgres() as server:
        scene = Scene(Path(folder), server, seed, chance)
        kills: Counter[str] = Counter()
        try:
            until, began = time.monotonic() + minutes * 60, time.monotonic()
            done, next_kill = 0, began + 3
            while done < submissions or time.monotonic() < until:
                now = time.monotonic()
                if done < submissions and (done < submissions * (now - began) / max(1.0, until - began) or now > until):
                    scene.citizen()
                    done += 1
                elif now >= next_kill and now < until:
                    kills[scene.misfortune()] += 1
                    next_kill = time.monotonic() + chances.uniform(1, 6)
                else:
                    time.sleep(0.02)
            scene.settle(CAP + 60)
            problems = scene.problems()
        finally:
            scene.close()
        counts = {"submissions": done, "network faults": sum(scene.proxy.injected.values()), **kills}
        return counts, problems


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--submissions", type=int, default=2000)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    counts, problems = run(options.submissions, options.minutes, options.seed)
    print(counts)
    print(f"{len(problems)} lost, doubled or changed")
    for problem in problems[:20]:
        print(problem)
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
