"""Puts the agent together from the settings of a terminal."""

from __future__ import annotations

import random

from kiosk.config import Settings
from kiosk.model.clock import SystemClock, TrustedClock
from kiosk.security.credentials import load_credentials
from kiosk.security.trust import load_trust, time_floor
from kiosk.store.database import Store
from kiosk.store.pages import SealedFiles
from sync.agent import Agent
from sync.client import PlatformClient
from sync.content import refresh
from sync.outbox import Outbox
from sync.protocol.canonical import unb64
from sync.protocol.wire import SignedRequest


class NotEnrolled(Exception):
    """The terminal does not know a platform yet."""


def make_agent(settings: Settings) -> Agent:
    """The agent of an enrolled terminal. Raises NotEnrolled, CredentialError or StoreError."""
    trust = load_trust(settings.paths.state / "platform.json")
    if trust is None:
        raise NotEnrolled("this terminal is not enrolled: kiosk enrol CODE")
    credentials = load_credentials(settings.credentials)
    store = Store(settings.database, credentials.store_key, checkpoint=True)
    files = SealedFiles(settings.paths.state / "sealed")
    client = PlatformClient(settings.platform.url, settings.platform.ca)
    clock = TrustedClock(SystemClock(), time_floor(store, trust))
    chance = random.SystemRandom()
    code = settings.terminal.code
    return Agent(
        store,
        files,
        client,
        Outbox(store, files, client, unb64(trust.acknowledging.public), clock, chance),
        lambda body: SignedRequest.make(settings.platform.suite, code, credentials.signing_key, body),
        lambda: refresh(client, settings.content),
        code,
        settings.platform.heartbeat_seconds,
        settings.platform.ratings_at_least,
        clock,
        chance,
    )
