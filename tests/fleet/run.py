"""The fleet for as long as one likes: ``python -m tests.fleet.run --submissions 100000 [--out FILE]``.

World after world, each of 4 terminals and 2,500 submissions from its own seed, as many at once as there are
processors. With ``--swarm`` each world draws how often each fault comes. With ``--out`` every world's line is kept in
a file, and a later run goes on behind the last. Ends with 1 where anything was lost, doubled or torn, and at the first
such world.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import itertools
import json
import logging
import multiprocessing
import os
import signal
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import structlog

MEMORY = Path("/dev/shm")
SUBMISSIONS = 2500
"""Of one world: many enough to be worth its start, few enough for its files to stay in memory."""
SMALL = 300
"""The same where each world draws its faults: the more worlds, the more mixtures."""
FAULTS = 2
"""A submission."""
GARBAGE = 50_000
"""New objects after which Python looks for cycles among them."""


@dataclass(frozen=True)
class Outcome:
    """One world from its seed: counts, faults by kind, the digest of all that happened, and what went wrong."""

    seed: int
    submissions: int
    faults: dict[str, int]
    gone_with_disk: int
    trace: str
    problems: list[str]


def one(
    seed: int, submissions: int = SUBMISSIONS, plant: str = "", within: str | None = None, *, drawn: bool = False
) -> Outcome:
    """Run one world; its disks are a folder in ``within``, and gone when it returns. ``drawn``: its faults come as
    ``swarm`` draws them."""
    from tests.fleet.luck import swarm
    from tests.fleet.plants import MORE_OF, planted
    from tests.fleet.world import World

    with tempfile.TemporaryDirectory(prefix="bm-fleet-", dir=within or _memory()) as folder, planted(plant):
        world = World(Path(folder), seed, swarm(seed) if drawn else MORE_OF.get(plant, {}))
        try:
            world.run(submissions)
            world.settle()
            problems = world.check()
        finally:
            world.close()
    luck = world.luck
    return Outcome(seed, world.submitted, dict(luck.injected), len(world.gone_with_disk), luck.trace, problems)


def worlds(
    submissions: int, workers: int, first: int = 1, faults: int = 0, *, drawn: bool = False
) -> Iterator[Outcome]:
    """Worlds in the order of their seeds, until they have so many submissions and faults together."""
    seeds, size = itertools.count(first), SMALL if drawn else SUBMISSIONS
    # The folder is this process's own: what becomes of the workers, it is gone in the end.
    with tempfile.TemporaryDirectory(prefix="bm-fleet-", dir=_memory()) as folder, pool(workers) as running:

        def start() -> Any:
            return running.apply_async(one, (next(seeds), size, "", folder), {"drawn": drawn})

        under_way = deque(start() for _ in range(workers + 1))
        while submissions > 0 or faults > 0:
            outcome: Outcome = under_way.popleft().get()
            submissions -= outcome.submissions
            faults -= sum(outcome.faults.values())
            yield outcome
            under_way.append(start())


def pool(workers: int) -> Any:
    """Processes that run worlds; each is replaced after some, so that nothing can pile up in it."""
    return multiprocessing.get_context("spawn").Pool(workers, _prepare, maxtasksperchild=20)


def _prepare() -> None:
    # Thousands of refusals are told in every world, and each is on purpose.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    # What is imported stays, and of a world little is garbage in cycles: looked for at every 700 objects, it costs a
    # tenth of the time.
    importlib.import_module("tests.fleet.world")
    gc.freeze()
    gc.set_threshold(GARBAGE)


def _memory() -> str | None:
    return str(MEMORY) if MEMORY.is_dir() else None


@dataclass
class Total:
    """Of all worlds so far."""

    worlds: int = 0
    submissions: int = 0
    gone_with_disk: int = 0
    wrong: int = 0

    def __post_init__(self) -> None:
        self.faults: Counter[str] = Counter()

    def add(self, outcome: Outcome) -> None:
        self.worlds += 1
        self.submissions += outcome.submissions
        self.gone_with_disk += outcome.gone_with_disk
        self.wrong += bool(outcome.problems)
        self.faults.update(outcome.faults)

    def __str__(self) -> str:
        kinds = ", ".join(f"{count} {name}" for name, count in self.faults.most_common())
        return (
            f"{self.submissions} submissions, {self.faults.total()} faults in {self.worlds} worlds ({kinds});\n"
            f"{self.gone_with_disk} gone with an old image of the disk;"
            f" {self.wrong} worlds with anything lost, doubled or torn"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--submissions", type=int, default=100_000)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--swarm", action="store_true")
    parser.add_argument("--out", type=Path, default=Path(os.devnull))
    options = parser.parse_args()
    # Stopped from outside, the folders in memory go too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    total, began = Total(), time.monotonic()
    if options.out.is_file():
        with options.out.open() as lines:
            for line in lines:
                total.add(Outcome(**json.loads(line)))
    with options.out.open("a") as out:
        for outcome in worlds(
            options.submissions - total.submissions, options.workers, total.worlds + 1, drawn=options.swarm
        ):
            total.add(outcome)
            out.write(json.dumps(asdict(outcome)) + "\n")
            out.flush()
            if outcome.problems:
                print(outcome.seed, outcome.problems[:5])
                break
    print(f"{total}; {time.monotonic() - began:.0f} s in this run")
    sys.exit(bool(total.wrong))


if __name__ == "__main__":
    main()
