"""Faults planted into the product, one at a time: the simulation must see each of them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.fleet.plants import platform, sending, terminal
from tests.fleet.plants.means import Patch

PLANTS: dict[str, Callable[[], Patch]] = {
    made.__name__: made for made in (*terminal.PLANTS, *sending.PLANTS, *platform.PLANTS)
}


MORE_OF: dict[str, dict[str, float]] = {
    "answer_for_another_case": {"portal": 0.3},
    "believes_any_answer": {"portal": 0.3},
    "completes_no_part": {"killed_at_digest": 0.05},
    "each_try_is_the_files_fault": {"portal_page": 0.6, "damaged": 0.2},
    "epoch_kept_after_a_restore": {"disk_copied": 0.5, "disk_restored": 0.5},
    "gives_up": {"request_lost": 0.08},
    "sends_no_empty_piece": {"killed_at_digest": 0.05},
    "sent_before_the_answer": {"request_lost": 0.15},
    "sweeps_without_the_lock": {"agent_starts": 0.1},
    "taken_up_for_ever": {"opening_killed": 0.5},
    "waits_by_the_wall_clock_for_ever": {"clock_jump": 0.7, "request_lost": 0.1},
}
"""What must happen more often than by itself for a small world to meet a fault."""


LOSES = {"held_up_by_one": 2, "one_bad_record_fails_the_batch": 2}
"""Faults that come with one record that is refused on purpose: so many cases at least must be seen as lost."""
SEEDS, SUBMISSIONS = range(1, 9), 150
"""Worlds that a fault is looked for in, and the size of each: not every small world meets every misfortune."""


@dataclass(frozen=True)
class Seen:
    """In which world a planted fault was noticed, and what the world said."""

    seed: int
    problems: list[str]

    def __str__(self) -> str:
        return f"seed {self.seed}, {len(self.problems)} problems: {self.problems[0][:60]}"


def seen(name: str) -> Seen | None:
    """Look for a planted fault; None: no world has noticed it."""
    from tests.fleet.run import one

    for seed in SEEDS:
        problems = one(seed, SUBMISSIONS, name).problems
        if problems and sum(p.startswith("lost") for p in problems) >= LOSES.get(name, 0):
            return Seen(seed, problems)
    return None


@contextlib.contextmanager
def planted(name: str) -> Iterator[None]:
    """The fault ``name``, or none."""
    if not name:
        yield
        return
    with PLANTS[name]():
        yield
