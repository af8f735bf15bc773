"""The driver of each device. Libraries are imported only by the process that needs them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from pydantic import BaseModel

from devices.link import Opener
from kiosk.model.clock import Clock
from kiosk.model.device import DeviceState
from kiosk.model.room import Marks


class Driver(Protocol):
    """What every device driver offers to its host."""

    @property
    def state(self) -> DeviceState: ...
    def step(self) -> float: ...
    def handle(self, message: BaseModel, fds: list[int]) -> None: ...
    def close(self) -> None: ...


class Emit(Protocol):
    """Tells the worker, with descriptors where the message needs any."""

    def __call__(self, message: BaseModel, fds: Sequence[int] = ()) -> None: ...


OpenLine = Callable[[str, str], Opener]
"""Address and flow control to what opens the line."""


def make_driver(name: str, settings: dict[str, Any], open_line: OpenLine, clock: Clock, emit: Emit) -> Driver:
    """The driver of the device ``name``. Raises ValueError for an unknown one."""
    match name:
        case "id_reader":
            from devices.id_reader.driver import IdReaderDriver
            from devices.id_reader.pcsc import PcscReaderDriver, port_of
            from devices.id_reader.photo import photo_decoder

            decoder = photo_decoder(settings["photo_decoder"])
            if settings["port"].startswith("pcsc:"):
                opened, name = port_of(settings["port"])
                return PcscReaderDriver(opened, name, clock, emit, decoder)
            known, fingerprint = settings["sam_id"], settings["fingerprint"]
            line = open_line(settings["port"], "none")
            return IdReaderDriver(line, clock, emit, known=known, fingerprint=fingerprint, decoder=decoder)
        case "mrz_reader":
            from devices.id_reader.mrz_driver import MrzReaderDriver

            return MrzReaderDriver(open_line(settings["port"], "none"), settings["baud"], clock, emit)
        case "code_reader":
            from devices.code_reader.driver import CodeReaderDriver

            line = open_line(settings["port"], "none")
            suffix, trigger = settings["suffix"], settings["trigger"]
            return CodeReaderDriver(line, settings["baud"], clock, emit, suffix=suffix, trigger=trigger)
        case "printer":
            from devices.printer.driver import PrinterDriver
            from devices.printer.encoder import Encoder
            from devices.printer.profiles import profile

            kind = profile(settings["profile"], settings["presenter"])
            encoder = Encoder(settings["columns"], [Path(f) for f in settings["fonts"]], raster_qr=kind.qr == "raster")
            line = open_line(settings["port"], settings["flow"])
            return PrinterDriver(line, settings["baud"], encoder, kind, clock, emit)
        case "camera":
            from devices.camera.driver import CameraDriver

            return CameraDriver(settings["driver"], settings["address"], clock, emit, settings["bed_mm"])
        case "host":
            from devices.host_health.driver import HostDriver
            from devices.host_health.probe import FileProbe, KernelProbe

            simulated = settings["driver"] == "simulated"
            probe = FileProbe(Path(settings["address"])) if simulated else KernelProbe(Path(settings["state"]))
            floor, marks = datetime.fromisoformat(settings["floor"]), Marks.model_validate(settings["marks"])
            return HostDriver(probe, clock, floor, settings["jump_shown"], marks)
        case _:
            raise ValueError(f"unknown device {name!r}")
