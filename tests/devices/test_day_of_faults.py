"""Twenty-four simulated hours of random faults, cards and receipts; each device comes back when its causes are gone.

``BIANMIN_SEEDS`` says how many days to live through (one in CI).
"""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from kiosk.ipc.device_messages import CardRead, PrintProgress, PrintState, ReaderMode
from kiosk.model.device import Availability
from kiosk.model.fault import load_faults
from kiosk.model.paper import PaperDocument, QrCode, Words
from tests.devices.test_faults_of_devices import PRINTER, READER
from tests.devices.virtual import VirtualPrinter, VirtualReader

DAY = 86400.0
SEEDS = range(int(os.environ.get("BIANMIN_SEEDS", "1")))
CATALOGUE = load_faults(Path(__file__).parents[2] / "devices" / "faults.toml")
OTHERS = {"reader_dirty", "reader_rejects_cards", "card_left", "receipt_left"}
"""Faults that come from what people do, not from a switch."""


def limit(code: str) -> float:
    """Seconds in which a device must be back: what the catalogue says, and one round of looking for its speed."""
    return max(CATALOGUE[code].within, 5) + 6.0


@pytest.mark.parametrize("seed", SEEDS)
def test_a_reader_lives_through_a_day(seed: int) -> None:
    chance = random.Random(seed)
    reader = VirtualReader()
    reader.mode(ReaderMode.READ)
    reads = faults = 0
    while reader.clock.monotonic() < DAY:
        code = chance.choice([c for c in READER if c not in OTHERS])
        READER[code][0](reader)
        faults += 1
        if chance.random() < 0.3:
            reader.sam.lay("wei")
        reader.run(chance.uniform(0.1, 60))
        READER[code][1](reader)
        reader.sam.lift()
        reader.run(limit(code))
        assert (reader.driver.state.availability, reader.faults) == (Availability.ONLINE, set()), (seed, faults, code)
        before = len(reader.told.of(CardRead))
        reader.sam.lay("aygul")
        reader.run(2)
        assert len(reader.told.of(CardRead)) == before + 1, (seed, faults, code)
        reader.sam.lift()
        reader.run(chance.uniform(1, 60))
        reads += 1
    assert reads > 800
    assert {m.document.name for m in reader.told.of(CardRead)} <= {"阿依古丽·示例", "张示例"}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("report", ["realtime", "automatic"])
def test_a_printer_lives_through_a_day(seed: int, report: str) -> None:
    chance = random.Random(seed)
    printer = VirtualPrinter(report)
    jobs = 0
    while printer.clock.monotonic() < DAY:
        code = chance.choice([c for c in PRINTER if c not in OTHERS])
        jobs += 1
        number = f"T01-{jobs:06d}"
        at_once = chance.random() < 0.5
        if at_once:
            printer.print(number, _receipt(number))
        if chance.random() < 0.2:
            # The roll ends in the middle of a receipt, not between two.
            printer.printer.set_status(paper=chance.randint(1, 6))
            printer.run(chance.uniform(0.1, 10))
        PRINTER[code][0](printer)
        printer.run(chance.uniform(0.1, 60))
        if not at_once:
            printer.print(number, _receipt(number))
        PRINTER[code][1](printer)
        printer.printer.refill()
        printer.printer.tear_off()
        printer.run(limit(code) + 25)
        printer.printer.tear_off()
        printer.run(2)
        assert (printer.driver.state.availability, printer.faults) == (Availability.ONLINE, set()), (seed, jobs, code)
        _nothing_twice(printer, number)
        printer.printer.refill()
        printer.run(chance.uniform(1, 60))
    assert jobs > 500
    ended = printer.ends()
    assert set(ended.values()) <= {PrintState.CONFIRMED, PrintState.FAILED, PrintState.UNCERTAIN}
    ends = [m for m in printer.told.of(PrintProgress) if m.state not in (PrintState.QUEUED, PrintState.SENDING)]
    assert len(ends) == jobs, "each job ends once"


def _receipt(number: str) -> PaperDocument:
    return PaperDocument(parts=[Words(text="收件回执"), QrCode(data=number), Words(text=f"完 {number}")])


def _nothing_twice(printer: VirtualPrinter, number: str) -> None:
    """What is on paper fits what was told: a confirmed receipt is there, and none is there twice."""
    # Half a receipt may be on paper and is taken back in; whole is what has its last line.
    printed = [line for ticket in printer.printer.tickets for line in ticket.text].count(f"完 {number}")
    end = printer.ends()[number]
    assert printed <= 1
    if end == PrintState.CONFIRMED:
        assert printed == 1
    if end == PrintState.FAILED:
        assert printed == 0
