"""The agent: sync and housekeeping. It runs on when the terminal app is closed, and is the only sender."""

from __future__ import annotations

import json
import random
import shutil
import signal
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any

import structlog

from kiosk.model.clock import Clock
from kiosk.store.cases import CaseRepository
from kiosk.store.database import Store
from kiosk.store.pages import SealedFiles
from sync.client import NoNetwork, PlatformClient, Rejected
from sync.outbox import Outbox, Sent
from sync.protocol.wire import Heartbeat, HeartbeatAnswer, RatingBatch, RatingRecord, SignedRequest

log = structlog.get_logger()

POLL = 0.5
CHECKPOINT = 60.0
OLD = 3 * 86400.0
"""Seconds that a case may wait to be sent before staff are told."""


class Agent:
    """One turn at a time; ``run`` repeats it until told to stop."""

    def __init__(
        self,
        store: Store,
        files: SealedFiles,
        client: PlatformClient,
        outbox: Outbox,
        sign: Callable[[Any], SignedRequest],
        content: Callable[[], bool],
        terminal: str,
        heartbeat_seconds: float,
        ratings_at_least: int,
        clock: Clock,
        chance: random.Random,
    ) -> None:
        self._store, self._files, self._client, self._outbox = store, files, client, outbox
        self._sign, self._content = sign, content
        self._terminal = terminal
        self._heartbeat_seconds = heartbeat_seconds
        self._ratings_at_least = ratings_at_least
        self._clock, self._chance = clock, chance
        self._cases = CaseRepository(store, files)
        self._next_beat = 0.0
        self._failures = 0
        self._next_checkpoint = clock.monotonic() + CHECKPOINT
        self._online: bool | None = None
        self.stopping = threading.Event()

    def run(self) -> None:
        """Work until ``stopping`` is set."""
        swept = self._files.sweep(self._cases.known_files())
        if swept:
            log.info("stray_files_removed", count=swept)
        while not self.stopping.is_set():
            self.stopping.wait(self.turn())
        self._checkpoint()

    def turn(self) -> float:
        """One round of work; returns the seconds until the next."""
        now = self._clock.monotonic()
        if now >= self._next_beat:
            self._contact(now)
        sent = self._outbox.send_next() if self._online else Sent.NOTHING_DUE
        if sent == Sent.NO_NETWORK:
            self._set_online(False, "platform_unreachable")
            self._next_beat = now + 1.0
        if sent == Sent.SENT:
            self._set_online(True)
            return 0.0
        if now >= self._next_checkpoint:
            self._checkpoint()
            self._next_checkpoint = now + CHECKPOINT
        return POLL

    def _contact(self, now: float) -> None:
        try:
            self._client.ping()
            self._beat()
            self._send_ratings()
            self._content()
        except (NoNetwork, Rejected) as gone:
            self._failures += 1
            self._set_online(False, gone.fault if isinstance(gone, NoNetwork) else "platform_refuses")
            # Short at first, so that a plugged cable is noticed; the heartbeat's own interval is the ceiling.
            self._next_beat = now + min(self._heartbeat_seconds, self._chance.uniform(0.5, 1.5) * 2**self._failures)
            log.info("platform_not_reached", reason=str(gone))
            return
        if not self._online:
            self._cases.try_now()
        self._failures = 0
        self._set_online(True)
        self._next_beat = now + self._heartbeat_seconds

    def _beat(self) -> None:
        beat = Heartbeat(
            terminal=self._terminal,
            sent=self._clock.now().isoformat(),
            backlog=self._cases.backlog(),
            faults=json.loads(self._store.get("faults", "[]")),
            open_cases=self._cases.open_ids(),
        )
        answer = self._client.post("/v1/heartbeat", self._sign(beat), HeartbeatAnswer)
        for state in answer.states:
            if state.state == "closed":
                self._cases.closed(state.case_id)

    def _send_ratings(self) -> None:
        rows = self._store.rows("SELECT id, record FROM rating ORDER BY random() LIMIT 200")
        if len(rows) < self._ratings_at_least:
            return
        batch = RatingBatch(
            terminal=self._terminal, ratings=[RatingRecord.model_validate_json(record) for _id, record in rows]
        )
        self._client.post_quietly("/v1/ratings", self._sign(batch))
        with self._store.transaction() as db:
            for rating_id, _record in rows:
                db.conn.execute("DELETE FROM rating WHERE id = ?", (rating_id,))

    def _set_online(self, online: bool, *faults: str) -> None:
        oldest = self._cases.oldest()
        waiting = (self._clock.now() - datetime.fromisoformat(oldest)).total_seconds() if oldest else 0.0
        status = {
            "online": online,
            "at": self._clock.monotonic(),
            "free": shutil.disk_usage(self._files.folder).free,
            "faults": [*faults, *(["backlog_old"] if waiting > OLD else [])],
        }
        self._store.put("agent_status", json.dumps(status))
        if online != self._online:
            log.info("platform_online" if online else "platform_offline")
        self._online = online

    def _checkpoint(self) -> None:
        self._store.rows("PRAGMA wal_checkpoint(TRUNCATE)")


def stop_on_signals(agent: Agent) -> None:
    """SIGTERM ends the agent after the turn that it is in."""
    signal.signal(signal.SIGTERM, lambda *_: agent.stopping.set())
