"""Conversations kept as files: replayed, today's drivers say and tell the same as when they were recorded.

``python -m tests.devices.test_recording`` records them anew, for a driver that was meant to change.
"""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import BaseModel
from typer.testing import CliRunner

from devices.code_reader.driver import CodeReaderDriver
from devices.drivers import Driver
from devices.id_reader.driver import IdReaderDriver
from devices.id_reader.mrz_driver import MrzReaderDriver
from devices.link import Opener
from devices.printer.driver import PrinterDriver
from devices.printer.encoder import Encoder
from devices.printer.profiles import profile
from devices.recording import Recorder, Replay, ReplayDiffers, play, run
from devices.simulators.code_simulator import CodeSimulator
from devices.simulators.mrz_simulator import MrzSimulator
from devices.simulators.port import MemoryPort
from devices.simulators.printer_simulator import PrinterSimulator
from devices.simulators.sam_simulator import SamSimulator
from kiosk.cli import app
from kiosk.devices_cli import TEST_RECEIPT
from kiosk.ipc.device_messages import CardFailed, CardFault, CardRead, PrintDocument, ReaderMode, SetReaderMode
from kiosk.model.clock import Clock, ManualClock
from tests.devices.virtual import FONTS, Told

KEPT = Path(__file__).parent / "recordings"
READ = SetReaderMode(mode=ReaderMode.READ)
TEST_PAGE = PrintDocument(job="test", document=TEST_RECEIPT)
Happens = Callable[[MemoryPort], list[tuple[float, Callable[[], object]]]]
"""What happens to the device on a port, and when."""


def make(device: str, opener: Opener, clock: Clock, told: Told) -> Driver:
    match device:
        case "id_reader":
            return IdReaderDriver(opener, clock, told.emit)
        case "mrz_reader":
            return MrzReaderDriver(opener, 9600, clock, told.emit)
        case "code_reader":
            return CodeReaderDriver(opener, 9600, clock, told.emit)
        case _:
            return PrinterDriver(opener, 115200, Encoder(48, FONTS), profile("realtime", "custom"), clock, told.emit)


def _card(port: MemoryPort) -> list[tuple[float, Callable[[], object]]]:
    sam = SamSimulator(port)
    return [(1, lambda: sam.lay("aygul")), (4, sam.lift), (5, lambda: sam.lay("not_a_card")), (8, sam.lift)]


def _noisy_card(port: MemoryPort) -> list[tuple[float, Callable[[], object]]]:
    sam = SamSimulator(port)

    def lay() -> None:
        sam.lay("wei")
        sam.noise = "before"

    return [(1, lay), (4, sam.lift)]


def _cable(port: MemoryPort) -> list[tuple[float, Callable[[], object]]]:
    sam = SamSimulator(port)

    def lay() -> None:
        sam.lay("wei")
        port.cut_after = 700

    return [(1, lay), (4, port.plug), (5, sam.lift), (6, lambda: sam.lay("wei"))]


def _receipt(port: MemoryPort) -> list[tuple[float, Callable[[], object]]]:
    printer = PrinterSimulator(port)
    return [(6, printer.tear_off)]


def _passport(port: MemoryPort) -> list[tuple[float, Callable[[], object]]]:
    passports = MrzSimulator(port)
    return [(1, passports.swipe), (3, port.unplug), (5, port.plug), (8, passports.swipe)]


def _codes(port: MemoryPort) -> list[tuple[float, Callable[[], object]]]:
    codes = CodeSimulator(port)
    return [(1, lambda: codes.show("测试 18 号", "gbk")), (2, lambda: codes.show("BM1:CD03-7K2M-000187-X"))]


SCENES: dict[str, tuple[str, Happens, BaseModel]] = {
    "card": ("id_reader", _card, READ),
    "noisy_card": ("id_reader", _noisy_card, READ),
    "cable_pulled": ("id_reader", _cable, READ),
    "receipt": ("printer", _receipt, TEST_PAGE),
    "passport": ("mrz_reader", _passport, READ),
    "codes": ("code_reader", _codes, READ),
}


def record(scene: str, path: Path) -> Told:
    """Record a scene on virtual time at wire speed; returns what the driver told."""
    device, happens, order = SCENES[scene]
    clock = ManualClock()
    port = MemoryPort(clock, 115200)
    recorder = Recorder(path, device, clock)
    told = Told()
    emit = told.emit

    def tell(message: BaseModel, fds: object = ()) -> None:
        recorder.event(message)
        emit(message)

    told.emit = tell  # type: ignore[method-assign]
    events = happens(port)

    def pause(seconds: float) -> None:
        clock.advance(seconds)
        while events and events[0][0] <= clock.monotonic():
            events.pop(0)[1]()

    run(make(device, recorder.opener(port.open), clock, told), recorder, order, 12, pause)
    return told


def replay(path: Path) -> tuple[Replay, Told]:
    recording, told = Replay(path), Told()
    play(recording, make(recording.device, recording.open, recording.clock, told))
    return recording, told


@pytest.mark.parametrize("scene", SCENES)
def test_a_kept_conversation_goes_the_same_way_today(scene: str) -> None:
    recording, told = replay(KEPT / f"{scene}.jsonl")
    assert [m.model_dump(mode="json") for m in told] == recording.events
    assert recording.events


@pytest.mark.parametrize("scene", SCENES)
def test_what_is_recorded_now_replays(scene: str, tmp_path: Path) -> None:
    told = record(scene, tmp_path / "new.jsonl")
    assert told
    recording, again = replay(tmp_path / "new.jsonl")
    assert again == told
    assert recording.ended


def test_only_the_owner_may_read_a_recording_and_none_is_written_over(tmp_path: Path) -> None:
    path = tmp_path / "new.jsonl"
    record("card", path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        Recorder(path, "id_reader", ManualClock())


def _changed(path: Path, change: Callable[[dict[str, object]], bool]) -> Path:
    """A copy of a recording in which the first entry that ``change`` takes is another."""
    lines = [json.loads(line) for line in (KEPT / "card.jsonl").read_text().splitlines()]
    assert any(change(entry) for entry in lines)
    path.write_text("\n".join(map(json.dumps, lines)))
    return path


def test_a_driver_that_says_something_else_is_told_where(tmp_path: Path) -> None:
    other = _changed(tmp_path / "other.jsonl", lambda e: "out" in e and not e.update(out="00"))
    with pytest.raises(ReplayDiffers, match=r"line \d+: the driver says aaaaaa9669"):
        replay(other)


def test_an_answer_that_was_another_makes_another_event(tmp_path: Path) -> None:
    failed = "aaaaaa96690004000041" + "45"

    def no_card(entry: dict[str, object]) -> bool:
        return len(str(entry.get("in", ""))) > 2000 and not entry.update({"in": failed})

    lines = _joined(KEPT / "card.jsonl")
    assert any(no_card(entry) for entry in lines)
    path = tmp_path / "other.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)))
    recording, told = Replay(path), Told()
    play(recording, make("id_reader", recording.open, recording.clock, told))
    assert told.of(CardFailed)[0] == CardFailed(fault=CardFault.UNREADABLE)
    assert not told.of(CardRead)


def _joined(path: Path) -> list[dict[str, object]]:
    """The entries, with what came in pieces put together."""
    joined: list[dict[str, object]] = []
    for line in path.read_text().splitlines():
        entry = json.loads(line)
        if "in" in entry and "in" in joined[-1]:
            joined[-1]["in"] = str(joined[-1]["in"]) + entry["in"]
        else:
            joined.append(entry)
    return joined


@pytest.mark.parametrize("text", ["", "{}", "[]", "no recording", '{"device": "id_reader"}'])
def test_a_file_that_is_no_recording_is_refused_in_one_line(text: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(text)
    result = CliRunner().invoke(app, ["devices", "replay", str(path)])
    assert result.exit_code == 1
    assert len(result.output.strip().splitlines()) == 1
    assert "is no recording" in result.output


def test_the_command_replays_a_recording_without_showing_whose_card_it_was() -> None:
    result = CliRunner().invoke(app, ["devices", "replay", str(KEPT / "card.jsonl")])
    assert result.exit_code == 0, result.output
    assert "card_read" in result.output
    assert "阿依古丽" not in result.output


if __name__ == "__main__":
    KEPT.mkdir(exist_ok=True)
    for name in SCENES:
        (KEPT / f"{name}.jsonl").unlink(missing_ok=True)
        record(name, KEPT / f"{name}.jsonl")
