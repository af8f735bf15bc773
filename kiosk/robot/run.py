"""``kiosk robot``: starts an installation, walks every service, compares, prints the table."""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from kiosk.catalogue.loader import parse_package
from kiosk.config import ASSETS
from kiosk.model.clock import hall_date
from kiosk.robot.check import PlatformCheck
from kiosk.robot.citizen import Citizen, Walk
from kiosk.robot.plans import plans
from kiosk.robot.screen import RemoteScreen, ScreenError
from kiosk.stack import Stack, StackOptions


def run_robot(service: str, out: Path, language: str, *, elder: bool, landscape: bool) -> int:
    """Walk ``service`` (or all) and return the exit code: 1 on any difference."""
    console = Console(width=160)
    out.mkdir(parents=True, exist_ok=True)
    all_plans = plans(datetime.fromisoformat(hall_date(datetime.now(UTC))).date())
    wanted = list(all_plans) if service == "all" else [service]
    if not set(wanted) <= set(all_plans):
        console.print(f"unknown service; there are {', '.join(all_plans)}")
        return 2
    base = Path(tempfile.mkdtemp(prefix="bianmin-robot-"))
    runtime = Path(tempfile.mkdtemp(prefix="bm-", dir="/dev/shm"))
    width, height = (1920, 1080) if landscape else (1080, 1920)
    stack = Stack(StackOptions(base, runtime, width, height), lambda part: console.print(f"starting: {part}"))
    try:
        started = time.monotonic()
        stack.start()
        console.print(f"installation up after {time.monotonic() - started:.1f} s")
        walks, screen = _walk_all(stack, wanted, out, language, elder=elder)
    finally:
        stack.stop()
        shutil.rmtree(base, ignore_errors=True)
        shutil.rmtree(runtime, ignore_errors=True)
    _print(console, walks, screen, stack.terminal_seconds)
    return 1 if any(w.problems for w in walks) else 0


def _walk_all(
    stack: Stack, wanted: list[str], out: Path, language: str, *, elder: bool
) -> tuple[list[Walk], RemoteScreen]:
    screen = RemoteScreen(stack.options.runtime / "terminal" / "remote")
    rig, check = stack.rig(), PlatformCheck(stack.hub_folder)
    all_plans = plans(datetime.fromisoformat(hall_date(datetime.now(UTC))).date())
    walks = []
    for name in wanted:
        package = parse_package((ASSETS / "catalogue" / f"{name}.yaml").read_bytes())
        folder = out / f"{name}-{language}{'-elder' if elder else ''}"
        folder.mkdir(parents=True, exist_ok=True)

        def look(picture: str, folder: Path = folder) -> None:
            (folder / f"{picture}.png").write_bytes(screen.picture())

        plan = all_plans[name]
        citizen = Citizen(screen, rig, package, plan, look)
        try:
            screen.wait(lambda now: now["screen"] == "Home", "the welcome screen")
            if language != "zh":
                screen.tap(f"lang_{language}")
            if elder:
                screen.tap("elder")
            walk = citizen.go()
            walk.problems += check.differences(walk.receipt, plan)
            walk.problems += _paper(rig.order("state")["tickets"], walk, stack)
            citizen.leave()
        except ScreenError as bad:
            walk = citizen.walk
            walk.problems.append(str(bad))
            look("99-stuck")
            walks.append(walk)
            break
        walks.append(walk)
    _check_ratings(check, walks, wanted, {n: all_plans[n].level for n in wanted})
    screen.close()
    rig.close()
    return walks, screen


def _check_ratings(check: PlatformCheck, walks: list[Walk], wanted: list[str], levels: dict[str, int]) -> None:
    if any(w.problems for w in walks):
        return
    expected = sorted((n, levels[n]) for n in wanted)
    deadline = time.monotonic() + 15
    while sorted(check.ratings()) != expected and time.monotonic() < deadline:
        time.sleep(0.1)
    if sorted(check.ratings()) != expected:
        walks[-1].problems.append(f"ratings: {check.ratings()}")


def _paper(tickets: list[int], walk: Walk, stack: Stack) -> list[str]:
    """The receipt on paper must show the number as text and as a code."""
    if not tickets:
        return ["no receipt was printed"]
    rig = stack.rig()
    _png, text, codes = rig.ticket(tickets[-1])
    rig.close()
    found = [] if walk.receipt in "\n".join(text) else ["the number is not on the paper"]
    return found + ([] if codes == [f"BM1:{walk.receipt}"] else [f"codes on the paper: {codes}"])


def _print(console: Console, walks: list[Walk], screen: RemoteScreen, start: float) -> None:
    table = Table("service", "touches", "seconds", "time of each step (s)", "receipt", "result")
    for walk in walks:
        steps = ", ".join(f"{n} {s:.1f}" for n, s in walk.steps)
        result = "; ".join(walk.problems) or "delivered once, all equal"
        result += f"; card laid down {walk.again + 1} times" if walk.again else ""
        table.add_row(walk.service, str(walk.touches), f"{walk.seconds:.1f}", steps, walk.receipt, result)
        table.add_section()
    console.print(table)
    console.print(f"start of the terminal to its first interactive screen: {start:.2f} s")
    if len(screen.latencies) > 1:
        cuts = statistics.quantiles(screen.latencies, n=20, method="inclusive")
        middle = statistics.median(screen.latencies)
        console.print(
            f"tap to next screen: median {middle * 1000:.0f} ms, p95 {cuts[18] * 1000:.0f} ms,"
            f" worst {max(screen.latencies) * 1000:.0f} ms, {len(screen.latencies)} taps"
        )
