"""``kiosk hub --processes``: several on one port, each replaced when it ends by itself, none left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from sync.client import NoNetwork, PlatformClient
from tests.sync.server import free_port
from tests.waiting import until

COUNT = 2


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[tuple[psutil.Process, int]]:
    port = free_port()
    options = ["--folder", str(tmp_path / "hub"), "--port", str(port), "--processes", str(COUNT)]
    with (tmp_path / "log").open("wb") as log:
        started = subprocess.Popen([sys.executable, "-m", "kiosk.cli", "hub", *options], stdout=log, stderr=log)
    yield psutil.Process(started.pid), port
    with suppress(psutil.NoSuchProcess):
        for process in (*psutil.Process(started.pid).children(), psutil.Process(started.pid)):
            process.kill()
    started.wait()


def listening(parent: psutil.Process, port: int) -> set[int]:
    """Which of its processes listen on the port."""
    found = set()
    for child in parent.children():
        with suppress(psutil.Error):
            if any(c.laddr and c.laddr.port == port for c in child.net_connections("inet") if c.status == "LISTEN"):
                found.add(child.pid)
    return found


def answers(port: int) -> bool:
    try:
        PlatformClient(f"http://127.0.0.1:{port}").ping()
    except NoNetwork:
        return False
    return True


def test_both_listen_one_that_dies_is_replaced_and_all_end_together(platform: tuple[psutil.Process, int]) -> None:
    parent, port = platform
    until(lambda: len(listening(parent, port)) == COUNT, "both processes")
    assert answers(port)
    first = listening(parent, port)
    victim = min(first)
    psutil.Process(victim).kill()
    until(lambda: len(listening(parent, port) - {victim}) == COUNT, "the replacement")
    assert all(answers(port) for _ in range(10))
    children = parent.children()
    counts = Path(children[0].environ()["PROMETHEUS_MULTIPROC_DIR"])
    assert counts.is_dir()
    parent.send_signal(signal.SIGTERM)
    gone, alive = psutil.wait_procs([parent, *children], 20)
    assert not alive
    assert gone
    assert not answers(port)
    assert not counts.exists()


COUNTING = """
import sys
from collections import Counter
from pathlib import Path
from prometheus_client import generate_latest
from kiosk.model.clock import SystemClock
from sync.hub.metrics import Metrics
from sync.hub.services import open_platform
numbers = Metrics(open_platform(Path(sys.argv[1]), None, SystemClock()))
numbers.told_group("cases", 3, 0.01, 2)
numbers.told_leftovers(Counter(hidden=1))
print(generate_latest(numbers.collected).decode())
"""


def test_whichever_process_is_asked_counts_for_all(tmp_path: Path) -> None:
    counts = tmp_path / "counts"
    counts.mkdir()
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(counts)}
    said = ""
    for _ in range(COUNT):
        command = [sys.executable, "-c", COUNTING, str(tmp_path / "hub")]
        said = subprocess.run(command, env=environment, check=True, capture_output=True, text=True, timeout=60).stdout
    found = {(s.name, *s.labels.values()): s.value for f in text_string_to_metric_families(said) for s in f.samples}
    assert found["bianmin_group_requests_count", "cases"] == COUNT
    assert found["bianmin_group_requests_sum", "cases"] == 3 * COUNT
    assert found["bianmin_waiting_requests", "cases"] == 2 * COUNT
    assert found["bianmin_leftovers_total", "hidden"] == COUNT
    assert found["bianmin_terminals", "heard"] == 0


def test_where_the_one_that_started_them_is_killed_none_goes_on(platform: tuple[psutil.Process, int]) -> None:
    parent, port = platform
    until(lambda: len(listening(parent, port)) == COUNT, "both processes")
    children = parent.children()
    parent.kill()
    _gone, alive = psutil.wait_procs(children, 20)
    assert not alive
