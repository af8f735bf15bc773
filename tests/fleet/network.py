"""The line between terminals and platform: what is sent and what comes back, lost, late, doubled, damaged or a lie."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace

from urllib3.exceptions import ProtocolError

from kiosk.model.clock import ManualClock
from sync.protocol.wire import BatchAnswer, RecordAnswer, RecordBatch, RecordStatus, SignedRequest
from tests.fleet.luck import Killed, Luck
from tests.fleet.platform import Digests, Process
from tests.sync.calls import Answer, Call, answered

GOOD, BAD = (0.05, 0.6), (0.3, 3.0)
"""Seconds that a request takes on a good and on a bad line."""
KEPT = 60.0
"""Seconds that a connection is kept for the next request."""
RECORDS = "/v1/records"
PAGE = b"<html><body>Please log in.</body></html>"


class Network:
    """``connect`` makes what a terminal's client has in the place of its connections."""

    def __init__(self, luck: Luck, clock: ManualClock, processes: Sequence[Process], digests: Digests) -> None:
        self._luck, self._clock, self._processes, self._digests = luck, clock, processes, digests
        self._late: list[tuple[float, int, str, Call]] = []
        self._order = itertools.count()
        self.away_until = 0.0

    def passes(self, seconds: float) -> None:
        """Time goes by, and what is late and due by then arrives."""
        self._clock.advance(seconds)
        while self._late and self._late[0][0] <= self._clock.monotonic():
            _at, _order, name, call = heapq.heappop(self._late)
            process = self.anybody()
            if process is None:
                continue
            self._luck.meets(name)
            if answered(process.platform, call).status >= 400:
                self._luck.note("refused")

    def connect(self) -> Callable[[Call], Answer]:
        """Takes requests, and answers them; it stays with one process while it can. Raises urllib3's errors, or Killed
        for the agent that sends."""
        process: Process | None = None
        until = 0.0

        def send(call: Call) -> Answer:
            nonlocal process, until
            self.passes(self._luck.chance.uniform(*(BAD if self._luck.bad_line else GOOD)))
            now = self._clock.monotonic()
            if process is None or now >= until or not self._runs(process):
                process = self.anybody()
            if process is None:
                raise ProtocolError("nobody is there")
            until = now + KEPT
            try:
                return self._request(process, call)
            except ProtocolError:
                process = None
                raise

        return send

    def _request(self, process: Process, call: Call) -> Answer:
        """One request over the network, and its answer. One that only asks comes twice without being a fault."""
        luck = self._luck
        if luck.fails("request_lost"):
            raise ProtocolError("lost")
        if luck.fails("busy"):
            return Answer(503, headers={"Retry-After": str(luck.chance.randint(1, 60))})
        if call.path == RECORDS and luck.happens("portal"):
            return _lie(call)
        if luck.happens("portal_page"):
            return luck.chance.choice(_PAGES)
        if not call.asks and luck.may("delayed"):
            self._later("delayed", call)
            raise ProtocolError("no answer in time")
        if luck.happens("platform_killed"):
            process.dies_at_commit(1, lambda platform: answered(platform, call))
            self.ends(process)
            raise ProtocolError("the connection is gone")
        said = self._piece(process, call) if call.method == "PATCH" else answered(process.platform, call)
        if not call.asks and luck.happens("doubled"):
            again = answered((self.anybody() or process).platform, call)
            said = luck.chance.choice((said, again))
        if not call.asks and luck.may("late_copy"):
            self._later("late_copy", call)
        if luck.fails("answer_lost"):
            raise ProtocolError("answer lost")
        if luck.happens("agent_killed"):
            raise Killed
        return said

    def _piece(self, process: Process, call: Call) -> Answer:
        """A piece of a file may be hurt on its way, and may be the last that a process takes."""
        luck, body = self._luck, call.body
        cut = False
        if body and luck.happens("damaged"):
            call = replace(call, body=bytes([body[0] ^ 1]) + body[1:])
        elif len(body) > 1 and (cut := luck.happens("cut")):
            call = replace(call, body=body[: luck.chance.randrange(1, len(body))])
        self._digests.deadly = luck.may("killed_at_digest")
        try:
            said = answered(process.platform, call)
        except Killed:
            luck.meets("killed_at_digest")
            self.ends(process)
            raise ProtocolError("the connection is gone") from None
        finally:
            self._digests.deadly = False
        if cut:
            raise ProtocolError("the connection is gone")
        return said

    def anybody(self) -> Process | None:
        """One of the platform's processes that run now and can be reached."""
        running = [p for p in self._processes if self._runs(p)]
        return self._luck.chance.choice(running) if running else None

    def _runs(self, process: Process) -> bool:
        return self._clock.monotonic() >= max(process.back, self.away_until)

    def ends(self, process: Process) -> None:
        """It was killed, and is away for a while."""
        process.end(self._clock.monotonic() + self._luck.chance.uniform(1, 600))

    def _later(self, name: str, call: Call) -> None:
        """The request arrives after seconds, or when the platform does not take one so old any more."""
        chance = self._luck.chance
        wait = chance.uniform(1, 500) if chance.random() < 0.7 else chance.uniform(600, 86_400)
        heapq.heappush(self._late, (self._clock.monotonic() + wait, next(self._order), name, call))


_PAGES = [
    Answer(200, PAGE, {"Content-Type": "text/html"}),
    Answer(302, headers={"Location": "http://portal"}),
    Answer(404, PAGE),
    Answer(204, headers={"Upload-Offset": "0", "Upload-Complete": "?1"}),
]


def _lie(call: Call) -> Answer:
    """All records are stored, says somebody who is not the platform."""
    request = SignedRequest.model_validate_json(call.body)
    count = len(RecordBatch.model_validate_json(request.body).records)
    return Answer(
        200, BatchAnswer(answers=[RecordAnswer(status=RecordStatus.STORED)] * count).model_dump_json().encode()
    )
