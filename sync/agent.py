"""The agent: sync and housekeeping. It runs on when the terminal app is closed, and is the only sender."""

from __future__ import annotations

import json
import random
import signal
import threading
from collections.abc import Callable
from datetime import datetime
from importlib.metadata import version
from typing import Protocol

import structlog

from kiosk.model.clock import Clock
from kiosk.model.room import Mark
from kiosk.security.trust import PlatformTrust
from kiosk.store.cases import CaseRepository
from kiosk.store.database import CALL, CALL_TOLD, Store
from kiosk.store.pages import SealedFiles
from kiosk.store.retention import Keep, forget
from kiosk.store.room import STORE_ERRORS, DrainRoom, is_full
from sync.client import NoNetwork, NotAuthorised, PlatformClient, Rejected
from sync.lanes import Lane
from sync.outbox import Outbox, Sent, Sign
from sync.protocol.wire import (
    ChainHead,
    Heartbeat,
    HeartbeatAnswer,
    Pace,
    Purpose,
    RatingBatch,
    RatingRecord,
)

log = structlog.get_logger()

VERSION = version("bianmin")[:32]
"""Of this program, as it was installed."""
POLL = 0.5
CHECKPOINT, FORGETTING = 60.0, 3600.0
"""Seconds between checkpoints, and between looks for what is past its time."""
OLD = 3 * 86400.0
"""Seconds that a case may wait to be sent before staff are told."""
MOST_OPEN = 500
MOST_PAGES = 100
"""Of changes that are asked for with one sign of life."""
CONTENT_BEATS = 10
"""Signs of life between two looks for new packages."""
CALL_SECONDS = 3600.0
UPDATE_FAILED = "update_failed"
"""In the fault catalogue: a published version of the program was not well here."""


class Updates(Protocol):
    """``work`` fetches a piece of a new version of the program; True where the next may follow at once."""

    failed: bool

    def work(self, now: datetime) -> bool: ...


class Agent:
    """One turn at a time; ``run`` repeats it until told to stop."""

    def __init__(
        self,
        store: Store,
        files: SealedFiles,
        client: PlatformClient,
        outbox: Outbox,
        sign: Sign,
        content: Callable[[], bool],
        updates: Updates,
        trust: PlatformTrust,
        heartbeat_seconds: float,
        ratings_at_least: int,
        keep: Keep,
        room: DrainRoom,
        clock: Clock,
        chance: random.Random,
    ) -> None:
        """``content`` fetches packages, ``updates`` new versions of the program; ``trust``: the platform's keys, newer
        ones of which come with signs of life; ``keep``: how long records stay here; ``room``: the disk."""
        self._store, self._client, self._outbox = store, client, outbox
        self._sign, self._content, self._updates, self._trust = sign, content, updates, trust
        self._ratings_at_least, self._keep, self._room = ratings_at_least, keep, room
        self._mark = Mark.PLENTY
        self._clock, self._chance = clock, chance
        self._cases = CaseRepository(store, files)
        self._pace = Pace(heartbeat_seconds=heartbeat_seconds)
        self._heartbeat_seconds = heartbeat_seconds
        beat = self._heartbeat_every
        # In the order of their weight: signs of life keep their time even while a long backlog is sent.
        self._beat_lane = Lane("heartbeat", self._beat, beat, chance, cap=beat)
        self._case_lane = Lane("cases", self._send_cases, lambda: self._pace.batch_seconds, chance)
        self._lanes = [
            self._beat_lane,
            self._case_lane,
            Lane("ratings", self._send_ratings, beat, chance),
            Lane("content", self._fetch_content, lambda: CONTENT_BEATS * beat(), chance),
            Lane("updates", self._fetch_update, lambda: 0.0 if self._fetching else CONTENT_BEATS * beat(), chance),
        ]
        self._next_checkpoint = clock.monotonic() + CHECKPOINT
        self._next_forgetting = clock.monotonic() + FORGETTING
        self._online: bool | None = None
        self._told_call = store.get(CALL)
        self._more = self._fetched = self._fetching = False
        self.stopping = threading.Event()

    def run(self) -> None:
        """Work until ``stopping`` is set."""
        swept = self._cases.sweep()
        if swept:
            log.info("stray_files_removed", count=swept)
        while not self.stopping.is_set():
            self.stopping.wait(self.turn())
        self._checkpoint()

    def turn(self) -> float:
        """One round of work; returns the seconds until the next. On a full disk it goes on with the room that was set
        aside for it; nothing is lost by a write that failed."""
        try:
            return self._turn()
        except STORE_ERRORS as bad:
            if not is_full(bad):
                raise
            given = self._room.give_up()
            log.error("disk_full", room_given_up=given)
            return 0.0 if given else POLL

    def _turn(self) -> float:
        self._more = self._fetched = False
        self._look_at_room()
        call = self._store.get(CALL)
        if call != self._told_call:
            # Somebody waits for help, or does no more: the hall hears of it now.
            self._told_call = call
            self._beat_lane.at_once()
        for lane in self._lanes:
            now = self._clock.monotonic()
            if lane.due(now) and (lane is self._beat_lane or self._online):
                self._go(lane, now)
        now = self._clock.monotonic()
        if now >= self._next_checkpoint:
            self._checkpoint()
            self._next_checkpoint = now + CHECKPOINT
        if now >= self._next_forgetting:
            forget(self._store, self._clock.now(), self._keep.when_low if self._mark else self._keep)
            self._next_forgetting = now + FORGETTING
        return 0.0 if self._more or self._fetched else POLL

    def _look_at_room(self) -> None:
        """Below a mark people are told, and what may go goes now; nothing that was handed in ever does."""
        mark = self._room.look()
        if mark != self._mark:
            log.warning("room_on_disk", mark=mark.name.lower(), free=self._room.free)
            self._beat_lane.at_once()
            if mark > self._mark:
                self._next_forgetting = self._next_checkpoint = 0.0
            self._mark = mark

    def _go(self, lane: Lane, now: float) -> None:
        try:
            lane.work()
        except NoNetwork as gone:
            lane.failed(now, gone.retry_after or 0.0)
            self._set_online(False, gone.fault)
            if lane is not self._beat_lane:
                # The next sign of life tells whether the network is back.
                self._beat_lane.next_at = min(self._beat_lane.next_at, now + 1.0)
            log.info("platform_not_reached", lane=lane.name, reason=str(gone))
        except (NotAuthorised, Rejected) as refused:
            lane.failed(now)
            if lane is self._beat_lane:
                self._set_online(False, "platform_refuses")
            log.warning("platform_refuses", lane=lane.name, reason=str(refused))
        else:
            lane.succeeded(now)

    def _heartbeat_every(self) -> float:
        return max(self._heartbeat_seconds, self._pace.heartbeat_seconds)

    def _beat(self) -> None:
        self._client.ping()
        answer = self._exchange([])
        if answer.reset:
            open_cases = self._cases.open_ids()
            for first in range(0, len(open_cases), MOST_OPEN):
                answer = self._exchange(open_cases[first : first + MOST_OPEN])
        pages = 0
        while answer.more and pages < MOST_PAGES and not self.stopping.is_set():
            # The rest comes with the next sign of life: a feed without an end holds up no case.
            pages += 1
            answer = self._exchange([])
        if not self._online:
            self._cases.try_now()
            for lane in self._lanes:
                lane.at_once()
        self._set_online(True)

    def _exchange(self, open_cases: list[str]) -> HeartbeatAnswer:
        """One sign of life and what the platform says to it."""
        epoch, sequence, envelope = self._cases.chain_head()
        call = self._calling()
        beat = Heartbeat(
            version=VERSION,
            key_id=self._trust.known.sealing.key_id,
            acknowledging=self._trust.known.acknowledging.key_id,
            backlog=self._cases.backlog(),
            held=self._cases.held(),
            oldest=self._cases.oldest(),
            free_bytes=self._room.free,
            faults=self._faults(),
            calls=int(bool(call)),
            chain=ChainHead(epoch=epoch, sequence=sequence, envelope=envelope),
            cursor=int(self._store.get("feed_cursor", "0")),
            open_cases=open_cases,
        )
        answer = self._client.post("/v1/heartbeat", self._sign(Purpose.HEARTBEAT, beat), HeartbeatAnswer)
        for state in answer.states:
            match state.state:
                case "closed":
                    self._cases.closed(state.case_id)
                case "released":
                    self._cases.released(state.case_id)
        self._store.put("feed_cursor", str(answer.cursor))
        if self._store.get(CALL_TOLD) != call:
            self._store.put(CALL_TOLD, call)
        self._store.put("chain_state", answer.chain.value)
        self._pace = answer.pace
        self._trust.hear(answer.successions, answer.key)
        return answer

    def _calling(self) -> str:
        """Since when somebody at this terminal waits for help; a call that nobody took back ends by itself."""
        call = self._store.get(CALL)
        waits = bool(call) and (self._clock.now() - datetime.fromisoformat(call)).total_seconds() < CALL_SECONDS
        return call if waits else ""

    def _faults(self) -> list[str]:
        """What the screens have noted last; and what may be so while they are closed."""
        noted: list[str] = json.loads(self._store.get("faults", "[]"))
        own = [self._mark.fault, UPDATE_FAILED if self._updates.failed else ""]
        return [*noted, *(fault for fault in own if fault and fault not in noted)]

    def _send_cases(self) -> None:
        sent = self._outbox.send_next()
        if sent == Sent.NO_NETWORK:
            raise NoNetwork("a case could not be sent")
        self._more = sent == Sent.SENT and not self._pace.batch_seconds

    def _send_ratings(self) -> None:
        rows = self._store.rows("SELECT id, record FROM rating ORDER BY random() LIMIT 200")
        if len(rows) < self._ratings_at_least:
            return
        batch = RatingBatch(ratings=[RatingRecord.model_validate_json(record) for _id, record in rows])
        self._client.post_quietly("/v1/ratings", self._sign(Purpose.RATINGS, batch))
        with self._store.transaction() as db:
            for rating_id, _record in rows:
                db.conn.execute("DELETE FROM rating WHERE id = ?", (rating_id,))

    def _fetch_content(self) -> None:
        self._content()

    def _fetch_update(self) -> None:
        """Last of all: not while cases go out, nor while the platform asks for patience."""
        if self._more or self._pace.batch_seconds:
            return
        self._fetching = False
        self._fetching = self._fetched = self._updates.work(datetime.fromisoformat(self._client.platform_now()))

    def _set_online(self, online: bool, *faults: str) -> None:
        oldest = self._cases.oldest()
        waiting = (self._clock.now() - datetime.fromisoformat(oldest)).total_seconds() if oldest else 0.0
        status = {
            "online": online,
            "at": self._clock.monotonic(),
            "free": self._room.free,
            "faults": [
                *faults,
                *(["backlog_old"] if waiting > OLD else []),
                *([UPDATE_FAILED] if self._updates.failed else []),
            ],
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
