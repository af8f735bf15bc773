"""Puts the agent together from the settings of a terminal."""

from __future__ import annotations

import os
import random
import sys
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel

from kiosk.config import Settings
from kiosk.model.clock import SystemClock, TrustedClock
from kiosk.model.room import MB
from kiosk.security.credentials import load_credentials
from kiosk.security.trust import PlatformTrust, load_trust, remember_start, time_floor
from kiosk.store.database import Store
from kiosk.store.pages import SealedFiles
from kiosk.store.retention import Keep
from kiosk.store.room import DRAIN_RESERVE, DrainRoom, Reserve
from kiosk.versions import Versions
from sync.agent import VERSION, Agent
from sync.client import PlatformClient
from sync.content import refresh
from sync.outbox import Outbox
from sync.protocol.wire import Purpose, SignedRequest
from sync.updates import Updater, Updates


class NotEnrolled(Exception):
    """The terminal does not know a platform yet."""


def make_agent(settings: Settings, config: Path | None) -> Agent:
    """The agent of an enrolled terminal; ``config`` is where ``settings`` were read.

    Raises NotEnrolled, CredentialError, StoreError or NoAuthority.
    """
    state = settings.paths.state
    trust_file = state / "platform.json"
    told = load_trust(trust_file)
    if told is None:
        raise NotEnrolled("this terminal is not enrolled: kiosk enrol CODE")
    trust = PlatformTrust(trust_file, told)
    credentials = load_credentials(settings.credentials)
    room = DrainRoom(state, settings.storage, Reserve(state / DRAIN_RESERVE, settings.storage.drain_mb * MB))
    room.look()
    if room.free < MB:
        room.give_up()  # to open the database takes some of it already
    store = Store(settings.database, credentials.store_key, checkpoint=True)
    files = SealedFiles(state / "sealed")
    client = PlatformClient(settings.platform.url, settings.platform.ca)
    clock = TrustedClock(SystemClock(), time_floor(store, told))
    chance, kept = random.SystemRandom(), settings.retention
    code = settings.terminal.code

    def sign(purpose: Purpose, body: BaseModel) -> SignedRequest:
        at = client.platform_now()
        return SignedRequest.make(settings.platform.suite, code, credentials.signing_key, purpose, at, body)

    def content() -> bool:
        now = datetime.fromisoformat(client.platform_now())
        if client.started is not None:
            remember_start(store, client.started)
        return refresh(client, settings.content, told.root.encode(), max(now, time_floor(store, told)))

    def room_for_updates() -> int:
        return room.free - settings.storage.low_mb * MB

    apply = [sys.executable, "-m", "kiosk.cli", "update", "apply", "--parent", str(os.getpid())]
    if config is not None:
        apply += ["--config", str(config)]
    published = Updates(Versions(state), settings.content, told.root.encode(), code)
    updates = Updater(published, client, settings.updates, VERSION, room_for_updates, apply)
    return Agent(
        store,
        files,
        client,
        Outbox(store, files, client, trust.believes, sign, clock, chance, client.uploads),
        sign,
        content,
        updates,
        trust,
        settings.platform.heartbeat_seconds,
        settings.platform.ratings_at_least,
        Keep(kept.closed_lines_days, kept.print_jobs_days, kept.audit_days, kept.low_days),
        room,
        clock,
        chance,
    )
