"""From what a device's process says to the changed screen, in the real app over real processes, against 50 ms.

Run with ``make bench``. Prints ratios; asserts nothing.
"""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from pathlib import Path

from kiosk.robot.faults.scene import Scene

ROUNDS = 30
LIMIT = 0.050


def main() -> None:
    """Start an installation, pull and plug the reader's and the camera's cable, measure, end it."""
    folder, runtime = Path(tempfile.mkdtemp(prefix="bm-")), Path(tempfile.mkdtemp(prefix="bm-", dir="/dev/shm"))
    scene = Scene(folder, runtime, {})
    try:
        scene.begin_anew()
        scene.screen.event_latencies.clear()
        for n in range(ROUNDS):
            device, code = (("id_reader", "reader_missing"), ("camera", "camera_missing"))[n % 2]
            scene.rig.order("unplug", device=device)
            scene.until(lambda code=code: code in scene.faults(), code)  # type: ignore[misc]
            scene.rig.order("plug", device=device)
            scene.until(lambda code=code: code not in scene.faults(), code)  # type: ignore[misc]
        time.sleep(0.5)
        scene.screen.where()
        times = scene.screen.event_latencies
        p95 = statistics.quantiles(times, n=20)[18]
        middle = statistics.median(times) * 1000
        print(
            f"event → screen  {middle:8.1f} ms   p95 {p95 * 1000:.1f} ms   {len(times)} events"
            f"   ratio {p95 / LIMIT:.2f} (limit 1: 50 ms)"
        )
    finally:
        scene.close()
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(runtime, ignore_errors=True)


if __name__ == "__main__":
    main()
