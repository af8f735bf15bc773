"""A terminal without a screen, and a platform that it talks to."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import pytest
from pydantic import BaseModel

from kiosk.cases.draft import Draft, Signature
from kiosk.cases.submit import Intake, TerminalIdentity
from kiosk.catalogue.loader import load_catalogue
from kiosk.config import ASSETS
from kiosk.model.clock import ManualClock
from kiosk.model.identity import DocumentKind, IdentityDocument
from kiosk.model.ids import new_id
from kiosk.model.page import Page
from kiosk.security.credentials import load_credentials
from kiosk.security.trust import PlatformTrust, load_trust, sealing_key
from kiosk.store.cases import CaseRepository
from kiosk.store.database import Store
from kiosk.store.pages import SealedFiles
from kiosk.store.receipt_counter import ReceiptCounter
from sync.client import PlatformClient
from sync.content import refresh
from sync.enrolment import enrol
from sync.hub.services import Platform, Storage, open_platform
from sync.outbox import Outbox
from sync.protocol.wire import Purpose, SignedRequest
from tests.sync.bucket import Buckets, buckets
from tests.sync.hands import Hands
from tests.sync.server import serving

PERSON = IdentityDocument(
    kind=DocumentKind.RESIDENT, name="测试甲", number="990000199003070013", birth="1990-03-07", address="测试省测试市"
)
NOISE = np.random.default_rng(1).integers(0, 256, (500, 400, 3), np.uint8)
JPEG = cv2.imencode(".jpg", NOISE)[1].tobytes()


class Terminal:
    """The parts of a terminal that hold and send cases."""

    def __init__(self, folder: Path, platform: Platform, url: str, suite: str = "intl") -> None:
        self.clock = ManualClock(datetime.now(UTC))
        self.client = PlatformClient(url)
        enrol(self.client, platform.desk.new_code(), "T01", folder / "credentials", folder / "platform.json", "", suite)
        trust = load_trust(folder / "platform.json")
        assert trust is not None
        secrets = load_credentials(folder / "credentials")
        self.store_key = secrets.store_key
        self.store = Store(folder / "terminal.db", secrets.store_key)
        self.files = SealedFiles(folder / "sealed")
        self.cases = CaseRepository(self.store, self.files)
        self.content, self.root = folder / "content", trust.root.encode()
        refresh(self.client, self.content, self.root, self.clock.now())
        self.catalogue = load_catalogue(self.content / "current", self.root, self.clock.now())
        self.identity = TerminalIdentity("T01", secrets.signing_key, secrets.tag_key, sealing_key(trust))
        counter = ReceiptCounter(self.store, "T01", folder / "mark", "boot-1")
        self.intake = Intake(self.store, self.files, counter, self.identity, self.clock, self.clock)
        self.suite, self.signing_key = suite, secrets.signing_key
        self.trust = PlatformTrust(folder / "platform.json", trust)
        believes = self.trust.believes
        self.outbox = Outbox(self.store, self.files, self.client, believes, self.sign, self.clock, random.Random(1))

    def sign(self, purpose: Purpose, body: BaseModel, at: str = "") -> SignedRequest:
        when = at or self.client.platform_now()
        return SignedRequest.make(self.suite, "T01", self.signing_key, purpose, when, body)

    def draft(self) -> Draft:
        draft = Draft(
            case_id=new_id(),
            service="social-security-card",
            identity=PERSON,
            answers={
                "cause": "broken",
                "bank": "example_city",
                "delivery": "branch",
                "branch": "station",
                "phone": "13900000002",
            },
            pages=[Page(page_id=new_id(), material="photo", width=10, height=10, image=JPEG)],
        )
        strokes = [[(0.1, 0.1), (0.5, 0.2)]]
        draft.signature = Signature(strokes=strokes, aspect=2.0, signed=draft.content_digest())
        return draft

    def submit(self) -> str:
        draft = self.draft()
        return self.intake.submit(draft, self.catalogue.services[draft.service], "zh").case_id


@pytest.fixture(scope="session")
def s3() -> Iterator[Buckets]:
    with buckets() as running:
        yield running


@pytest.fixture(params=["sqlite and folder", "postgresql and bucket"])
def storage(request: pytest.FixtureRequest) -> Storage:
    """Where the platform keeps its things: every test that touches one runs on both."""
    if request.param == "sqlite and folder":
        return Storage()
    name = f"t{new_id()[-12:]}"
    return Storage(request.getfixturevalue("server").url(name), request.getfixturevalue("s3").url(name))


@pytest.fixture
def platform(tmp_path: Path, storage: Storage) -> Iterator[Platform]:
    opened = open_platform(tmp_path / "hub", ASSETS / "catalogue", ManualClock(datetime.now(UTC)), storage=storage)
    yield opened
    opened.engine.dispose()


@pytest.fixture
def url(platform: Platform) -> Iterator[str]:
    with serving(platform) as address:
        yield address


@pytest.fixture
def terminal(tmp_path: Path, platform: Platform, url: str) -> Terminal:
    folder = tmp_path / "terminal"
    folder.mkdir()
    return Terminal(folder, platform, url)


@pytest.fixture
def hands(terminal: Terminal, tmp_path: Path) -> Hands:
    return Hands(terminal, tmp_path)
