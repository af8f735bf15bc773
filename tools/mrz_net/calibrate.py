"""What marking costs: ``python -m tools.mrz_net.calibrate --data FOLDER [FOLDER ...]``.

For characters under check digits that fit and for those under none: the margins of wrong ones, and the share of
right ones below each limit. The limits stand in ``devices/scanner/mrz/decide.py``.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import cv2
import numpy as np

from devices.scanner.mrz.attempts import settle
from devices.scanner.mrz.grammar import national
from devices.scanner.mrz.lines_net import lines_net
from devices.scanner.mrz.reader import find_zone, work_picture

LIMITS = (0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 5.5, 6.0)
Margins = dict[tuple[str, bool], list[float]]


def margins(folder: Path) -> Margins:
    """Margins by ("checked" or "free", right or wrong) of all zones with lines of the true lengths."""
    net = lines_net()
    found: Margins = {(k, r): [] for k in ("checked", "free") for r in (True, False)}
    for entry in json.loads((folder / "truth.json").read_text()):
        grey, _ = work_picture(np.asarray(cv2.imread(str(folder / entry["file"])), np.uint8))
        zone = None if grey is None else find_zone(net, grey)
        if grey is None or zone is None:
            continue
        said, _ = settle(net, grey, zone.fit, zone.lines)
        if [len(a) for a in said.lines] != [len(b) for b in entry["lines"]]:
            continue
        used = national(said.kind, said.lines[0][:5])
        covered = {p for f in used.fields if said.checks[f.name] for p in (*f.places, f.digit)}
        for n, (ours, theirs) in enumerate(zip(said.lines, entry["lines"], strict=True)):
            for i, (a, b) in enumerate(zip(ours, theirs, strict=True)):
                found["checked" if (n, i) in covered else "free", a == b].append(float(said.margins[n, i]))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, nargs="+")
    found: Margins = {}
    for folder in parser.parse_args().data:
        for key, values in margins(folder).items():
            found.setdefault(key, []).extend(values)
    for kind in ("checked", "free"):
        right, wrong = (np.array(found[kind, r]) for r in (True, False))
        print(
            f"{kind}: {len(right)} right, {len(wrong)} wrong; largest margins of wrong ones "
            f"{np.round(np.sort(wrong)[::-1][:12], 1).tolist()}"
        )
        for limit in LIMITS:
            print(f"  below {limit:.1f}: {(right < limit).mean():6.2%} of the right, {(wrong < limit).sum()} wrong")


if __name__ == "__main__":
    main()
