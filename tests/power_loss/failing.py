"""Every call on the disk fails once: the N-th write, sync, open, rename or cut, with EIO, ENOSPC or EMFILE.

Run by ``tests.power_loss.test_power_loss`` under the recorder, or for all N by
``python -m tests.power_loss.failing --all``. A round is a small day of a terminal and its platform. What fails is told
and tried again, as the screens and the agent do; at the end everything must have arrived once.
"""

from __future__ import annotations

import argparse
import ctypes
import errno
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import structlog

from tests.power_loss.plants import planted
from tests.power_loss.rig import MEMORY, compiled

ERRORS = (errno.EIO, errno.ENOSPC, errno.EMFILE)
CASES, TRIES = 3, 4


def round_of(root: Path, fail_at: int, error: int) -> tuple[int, list[str]]:
    """One day below ``root``; how many calls it made, and what went wrong."""
    from tests.power_loss.check import problems
    from tests.power_loss.workload import Day

    recorder = ctypes.CDLL(None)
    recorder.record_seen.restype = ctypes.c_long
    day, chance = Day(root), random.Random(3)
    told: list[str] = []
    day.mark = told.append
    recorder.record_fail_at(ctypes.c_long(fail_at), ctypes.c_int(error))
    found: list[str] = []
    for _ in range(CASES):
        made = day.draft(chance)
        for _try in range(TRIES):
            try:
                day.submit(made)
                break
            except Exception as bad:  # noqa: BLE001 - the screen tells of any, and the citizen tries again
                day.note(bad)
        else:
            found.append("a case could not be handed in")
        day.clock.advance(1000)
        try:
            day.send()
        except Exception as bad:  # noqa: BLE001 - the agent's process ends, and is started again
            day.note(bad)
            day.restart_agent()
    calls = recorder.record_seen()
    recorder.record_fail_at(ctypes.c_long(0), ctypes.c_int(0))
    for _ in range(20 * CASES):
        day.clock.advance(1000)
        day.send()
        if day.waiting() == day.held():
            break
    else:
        found.append("the outbox does not become empty")
    held = day.held()
    if held:
        found.append(f"set aside though nothing is wrong with it: {held}")
    day.close()
    found += problems(root, told)
    handed_in = sum(t.startswith("receipt") for t in told)
    if len({t for t in told if t.startswith("stored")}) != handed_in:
        found.append(f"{handed_in} handed in, {len(set(told))} marks")
    found += [f"not an error of the disk: {odd}" for odd in day.odd]
    return calls, found


def rounds(plan: Sequence[tuple[int, int]], *, until_seen: bool) -> tuple[int, list[str]]:
    """Rounds of ``plan`` (call that fails, error), each in a fresh folder; how many, and what went wrong. All of them,
    or until something did."""
    root = os.environ["RECORD_ROOT"]
    found: list[str] = []
    done = 0
    for fail_at, error in plan:
        if found and until_seen:
            break
        done += 1
        folder = Path(tempfile.mkdtemp(dir=root)) / "day"
        calls, bad = round_of(folder, fail_at, error)
        found += [f"call {fail_at} of {calls}, {errno.errorcode[error]}: {b}" for b in bad]
        shutil.rmtree(folder.parent)
    return done, found


def calls_of_a_day() -> int:
    """How many calls a day makes where none fails."""
    folder = Path(tempfile.mkdtemp(dir=os.environ["RECORD_ROOT"])) / "day"
    calls, bad = round_of(folder, 0, 0)
    assert not bad, bad
    return calls


def under_recorder(arguments: Sequence[str], timeout: float) -> subprocess.CompletedProcess[str]:
    """This module, in a process whose calls can be made to fail."""
    with tempfile.TemporaryDirectory(prefix="bm-fail-", dir=MEMORY if MEMORY.is_dir() else None) as name:
        folder = Path(name)
        (folder / "root").mkdir()
        setting = {"LD_PRELOAD": str(compiled(folder)), "RECORD_ROOT": str(folder / "root")}
        command = [sys.executable, "-m", "tests.power_loss.failing", "--here", *arguments]
        return subprocess.run(
            command, env={**os.environ, **setting}, capture_output=True, text=True, timeout=timeout, check=False
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", action="store_true", help="every call with every error; minutes")
    parser.add_argument("--count", type=int, default=60, help="so many calls, drawn from the seed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plant", default="", help="with a planted fault")
    parser.add_argument("--here", action="store_true", help="already under the recorder")
    options = parser.parse_args()
    if not options.here:
        done = under_recorder(sys.argv[1:], 36_000)
        sys.stdout.write(done.stdout)
        sys.stderr.write(done.stderr)
        sys.exit(done.returncode)
    from tests.power_loss.workload import pieces

    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    with pieces():
        calls, chance = calls_of_a_day(), random.Random(options.seed)
        plan = [(n, e) for n in range(1, calls + 1) for e in ERRORS]
        if not options.all:
            plan = chance.sample(plan, min(options.count, len(plan)))
        with planted(options.plant):
            done, found = rounds(plan, until_seen=bool(options.plant))
    print(json.dumps({"calls": calls, "rounds": done, "problems": found}, indent=1))
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
