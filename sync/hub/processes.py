"""Several processes of one platform on one port: the kernel gives each new connection to one of them."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Sequence

import structlog
from prometheus_client.multiprocess import mark_process_dead

log = structlog.get_logger()

AGAIN = 1.0
"""Seconds until a process that has ended by itself is started again."""
ENDING = 20.0
"""Seconds that a process has to end in."""


class Processes:
    """``count`` processes of ``command``, each started again when it ends by itself."""

    def __init__(self, command: Sequence[str], count: int) -> None:
        self._command, self._count = list(command), count
        self._stopping = threading.Event()

    def run(self) -> None:
        """Until SIGTERM or SIGINT; then all are asked to end, and waited for."""
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: self._stopping.set())
        with tempfile.TemporaryDirectory(prefix="bianmin-counts-") as counts:
            self._run(counts)

    def _run(self, counts: str) -> None:
        """``counts``: where the processes count together for ``/metrics``."""
        env = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": counts}
        running = [subprocess.Popen(self._command, env=env) for _ in range(self._count)]
        while not self._stopping.wait(AGAIN):
            for place, process in enumerate(running):
                if process.poll() is not None:
                    log.error("process_ended", code=process.returncode)
                    mark_process_dead(process.pid, counts)  # type: ignore[no-untyped-call]
                    running[place] = subprocess.Popen(self._command, env=env)
        for process in running:
            process.terminate()
        for process in running:
            try:
                process.wait(ENDING)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
