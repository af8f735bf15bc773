"""``kiosk faults``: the table of every fault in every state, with a picture of each; goes on where it stopped."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from rich.console import Console

from devices.simulators.client import RigError
from kiosk.model.fault import Fault, load_faults
from kiosk.robot.faults.causes import CAUSES, SAM_ID, Cause
from kiosk.robot.faults.scene import Scene, State
from kiosk.robot.screen import ScreenError

FAULTS = Path(__file__).parents[3] / "devices" / "faults.toml"
BAUD = 19200
"""Wires so slow that a receipt takes two seconds, and can be met while it prints."""
TRANSIENT = frozenset({"device_process"})
"""Faults that end by themselves, whatever is done."""


class Cell(BaseModel):
    """One fault in one state. ``seconds`` to come and to go; ``lost`` and ``trouble`` should be empty."""

    fault: str
    state: State
    citizen: list[str] = []
    staff: str = ""
    lost: list[str] = []
    raised_after: float | None = None
    recovered_after: float | None = None
    limit: float = 0.0
    why_not: str = ""
    trouble: str = ""
    picture: str = ""

    @property
    def good(self) -> bool:
        late = self.recovered_after is not None and self.recovered_after > self.limit
        return not (self.lost or self.trouble or late)


def _options(installation: str, runtime: Path) -> dict[str, Any]:
    match installation:
        case "tls":
            return {"tls": True}
        case "pcsc":
            return {"id_reader": f"pcsc:simulated:{runtime / 'rig' / 'pcsc.json'}"}
        case _:
            return {"baud": BAUD, "sam_id": SAM_ID, "jump_shown": 8.0}


class Watcher:
    """Fills cells, one after another."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self._faults = load_faults(FAULTS)

    def cell(self, scene: Scene, code: str, state: State) -> Cell:
        """Raise the fault, look, take it back, look again. Never raises: what went wrong stands in the cell."""
        fault, cause = self._faults[code], CAUSES[code]
        cell = Cell(fault=code, state=state, staff=_staff(fault), limit=max(fault.within, 5) + 6.0)
        cell.picture = f"{state}-{code}.png"
        try:
            if state not in cause.states:
                scene.reach(state)
                cell.why_not = cause.why_not
                self._picture(scene, cell)
                return cell
            if cause.before is None:
                scene.reach(state)
            else:
                scene.begin_anew()
                cause.before(scene)
                scene.arrive(state)
            self._watch(scene, cell, cause)
        except (ScreenError, RigError, KeyError, OSError) as bad:
            cell.trouble = f"{type(bad).__name__}: {bad}"
            self._picture(scene, cell)
        return cell

    def _watch(self, scene: Scene, cell: Cell, cause: Cause) -> None:
        scene.rig.order("refill")  # every cell in which a receipt is printed uses up some of the roll
        scene.until(lambda: not scene.faults() - {"receipt_left"}, "no fault", scene.faults)
        before = _held(scene, cell.state)
        words = scene.words()
        printed = len(scene.rig.order("state")["tickets"])
        if cell.state == State.PRINTING and "reprint" in scene.screen.items():
            scene.rig.order("tear")
            scene.screen.tap("reprint")
        began = time.monotonic()
        cause.begin(scene)
        scene.until(lambda: cell.fault in scene.faults(), cell.fault, scene.faults)
        cell.raised_after = time.monotonic() - began
        cell.citizen = [w for w in scene.words() if w not in words]
        self._picture(scene, cell)
        began = time.monotonic()
        cause.end(scene)
        scene.until(lambda: cell.fault not in scene.faults(), "its end", scene.faults)
        cell.recovered_after = time.monotonic() - began
        scene.until(lambda: not scene.faults() - {"receipt_left"}, "no other fault", scene.faults)
        self._after(scene, cell, before, printed)

    def _after(self, scene: Scene, cell: Cell, before: dict[str, str], printed: int) -> None:
        """What was there must be there still; and the state must go on to work."""
        if cell.state == State.PRINTING:
            scene.until(lambda: "…" not in _text(scene, "paper", "…"), "the end of the printing")
            more = len(scene.rig.order("state")["tickets"]) - printed
            if more > 2:  # half a receipt that was cut off, and the copy
                cell.lost.append(f"{more} receipts came out")
        if cell.state == State.READING:
            self._read_a_card(scene)
        after = _held(scene, cell.state)
        cell.lost += [f"{k}: {v!r} became {after.get(k)!r}" for k, v in before.items() if after.get(k) != v]

    def _read_a_card(self, scene: Scene) -> None:
        if scene.screen.where()["screen"] == "Identify":
            scene.rig.order("lift")
            scene.rig.order("lay", card="wei")
            scene.screen.wait(lambda now: now["screen"] != "Identify", "the card to be read", 30)
        if scene.screen.where()["screen"] == "AlreadyOpen":
            scene.screen.tap("anew")
            scene.screen.wait(lambda now: now["screen"] == "Question", "the first question")
        scene.screen.tap("back")
        scene.screen.wait(lambda now: now["screen"] == "Identify", "the card screen again")
        scene.rig.order("lift")

    def _picture(self, scene: Scene, cell: Cell) -> None:
        try:
            (self._out / cell.picture).write_bytes(scene.screen.picture())
            if cut := scene.screen.cut_words():
                cell.trouble = cell.trouble or f"does not fit the screen: {'; '.join(cut)}"
        except ScreenError as bad:
            cell.trouble = cell.trouble or str(bad)


def _text(scene: Scene, name: str, absent: str) -> str:
    """What an item says; ``absent`` while it is not there, as in the moment when a worker takes over."""
    item = scene.screen.items().get(name)
    return absent if item is None else str(item["text"])


def _held(scene: Scene, state: State) -> dict[str, str]:
    """What the citizen has done so far, as the screen shows it."""
    wanted = {
        State.FILLING: ("address",),
        State.SCANNING: ("thumb_0",),
        State.PRINTING: ("receipt_number",),
    }.get(state, ())
    items = scene.screen.items()
    return {"screen": scene.screen.where()["screen"], **{n: items[n]["text"] for n in wanted if n in items}}


def _staff(fault: Fault) -> str:
    return f"{fault.severity}, {fault.actor}: " + " ".join(s.text("en") for s in fault.steps)


def run_faults(out: Path, codes: Iterable[str], states: Iterable[State]) -> int:
    """Fill every cell that is not there yet, and write ``table.md``.

    Returns 1 where one is not good, 2 where a code is no fault's.
    """
    console = Console(width=160)
    out.mkdir(parents=True, exist_ok=True)
    wanted, states = list(codes), list(states)
    if unknown := [c for c in wanted if c not in CAUSES]:
        console.print(f"no such fault: {', '.join(unknown)}; there are {', '.join(CAUSES)}")
        return 2
    watcher = Watcher(out)
    for installation in ("plain", "pcsc", "tls"):
        here = [c for c in wanted if CAUSES[c].installation == installation]
        todo = [(s, c) for s in states for c in here if not (out / f"{s}-{c}.json").exists()]
        if todo:
            _fill(watcher, out, installation, todo, console)
    cells = [Cell.model_validate_json(p.read_bytes()) for p in sorted(out.glob("*.json"))]
    (out / "table.md").write_text(table(cells))
    bad = [c for c in cells if not c.good]
    console.print(f"{len(cells)} cells, {len(bad)} not good: {out / 'table.md'}")
    return 1 if bad else 0


def _fill(watcher: Watcher, out: Path, installation: str, todo: list[tuple[State, str]], console: Console) -> None:
    while todo:
        folder = Path(tempfile.mkdtemp(prefix="bianmin-faults-"))
        runtime = Path(tempfile.mkdtemp(prefix="bm-", dir="/dev/shm"))
        scene = Scene(folder, runtime, _options(installation, runtime))
        try:
            while todo:
                state, code = todo.pop(0)
                cell = watcher.cell(scene, code, state)
                (out / f"{state}-{code}.json").write_text(cell.model_dump_json(indent=1))
                end = cell.why_not or cell.trouble or f"{cell.raised_after:.1f} s, back {cell.recovered_after:.1f} s"
                console.print(f"{state:9} {code:26} {end}  {'; '.join(cell.lost)}", highlight=False)
                if cell.trouble:
                    break  # nobody knows what is left of the fault: the next one gets a new installation
        finally:
            scene.close()
            shutil.rmtree(folder, ignore_errors=True)
            shutil.rmtree(runtime, ignore_errors=True)


def table(cells: list[Cell]) -> str:
    """The table in Markdown: a row a fault, a column a state."""
    rows: dict[str, dict[State, Cell]] = {}
    for cell in cells:
        rows.setdefault(cell.fault, {})[cell.state] = cell
    lines = [
        "# Every fault in every state of a visit",
        "",
        "Made by `kiosk faults`. Each cell: seconds until the fault was known / until it was gone after its cause,",
        "what the citizen read then, what was lost. Staff read the steps of `docs/faults.md`.",
        "",
        "| fault | who acts | " + " | ".join(State) + " |",
        "|---|---|" + "---|" * len(State),
    ]
    for code in load_faults(FAULTS):
        if code in rows:
            columns = [_shown(rows[code].get(s)) for s in State]
            lines.append(
                f"| `{code}` | {next(iter(rows[code].values())).staff.split(':')[0]} | {' | '.join(columns)} |"
            )
    return "\n".join(lines) + "\n"


def _shown(cell: Cell | None) -> str:
    if cell is None:
        return "not run"
    if cell.why_not:
        return f"cannot arise: {cell.why_not}"
    if cell.trouble:
        return f"**{cell.trouble}**"
    words = " / ".join(w.replace("\n", " ").replace("|", "/") for w in cell.citizen) or "nothing changes"
    lost = f"**lost: {'; '.join(cell.lost)}**" if cell.lost else "lost: nothing"
    stop = "" if words.endswith(("。", "…", ".")) else "."
    return f"{cell.raised_after:.1f} / {cell.recovered_after:.1f} s. {words}{stop} {lost}"
