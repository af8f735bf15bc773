"""The photograph of a card by a vendor's program: whatever it does, the card is read."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import psutil
import pytest
from pydantic import BaseModel

from devices.id_reader.driver import IdReaderDriver
from devices.id_reader.photo import LARGEST, photo_decoder
from devices.simulators.port import MemoryPort
from devices.simulators.sam_simulator import SamSimulator
from kiosk.ipc.device_messages import CardRead, ReaderMode, SetReaderMode
from kiosk.model.clock import ManualClock

WLT = bytes.fromhex("574c66007e00320000ff85") + bytes(1013)
GOOD = "import sys; d = sys.stdin.buffer.read(); sys.stdout.buffer.write(b'BM' + d[:4])"


def program(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_the_programs_picture_is_taken() -> None:
    assert photo_decoder(program(GOOD)).decode(WLT) == b"BMWLf\x00"


@pytest.mark.parametrize(
    "command",
    [
        [],
        ["/no/such/program"],
        program("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"),
        program("import sys; sys.stdout.write('BM'); sys.exit(3)"),
        program("print('<html>')"),
        program(f"import sys; sys.stdout.write('BM' + 'x' * {LARGEST})"),
    ],
)
def test_what_a_program_does_wrong_costs_the_picture_only(command: list[str]) -> None:
    assert photo_decoder(command).decode(WLT) == b""


def test_a_program_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("devices.id_reader.photo.SECONDS", 0.3)
    mark = tmp_path / "pid"
    code = f"import os, time; open({str(mark)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    assert photo_decoder(program(code)).decode(WLT) == b""
    if mark.exists():
        assert not Path(f"/proc/{mark.read_text()}").exists()


def test_the_picture_goes_with_the_card_and_no_descriptor_stays() -> None:
    clock, told = ManualClock(), list[tuple[BaseModel, bytes]]()

    def emit(message: BaseModel, fds: Sequence[int] = ()) -> None:
        told.append((message, b"".join(os.pread(fd, 99, 0) for fd in fds)))

    port = MemoryPort(clock)
    sam = SamSimulator(port)
    driver = IdReaderDriver(port.open, clock, emit, decoder=photo_decoder(program(GOOD)))
    driver.handle(SetReaderMode(mode=ReaderMode.READ), [])
    sam.lay("wei")
    before = psutil.Process().num_fds()
    driver.step()
    assert psutil.Process().num_fds() == before
    assert [p for m, p in told if isinstance(m, CardRead)] == [b"BMWLf\x00"]
