"""The components' own tests (``tst_*.qml`` beside each), run by Qt Quick Test in a process of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def test_components(tmp_path: Path) -> None:
    ours = {k: v for k, v in os.environ.items() if not k.startswith("QT_")}
    environment = {**ours, "QT_QPA_PLATFORM": "offscreen", "QT_QUICK_BACKEND": "software", "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "tests.ui.quick", "-v1", "-maxwarnings", "0"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    output = done.stdout + done.stderr
    assert done.returncode == 0, output
    assert " 0 failed, 0 skipped" in output, output
    assert "WARN" not in output.upper().replace("MAXWARNINGS", ""), output
