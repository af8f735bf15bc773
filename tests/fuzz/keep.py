"""Copies the small inputs of the long runs' corpus into the repository: ``python -m tests.fuzz.keep [FOLDER]``."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.fuzz.targets import TARGETS

LONGEST, MOST = 400, 80


def main() -> None:
    """One line of hexadecimal for each input, the shortest first."""
    source = Path(sys.argv[1] if len(sys.argv) > 1 else "var/fuzz")
    corpus = Path(__file__).parent / "corpus"
    corpus.mkdir(exist_ok=True)
    for target in TARGETS:
        inputs = sorted({f.read_bytes() for f in (source / target).iterdir()}, key=lambda d: (len(d), d))
        lines = [d.hex() for d in inputs if 0 < len(d) <= LONGEST][:MOST]
        (corpus / f"{target}.hex").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
