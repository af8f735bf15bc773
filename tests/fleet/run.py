"""The fleet for as long as one likes: ``python -m tests.fleet.run --submissions 100000 [--out FILE]``.

Worlds of 4 terminals and about 2,000 submissions each, one seed a world, as many at once as there are processors. With
``--out`` every world's line is kept in a file, and a later run goes on behind the last; ends with 1 where anything was
lost, doubled or torn.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import tempfile
import time
from pathlib import Path

import structlog

MEMORY = Path("/dev/shm")
TURNS = 4400


def one(seed: int, turns: int = TURNS, plant: str = "") -> dict[str, object]:
    """One world from its seed: counts, faults, the trace, and what went wrong."""
    from tests.fleet.plants import MORE_OF, planted
    from tests.fleet.world import Faults, World

    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    with tempfile.TemporaryDirectory(prefix="bm-fleet-", dir=MEMORY if MEMORY.is_dir() else None) as folder:
        with planted(plant):
            world = World(Path(folder), seed, faults=Faults(**MORE_OF.get(plant, {})))
            world.run(turns)
            world.settle()
            problems = world.check()
        world.close()
    return {
        "seed": seed,
        "submissions": world.submitted,
        "faults": sum(world.injected.values()),
        "gone_with_disk": len(world.gone_with_disk),
        "trace": world.trace,
        "problems": problems,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--submissions", type=int, default=100_000)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    lines = options.out.read_text().splitlines() if options.out is not None and options.out.exists() else []
    done = [json.loads(line) for line in lines]
    began, seed = time.monotonic(), len(done) + 1
    with multiprocessing.get_context("spawn").Pool(options.workers) as pool:
        while sum(d["submissions"] for d in done) < options.submissions:
            for line in pool.map(one, range(seed, seed + options.workers)):
                done.append(line)
                if options.out is not None:
                    with options.out.open("a") as out:
                        out.write(json.dumps(line) + "\n")
            seed += options.workers
    wrong = [d for d in done if d["problems"]]
    total = {key: sum(d[key] for d in done) for key in ("submissions", "faults", "gone_with_disk")}
    print(f"{total['submissions']} submissions, {total['faults']} faults, {len(done)} worlds,")
    print(
        f"{total['gone_with_disk']} gone with an old image of the disk, {time.monotonic() - began:.0f} s in this run;"
    )
    print(f"{len(wrong)} worlds with anything lost, doubled or torn")
    for line in wrong[:5]:
        print(line["seed"], line["problems"][:3])
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
