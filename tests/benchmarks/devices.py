"""Card read, receipt and status query at simulated wire speed (115200 baud), against the wire itself and a peer.

Run with ``make bench``. The rig and the drivers are processes of their own, over pseudo-terminals. Prints ratios;
asserts nothing.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import structlog
from escpos.printer import Serial

from devices.id_reader.driver import IdReaderDriver
from devices.link import Link
from devices.other_links import open_link
from devices.printer.driver import PrinterDriver
from devices.printer.encoder import Encoder
from devices.printer.line import PrinterLine
from devices.printer.profiles import profile
from devices.simulators.client import RigClient
from kiosk.config import ASSETS
from kiosk.ipc.device_messages import CardRead, PrintDocument, PrintProgress, PrintState, ReaderMode, SetReaderMode
from kiosk.model.clock import SystemClock
from kiosk.model.paper import Align, Pair, PaperDocument, Rule, Words

BAUD = 115200
ROUNDS = 20
RECEIPT = PaperDocument(
    parts=[
        Words(text="收件回执", align=Align.CENTRE, size=2, bold=True),
        Rule(),
        *(Pair(label=f"第 {n} 项", value="测试省测试市柳荫路 18 号") for n in range(24)),
        Words(text="请保存好回执。"),
    ]
)


def wire(count: int) -> float:
    """Seconds that so many bytes need on the wire: start bit, eight bits, stop bit."""
    return count * 10 / BAUD


def median(times: list[float]) -> str:
    return f"{statistics.median(times) * 1000:8.1f} ms"


def card(folder: Path, rig: RigClient) -> None:
    """From the FIND that sees the card to the event, against the bytes of the frames in between."""
    read: list[float] = []
    clock = SystemClock()

    def emit(message: object) -> None:
        if isinstance(message, CardRead):
            read.append(time.monotonic())

    driver = IdReaderDriver(lambda baud: open_link(str(folder / "id_reader"), baud, clock), clock, emit)
    driver.handle(SetReaderMode(mode=ReaderMode.READ), [])
    driver.step()
    times = []
    for _ in range(ROUNDS):
        rig.order("lay", card="aygul")
        began = time.monotonic()
        driver.step()
        times.append(read[-1] - began)
        rig.order("lift")
        driver.step()
    # FIND 10+15, SELECT 10+19, READ 10+1295, ADDRESS 10+81 bytes.
    frames = 10 + 15 + 10 + 19 + 10 + 1295 + 10 + 81
    driver.close()
    ratio = statistics.median(times) / wire(frames)
    print(f"card read      {median(times)}   wire {wire(frames) * 1000:.1f} ms   ratio {ratio:.3f} (limit 1.1)")


def receipt(folder: Path, rig: RigClient) -> None:
    """From the first byte of a text receipt to the printer's answer behind the last, against the wire."""
    clock, kind = SystemClock(), profile("realtime", "none")
    encoder = Encoder(48, sorted((ASSETS / "fonts").glob("*.ttf")))
    at: dict[PrintState, float] = {}

    def emit(message: object) -> None:
        if isinstance(message, PrintProgress):
            at[message.state] = time.monotonic()

    driver = PrinterDriver(
        lambda baud: open_link(str(folder / "printer"), baud, clock), BAUD, encoder, kind, clock, emit
    )
    driver.step()
    size = len(encoder.encode(RECEIPT))
    times = []
    for number in range(ROUNDS):
        rig.order("refill")
        rig.order("tear")
        driver.handle(PrintDocument(job=str(number), document=RECEIPT), [])
        driver.step()
        if PrintState.CONFIRMED not in at:
            raise SystemExit(f"the receipt was not confirmed: {at}")
        # After the barrier one full status is asked for before the job counts as confirmed: 8+4 bytes more.
        times.append(at[PrintState.CONFIRMED] - at[PrintState.SENDING])
    driver.close()
    bytes_there = size + 3 + 1 + 4 * (3 + 1)
    ratio = statistics.median(times) / wire(bytes_there)
    print(f"text receipt   {median(times)}   wire {wire(bytes_there) * 1000:.1f} ms   ratio {ratio:.3f} (limit 1.1)")


def status(folder: Path) -> None:
    """One status query, ours and python-escpos's, on the same simulated printer."""
    clock = SystemClock()

    def opener(baud: int) -> Link:
        return open_link(str(folder / "printer"), baud, clock)

    line = PrinterLine(opener, BAUD, profile("realtime", "none"), clock)
    line.open()
    ours = timed(line.status, ROUNDS)
    line.close()
    peer = Serial(str(folder / "printer"), BAUD, timeout=1)
    theirs = timed(peer.paper_status, 3)
    peer.close()
    ratio = statistics.median(theirs) / statistics.median(ours)
    peers = median(theirs).strip()
    print(f"status (4)     {median(ours)}   python-escpos (1) {peers}   {ratio:.0f} times (limit 50 ms)")


def timed(what: Callable[[], object], rounds: int) -> list[float]:
    times = []
    for _ in range(rounds):
        began = time.monotonic()
        what()
        times.append(time.monotonic() - began)
    return times


def main() -> None:
    """Start a rig at wire speed, measure, end it."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = [sys.executable, "-m", "devices.simulators.rig", "--folder", name, "--papers", str(ASSETS / "papers")]
        command += ["--proxy-port", "0", "--hub-port", "1", "--parent", str(os.getpid()), "--baud", str(BAUD)]
        process = subprocess.Popen(command)
        try:
            while not (folder / "control").exists():
                time.sleep(0.02)
            rig = RigClient(folder / "control")
            card(folder, rig)
            receipt(folder, rig)
            status(folder)
            rig.close()
        finally:
            process.kill()
            process.wait()


if __name__ == "__main__":
    main()
