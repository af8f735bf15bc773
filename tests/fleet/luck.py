"""What goes wrong, drawn from the seed: how often each fault comes, how often it came, and the trace of it all."""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Mapping

BAD_TIMES = 0.25
"""Share of turns in which requests fail much more often than in the others."""


FAULTS = {
    "request_lost": 0.01,
    "answer_lost": 0.01,
    "delayed": 0.006,  # the terminal has given up, and the request arrives after all, behind later ones
    "doubled": 0.26,
    "late_copy": 0.25,  # the same request arrives once more, much later
    "portal": 0.05,  # of a batch: something else answers, and says that all is well
    "portal_page": 0.002,  # something else answers, with a page or an error of its own
    "busy": 0.002,  # the platform says when to come again
    "platform_killed": 0.001,  # one of its processes dies before it commits; the other goes on
    "killed_at_digest": 0.003,  # of a file's last piece: a process dies with all bytes and before their digest
    "agent_killed": 0.0015,  # when the answer has come, and nothing has been made of it
    "damaged": 0.013,  # of a piece: it changes on its way
    "cut": 0.013,  # of a piece: only a part of it comes to the platform's disk
    "wipe_killed": 0.02,  # of a file: the agent dies when its row is gone, and it is not
    "worker_killed": 0.09,  # of a submission
    "agent_starts": 0.012,  # of a submission: while its files wait, or have their names and no row
    "clock_jump": 0.2,  # of a turn, as the rest
    "platform_away": 0.02,
    "opening_killed": 0.1,
    "disk_copied": 0.1,  # no fault yet
    "disk_restored": 0.012,
}
"""Chance of each fault: of a request, or of what it says. How requests fail has its good and its bad times."""
OFTEN = (0, 1, 1, 5, 20)
MOST = {"damaged": 0.15, "opening_killed": 0.3}
"""Above these, cases are set aside as they should be: what fails ten times in a row, or kills five openings."""


def swarm(seed: int) -> dict[str, float]:
    """Faults that come not at all, as often as usual, or much more often, as drawn for one world: what hides behind
    many faults at once may show with few of them (swarm testing: Groce and others, ISSTA 2012)."""
    chance = random.Random(f"swarm {seed}")
    return {fault: min(MOST.get(fault, 0.5), often * chance.choice(OFTEN)) for fault, often in FAULTS.items()}


class Killed(BaseException):
    """The process ends here; nothing in it may catch that."""


class Luck:
    """One world's. ``faults``: those of ``FAULTS`` that come more often or less. ``injected`` counts each where it
    takes effect."""

    def __init__(self, seed: int, faults: Mapping[str, float]) -> None:
        self.chance, self._faults = random.Random(seed), FAULTS | faults
        self.injected: Counter[str] = Counter()
        self.bad_line = False
        self._trace = hashlib.sha256()

    def happens(self, fault: str) -> bool:
        """Whether it happens now; then it counts."""
        if not self.may(fault):
            return False
        self.meets(fault)
        return True

    def may(self, fault: str) -> bool:
        """Whether it happens now, if it comes to it: who asks counts it there."""
        return self.chance.random() < self._faults[fault]

    def fails(self, fault: str) -> bool:
        """Whether a request fails of it: lines are good for a while, and bad for a while."""
        likely = self._faults[fault] * (1 / BAD_TIMES if self.bad_line else 0.1)
        if self.chance.random() >= likely:
            return False
        self.meets(fault)
        return True

    def calm(self) -> None:
        """No fault happens any more."""
        self._faults = dict.fromkeys(FAULTS, 0.0)

    def meets(self, fault: str) -> None:
        """Count ``fault``, where it takes effect."""
        self.injected[fault] += 1
        self.note(fault)

    def note(self, event: str) -> None:
        self._trace.update(event.encode() + b"\n")

    @property
    def trace(self) -> str:
        """The digest of all that happened."""
        return self._trace.hexdigest()
