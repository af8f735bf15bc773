"""Measures the reader: ``python -m tools.mrz_net.evaluate --data FOLDER``, pictures and a ``truth.json``.

``truth.json`` is a list of objects with ``file`` and ``lines``.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from devices.scanner.geometry import Picture
from devices.scanner.mrz import MrzReading, read_mrz


@dataclass(frozen=True)
class Result:
    """Of one picture: what was read against the truth. ``busy``: milliseconds of the processor."""

    name: str
    exact: bool
    exact_before: bool
    errors: int
    characters: int
    unmarked: int
    marked: int
    milliseconds: float
    busy: float
    note: str


def distance(a: str, b: str) -> int:
    """Levenshtein."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        last, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (x != y))
    return row[-1]


def judge(name: str, truth: list[str], reading: MrzReading | None, milliseconds: float, busy: float) -> Result:
    characters = sum(map(len, truth))
    if reading is None:
        return Result(name, False, False, characters, characters, 0, 0, milliseconds, busy, "nothing found")
    lines = list(reading.lines)
    errors = sum(distance(a, b) for a, b in zip(lines, truth, strict=False))
    errors += sum(map(len, truth[len(lines) :])) + sum(map(len, lines[len(truth) :]))
    marked = sum(map(len, reading.doubtful))
    unmarked, notes = 0, []
    same = [len(a) for a in lines] == [len(b) for b in truth]
    for number, (ours, theirs) in enumerate(zip(lines, truth, strict=False)):
        for i, (a, b) in enumerate(zip(ours, theirs, strict=False)):
            if a != b:
                open_wrong = i not in reading.doubtful[number]
                unmarked += open_wrong
                notes.append(f"{number}:{i} {b}>{a}{'!' if open_wrong else ''}")
    if not same:
        notes = [f"{reading.format} {lines}"]
    exact = lines == truth
    before = exact and not any(reading.repaired)
    failed = f" failed {','.join(reading.failed_checks)}" if reading.failed_checks else ""
    note = " ".join(notes) + failed
    return Result(name, exact, before, errors, characters, unmarked, marked, milliseconds, busy, note)


def evaluate(folder: Path) -> list[Result]:
    read_mrz(np.full((200, 300, 3), 255, np.uint8))  # loads the network
    results = []
    for entry in json.loads((folder / "truth.json").read_text()):
        picture: Picture = np.asarray(cv2.imread(str(folder / entry["file"])), np.uint8)
        started, busy = time.perf_counter(), time.process_time()
        reading = read_mrz(picture)
        took, used = ((a - b) * 1000 for a, b in ((time.perf_counter(), started), (time.process_time(), busy)))
        results.append(judge(entry["file"], entry["lines"], reading, took, used))
    return results


def report(results: list[Result], *, every: bool = False) -> str:
    """The figures, then the pictures that are not exact."""
    count = len(results)
    exact = [r for r in results if r.exact]
    read = [r for r in exact if r.characters]
    share = sum(r.marked for r in read) / max(1, sum(r.characters for r in read))
    lines = [
        f"all lines exact         {len(exact)} of {count} ({len(exact) / count:.1%})",
        f"  before check digits   {sum(r.exact_before for r in results)}",
        f"character error rate    {sum(r.errors for r in results) / sum(r.characters for r in results):.2%}",
        f"mean time               {np.mean([r.milliseconds for r in results]):.0f} ms, "
        f"longest {max(r.milliseconds for r in results):.0f} ms; "
        f"of the processor {np.mean([r.busy for r in results]):.0f} ms",
        f"wrong and not marked    {sum(r.unmarked for r in results)} characters "
        f"in {sum(r.unmarked > 0 for r in results)} pictures",
        f"marked where exact      {share:.1%}",
    ]
    lines += [
        f"  {r.name:28s} {r.milliseconds:4.0f} ms, {r.marked:2d} marked  {r.note}"
        for r in results
        if every or not r.exact
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--every", action="store_true", help="also list the pictures that were read exactly")
    arguments = parser.parse_args()
    print(report(evaluate(arguments.data), every=arguments.every))


if __name__ == "__main__":
    main()
