"""A terminal and a platform at work on two folders of one recorded disk: hands in, sends, acknowledges, wipes.

Run by ``tests.power_loss.rig`` under the recorder. Whenever somebody outside learns something that must stay true, a
line goes to the file of marks: ``receipt ID`` once a citizen sees the number, ``stored ID`` once the platform's signed
word has gone out.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest import mock

import cv2
import numpy as np
import sqlcipher3
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import BaseModel
from sqlalchemy.exc import DBAPIError

from kiosk.cases.draft import Draft, Signature
from kiosk.cases.submit import Intake, TerminalIdentity
from kiosk.catalogue.loader import parse_package
from kiosk.config import ASSETS
from kiosk.model.clock import ManualClock
from kiosk.model.identity import DocumentKind, IdentityDocument
from kiosk.model.ids import new_id
from kiosk.model.page import Page
from kiosk.store.cases import CaseRepository
from kiosk.store.database import Store, StoreError
from kiosk.store.pages import SealedFiles
from kiosk.store.receipt_counter import ReceiptCounter
from sync import client
from sync.client import NoNetwork
from sync.hub.services import open_platform
from sync.outbox import Outbox, Sent
from sync.protocol.canonical import b64, unb64
from sync.protocol.case_file import PlatformKey
from sync.protocol.wire import BatchAnswer, EnrolRequest, Purpose, RecordBatch, SignedRequest
from tests.power_loss.plants import planted
from tests.sync.calls import Answer, Call, answered, client_over

KEY, SIGNING = bytes(range(32)), bytes(range(32, 64))
"""Of the terminal's database, and of its requests."""
START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
PIECE = 9000
"""Bytes of a blob that go to the platform at a time."""
RECORDS = "/v1/records"
TRIES = 20
"""Times that the terminal sends, once the power is back."""


def pieces() -> contextlib.AbstractContextManager[Any]:
    """The client sends pieces so small that a sealed file is several; how long they take changes nothing."""
    return mock.patch.multiple(client, PIECE=PIECE, LARGEST_PIECE=PIECE)


class Day:
    """A terminal and its platform below one folder, new or there. ``mark`` is told what becomes known outside."""

    def __init__(self, root: Path, seed: int = 1, plant: str = "") -> None:
        self.mark: Callable[[str], object] = lambda _line: None
        self.odd: list[str] = []
        self.clock = ManualClock(START)
        self._root, self._plant, self._chance = root, plant, random.Random(seed)
        new = not root.exists()
        (root / "terminal").mkdir(parents=True, exist_ok=True)
        self._platform = open_platform(root / "hub", ASSETS / "catalogue", self.clock)
        if new:
            public = b64(Ed25519PrivateKey.from_private_bytes(SIGNING).public_key().public_bytes_raw())
            desk = self._platform.desk
            desk.enrol(EnrolRequest(code=desk.new_code(), terminal="T01", suite="intl", public_key=public))
        sealing = self._platform.keys.sealing[0].published()
        self._package = parse_package((ASSETS / "catalogue" / "social-security-card.yaml").read_bytes())
        self._files = SealedFiles(root / "terminal" / "sealed")
        self._app = Store(root / "terminal" / "terminal.db", KEY)
        key = PlatformKey(sealing.key_id, sealing.suite, unb64(sealing.public))
        identity = TerminalIdentity("T01", SIGNING, b"t" * 32, key)
        counter = ReceiptCounter(self._app, "T01", root.parent / f"{root.name}.mark", "boot-1")
        self._intake = Intake(self._app, self._files, counter, identity, self.clock, self.clock)
        self._agent: Store | None = None
        self.restart_agent()

    def restart_agent(self) -> None:
        """As after a crash of the agent's process."""
        with contextlib.suppress(sqlcipher3.Error):
            if self._agent is not None:
                self._agent.close()
        self._agent = Store(self._root / "terminal" / "terminal.db", KEY, checkpoint=True)
        self._cases = CaseRepository(self._agent, self._files)
        believes = self._platform.keys.told(self.clock.now(), b"").believes
        self._outbox = Outbox(
            self._agent, self._files, client_over(self._sent), believes, self._signed, self.clock, self._chance
        )

    def _signed(self, purpose: Purpose, body: BaseModel) -> SignedRequest:
        return SignedRequest.make("intl", "T01", SIGNING, purpose, self.clock.now().isoformat(), body)

    def _sent(self, call: Call) -> Answer:
        """What goes to the platform, and its word on it, which is known outside as soon as it has gone out."""
        if call.path != RECORDS:
            return answered(self._platform, call)
        named = [e.case_id for e in RecordBatch.model_validate_json(json.loads(call.body)["body"]).records]
        if self._plant == "answer_before_commit":
            self._stored(named)
        said = answered(self._platform, call)
        if said.status == 200:
            answers = BatchAnswer.model_validate_json(said.data).answers
            self._stored([c for c, a in zip(named, answers, strict=True) if a.acknowledgement is not None])
        return said

    def _stored(self, named: list[str]) -> None:
        for case_id in named:
            self.mark(f"stored {case_id}")

    def draft(self, chance: random.Random) -> Draft:
        noise = np.random.default_rng(chance.randrange(2**32)).integers(0, 256, (90, 70, 3), np.uint8)
        image = cv2.imencode(".jpg", noise)[1].tobytes()
        answers = {"cause": "broken", "bank": "example_city", "delivery": "branch", "branch": "station"}
        made = Draft(
            case_id=new_id(),
            service=self._package.id,
            identity=IdentityDocument(kind=DocumentKind.RESIDENT, name="测试甲", number="990000199003070013"),
            answers={**answers, "phone": "13900000002"},
            pages=[Page(page_id=new_id(), material="photo", width=70, height=90, image=image)],
        )
        strokes = [[(0.1, 0.1), (0.5, 0.2)]]
        made.signature = Signature(strokes=strokes, aspect=2.0, signed=made.content_digest())
        return made

    def submit(self, made: Draft) -> None:
        if self._plant == "receipt_before_commit":
            self.mark(f"receipt {made.case_id}")
        line = self._intake.submit(made, self._package, "zh")
        self.mark(f"receipt {line.case_id}")

    def send(self) -> Sent:
        return self._outbox.send_next()

    def checkpoint(self) -> None:
        assert self._agent is not None
        self._agent.rows("PRAGMA wal_checkpoint(TRUNCATE)")

    def waiting(self) -> int:
        return self._cases.backlog()

    def held(self) -> int:
        return self._cases.held()

    def note(self, bad: BaseException) -> None:
        """Remember an error that no failing disk explains."""
        if not isinstance(bad, OSError | sqlcipher3.Error | StoreError | DBAPIError | NoNetwork):
            self.odd.append(f"{type(bad).__name__}: {bad}")

    def close(self) -> None:
        self._app.close()
        assert self._agent is not None
        self._agent.close()
        self._platform.engine.dispose()


def work(root: Path, marks: Path, count: int, seed: int, plant: str = "") -> None:
    """Hand in ``count`` cases and send most of them."""
    chance = random.Random(seed)
    day = Day(root / "disk", seed, plant)
    with marks.open("ab", buffering=0) as out:
        day.mark = lambda line: out.write(line.encode() + b"\n")
        day.mark("begin")
        for _ in range(count):
            day.submit(day.draft(chance))
            day.clock.advance(40)
            if chance.random() < 0.6:
                assert day.send() == Sent.SENT
            if chance.random() < 0.1:
                day.checkpoint()


def go_on(root: Path) -> list[str]:
    """The power is back: what the terminal holds must reach the platform. What went wrong; empty: nothing."""
    with pieces():
        day = Day(root)
        try:
            for _ in range(TRIES):
                day.clock.advance(1000)
                day.send()
                if not day.waiting():
                    break
            waiting, held = day.waiting(), day.held()
        finally:
            day.close()
    return [f"stuck: {waiting} cases, {held} of them set aside"] if waiting else []


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("root", type=Path)
    parser.add_argument("marks", type=Path)
    parser.add_argument("--cases", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plant", default="")
    options = parser.parse_args()
    with pieces(), planted(options.plant):
        work(options.root, options.marks, options.cases, options.seed, options.plant)
    sys.stdout.flush()
    os._exit(0)  # as a machine ends: nothing is tidied up


if __name__ == "__main__":
    main()
