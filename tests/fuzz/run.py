"""Coverage-guided fuzzing of the parsers: ``python -m tests.fuzz.run TARGET --count N --corpus FOLDER``.

Goes on from the corpus of earlier runs; libFuzzer prints the counts. A finding is kept beside the corpus.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["devices", "kiosk.model", "tests.fuzz"]):
    from tests.fuzz.targets import TARGETS


def main() -> None:
    """Run one target. Does not return: libFuzzer ends the process, with 0 where nothing was found."""
    parser = argparse.ArgumentParser()
    parser.add_argument("target", choices=sorted(TARGETS))
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--corpus", type=Path, default=Path("var/fuzz"))
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    folder = options.corpus / options.target
    folder.mkdir(parents=True, exist_ok=True)
    longest = {"sam": 3000, "printer": 24, "mrz": 200}[options.target]
    atheris.Setup(
        [
            sys.argv[0],
            f"-atheris_runs={options.count}",
            f"-seed={options.seed}",
            f"-max_len={longest}",
            "-timeout=5",
            "-rss_limit_mb=1024",
            f"-artifact_prefix={folder}-finding-",
            str(folder),
        ],
        TARGETS[options.target],
    )
    atheris.Fuzz()


if __name__ == "__main__":
    main()
