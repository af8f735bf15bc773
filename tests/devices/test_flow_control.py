"""XON/XOFF on a pseudo-terminal. RTS/CTS cannot be tried on one: its lines do not exist there."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from devices.link import Link, LinkFault, LinkLost
from devices.other_links import open_link
from devices.simulators.client import RigClient
from kiosk.model.clock import SystemClock
from tests.waiting import until

LINES = 200
TEXT = b"".join(b"line %06d\n" % n for n in range(LINES))


@pytest.fixture
def link(rig: RigClient, rig_folder: Path) -> Iterator[Link]:
    made = open_link(str(rig_folder / "printer"), 115200, SystemClock(), flow="xonxoff")
    yield made
    made.close()


def printed(rig: RigClient) -> int:
    """Lines of paper that the printer has used."""
    return 400 - int(rig.order("state")["roll"])


def test_xoff_stops_and_xon_goes_on_without_a_byte_lost(rig: RigClient, link: Link) -> None:
    rig.order("hold", device="printer", on=True, deaf=False)
    writer = threading.Thread(target=link.write, args=(TEXT,))
    writer.start()
    # The kernel takes a few kilobytes, and hands none of them on.
    writer.join(0.5)
    assert printed(rig) == 0
    rig.order("hold", device="printer", on=False)
    until(lambda: printed(rig) == LINES, "all lines", 10, lambda: printed(rig))
    writer.join(5)
    assert not writer.is_alive()


def test_a_printer_that_never_goes_on_is_called_stuck(
    rig: RigClient, link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("devices.serial_link.STUCK_SECONDS", 0.5)
    rig.order("hold", device="printer", on=True)
    with pytest.raises(LinkLost) as lost:
        link.write(b"x" * 200_000)
    assert lost.value.fault == LinkFault.STUCK
