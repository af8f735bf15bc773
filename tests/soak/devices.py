"""Random kills, hangs and faults over real processes for a long time; then nothing may be left of them.

``python -m tests.soak.devices --minutes 30``. Kills device processes and workers, stops them in mid-air, raises and
takes back faults of the catalogue, and does a whole visit every now and then. Prints one line a minute and a table at
the end; ends with 1 where a process, a descriptor or more than 2 MB of memory is left, or a case is not delivered once.
"""

from __future__ import annotations

import argparse
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import psutil

from kiosk.catalogue.loader import parse_package
from kiosk.config import ASSETS, DEVICES
from kiosk.model.clock import hall_date
from kiosk.robot.citizen import Citizen
from kiosk.robot.faults.causes import CAUSES, SAM_ID, Cause
from kiosk.robot.faults.scene import Scene, State
from kiosk.robot.plans import plans
from kiosk.robot.screen import ScreenError
from kiosk.supervisor import DEVICE_START
from tests.robot import leaks

MB = 1_000_000
LIMIT = 2 * MB
SLOW = {"device_given_up", "reader_slow_line", "store_unavailable", "code_left", "card_left", "reader_stuck"}
"""Faults that take half a minute each, or a new start."""
QUICK: dict[str, Cause] = {
    code: cause
    for code, cause in CAUSES.items()
    if State.IDLE in cause.states and cause.installation == "plain" and code not in SLOW
}
WARM = 120.0
"""Seconds until memory is measured for the first time: pools fill, caches warm."""


class Soak:
    def __init__(self, scene: Scene, seed: int) -> None:
        self.scene, self.chance = scene, random.Random(seed)
        self.done: Counter[str] = Counter()
        self.problems: list[str] = []
        self.supervisor = psutil.Process(scene.stack.processes["terminal"].pid)

    def measure(self) -> tuple[int, int, int]:
        """At rest: processes of the terminal, the supervisor's descriptors, its memory in bytes."""
        self.scene.until(self._at_rest, "the welcome screen at rest", self.scene.screen.where)
        memory = self.supervisor.memory_full_info().uss
        return len(leaks.terminal_processes(self.supervisor.pid)), self.supervisor.num_fds(), memory

    def _at_rest(self) -> bool:
        here = self.scene.screen.where()
        workers = [p for p in leaks.terminal_processes(self.supervisor.pid) if "ui.app" in p.cmdline()]
        return here["screen"] == "Home" and not here["faults"] and len(workers) == 2

    def act(self) -> None:
        """One random act, and back to rest."""
        acts = {
            "kill": self._kill,
            "hang": self._hang,
            "fault": self._fault,
            "worker": self._worker,
            "visit": self._visit,
        }
        kind = self.chance.choices(list(acts), [4, 1, 6, 1, 1])[0]
        self.done[kind] += 1
        acts[kind]()
        self.scene.until(self._at_rest, f"rest after {kind}", self.scene.screen.where)

    def _victim(self) -> psutil.Process | None:
        return self.scene.process(self.chance.choice(DEVICES))

    def _kill(self) -> None:
        for _ in range(self.chance.randint(1, 3)):
            if victim := self._victim():
                victim.kill()
        time.sleep(self.chance.random())

    def _hang(self) -> None:
        if victim := self._victim():
            victim.send_signal(signal.SIGSTOP)
            psutil.wait_procs([victim], DEVICE_START + 2)  # one that had not spoken yet is given longer
            if victim.is_running():
                self.problems.append(f"a hung process stays: {victim}")

    def _worker(self) -> None:
        pid = self.scene.screen.where()["pid"]
        psutil.Process(pid).kill()
        self.scene.screen.wait(lambda now: now["pid"] != pid, "the next worker")

    def _fault(self) -> None:
        code = self.chance.choice(sorted(QUICK))
        QUICK[code].begin(self.scene)
        time.sleep(self.chance.uniform(0, 3))
        QUICK[code].end(self.scene)

    def _visit(self) -> None:
        scene = self.scene
        today = datetime.fromisoformat(hall_date(datetime.now(UTC))).date()
        plan = self.chance.choice(list(plans(today).values()))
        package = parse_package((ASSETS / "catalogue" / f"{plan.service}.yaml").read_bytes())
        citizen = Citizen(scene.screen, scene.rig, package, plan, lambda _name: None)
        scene.rig.order("refill")
        walk = citizen.go()
        self.problems += [f"{plan.service}: {d}" for d in scene.check.differences(walk.receipt, plan)]
        citizen.leave()


def main() -> int:
    """Run, print, end everything."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    folder, runtime = Path(tempfile.mkdtemp(prefix="bm-")), Path(tempfile.mkdtemp(prefix="bm-", dir="/dev/shm"))
    scene = Scene(folder, runtime, {"sam_id": SAM_ID, "jump_shown": 1.0})
    soak = Soak(scene, options.seed)
    began = minute = time.monotonic()
    first: tuple[int, int, int] | None = None
    now = (0, 0, 0)
    try:
        while time.monotonic() - began < options.minutes * 60:
            soak.act()
            if first is None and time.monotonic() - began >= WARM:
                first = soak.measure()
            if time.monotonic() - minute >= 60:
                minute = time.monotonic()
                now = soak.measure()
                done = ", ".join(f"{k} {v}" for k, v in sorted(soak.done.items()))
                print(
                    f"{(minute - began) / 60:5.1f} min  {now[0]} processes  {now[1]} fds  {now[2] / MB:.1f} MB  {done}"
                )
        now = soak.measure()
    except ScreenError as bad:
        soak.problems.append(str(bad))
    finally:
        processes = leaks.terminal_processes(soak.supervisor.pid)
        scene.close()
        _gone, alive = psutil.wait_procs(processes, 10)
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(runtime, ignore_errors=True)
    if alive:
        soak.problems.append(f"processes that stay: {alive}")
    return _report(soak, first, now, options.minutes, options.seed)


def _report(
    soak: Soak, first: tuple[int, int, int] | None, last: tuple[int, int, int], minutes: float, seed: int
) -> int:
    if first is not None:
        for what, before, after, allowed in zip(
            ("processes", "descriptors", "bytes"), first, last, (0, 0, LIMIT), strict=True
        ):
            if after > before + allowed:
                soak.problems.append(f"{what}: {before} → {after}")
        growth = f"{(last[2] - first[2]) / MB:+.2f} MB, {last[1] - first[1]:+d} descriptors"
    else:
        growth = "too short to measure"
    acts = ", ".join(f"{v} {k}" for k, v in sorted(soak.done.items()))
    print(
        f"| {datetime.now(UTC).date()} | {minutes:g} min, seed {seed} | {acts} | {growth} | {soak.problems or 'none'} |"
    )
    return 1 if soak.problems else 0


if __name__ == "__main__":
    sys.exit(main())
