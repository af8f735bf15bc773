"""Cuts the power of a terminal and a platform at random moments, and looks at what is left on their disks.

``python -m tests.power_loss.rig --cuts 10000`` prints a table; with ``--plants`` also of each planted fault. Ends with
1 where the product loses anything or a plant is not seen.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.power_loss.check import problems
from tests.power_loss.disk import Disk, records, written
from tests.power_loss.plants import PLANTS, planted
from tests.power_loss.workload import go_on

HERE = Path(__file__).parent
MEMORY = Path("/dev/shm")
KINDS = ("lost", "torn", "corrupt", "stuck")
GO_ON = 8
"""Cuts of a run, among those that left a file in part at the platform, after which work goes on."""


@dataclass
class Outcome:
    """``cuts`` moments, after ``gone_on`` of which work went on; ``hurt`` counts for each kind of problem the moments
    that show it."""

    cuts: int = 0
    gone_on: int = 0
    receipts: int = 0
    operations: int = 0
    hurt: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        return not self.hurt


def compiled(folder: Path) -> Path:
    """The recorder as a shared library. Needs a C compiler."""
    library = folder / "recorder.so"
    command = ["cc", "-O2", "-shared", "-fPIC", "-o", str(library), str(HERE / "recorder.c"), "-ldl", "-lpthread"]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return library


def recorded(folder: Path, library: Path, cases: int, seed: int, plant: str) -> Path:
    """Let the workload run under the recorder in ``folder``; returns the recording."""
    root, log, marks = folder / "root", folder / "log", folder / "marks"
    root.mkdir()
    marks.touch()
    recorder = {
        "LD_PRELOAD": str(library),
        "RECORD_ROOT": str(root),
        "RECORD_LOG": str(log),
        "RECORD_MARKS": str(marks),
    }
    command = [sys.executable, "-m", "tests.power_loss.workload", str(root), str(marks)]
    command += ["--cases", str(cases), "--seed", str(seed), "--plant", plant]
    done = subprocess.run(
        command, env={**os.environ, **recorder}, capture_output=True, text=True, timeout=600, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(done.stderr[-2000:])
    return log


def cut_power(cuts: int, *, cases: int = 40, seed: int = 1, plant: str = "") -> Outcome:
    """Record one run, and look at the disk after ``cuts`` moments of it; the moments follow from ``seed``."""
    outcome, chance = Outcome(), random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="bm-power-", dir=MEMORY if MEMORY.is_dir() else None) as name:
        folder = Path(name)
        log = recorded(folder, compiled(folder), cases, seed, plant)
        everything = records(log)
        begin = next(i for i, r in enumerate(everything) if r.kind == "M" and r.data.startswith(b"begin"))
        disk = Disk(str(folder / "root"))
        for record in everything[:begin]:
            disk.follow(record)
        disk.settle()
        moments = Counter(chance.randint(begin, len(everything)) for _ in range(cuts))
        done = begin
        with planted(plant):
            for moment in sorted(moments):
                for record in everything[done:moment]:
                    disk.follow(record)
                done = moment
                for _ in range(moments[moment]):
                    _look(disk, chance, folder / "after", outcome)
        outcome.operations = len(everything) - begin
        outcome.receipts = sum(m.startswith("receipt") for m in disk.marks)
    return outcome


def _look(disk: Disk, chance: random.Random, target: Path, outcome: Outcome) -> None:
    written(disk.after_loss(chance), target)
    found = problems(target / "disk", disk.marks)
    if not found and outcome.gone_on < GO_ON and any((target / "disk" / "hub" / "blobs" / "parts").glob("*")):
        outcome.gone_on += 1
        found = go_on(target / "disk")
    shutil.rmtree(target)
    outcome.cuts += 1
    for kind in KINDS:
        outcome.hurt[kind] += any(p.startswith(kind) for p in found)
    outcome.hurt += Counter()  # drops the zeros
    outcome.examples += found[: max(0, 5 - len(outcome.examples))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cuts", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=10, help="so many recordings share the cuts")
    parser.add_argument("--plants", action="store_true")
    options = parser.parse_args()
    print("| fault planted | cuts | receipts | lost | torn | corrupt | stuck |\n|---|---|---|---|---|---|---|")
    failed = False
    whole = Outcome()
    for seed in range(1, options.runs + 1):
        one = cut_power(-(-options.cuts // options.runs), seed=seed)
        whole.cuts, whole.receipts = whole.cuts + one.cuts, whole.receipts + one.receipts
        whole.hurt += one.hurt
        whole.gone_on += one.gone_on
        whole.examples += one.examples
    _row("none", whole)
    failed |= not whole.sound
    for plant in PLANTS if options.plants else ():
        seen = cut_power(max(50, options.cuts // 20), plant=plant)
        _row(plant, seen)
        failed |= seen.sound
    print("\n".join(whole.examples))
    sys.exit(failed)


def _row(name: str, outcome: Outcome) -> None:
    counts = " | ".join(str(outcome.hurt[k]) for k in KINDS)
    print(f"| {name} | {outcome.cuts} | {outcome.receipts} | {counts} |", flush=True)


if __name__ == "__main__":
    main()
