"""Real drivers and simulators in one process, on a clock that moves only while somebody waits on the line."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from devices.code_reader.driver import CodeReaderDriver
from devices.drivers import Driver
from devices.id_reader.driver import IdReaderDriver
from devices.id_reader.mrz_driver import MrzReaderDriver
from devices.printer.driver import PrinterDriver
from devices.printer.encoder import Encoder
from devices.printer.profiles import profile
from devices.simulators.code_simulator import CodeSimulator
from devices.simulators.mrz_simulator import MrzSimulator
from devices.simulators.port import MemoryPort
from devices.simulators.printer_simulator import PrinterSimulator
from devices.simulators.sam_simulator import SamSimulator
from kiosk.config import ASSETS
from kiosk.ipc.device_messages import PrintDocument, PrintProgress, PrintState, ReaderMode, SetReaderMode
from kiosk.model.clock import ManualClock
from kiosk.model.paper import PaperDocument

HANAZONO = Path("/usr/share/fonts/truetype/hanazono")
FONTS = [*sorted((ASSETS / "fonts").glob("*.ttf")), HANAZONO / "HanaMinA.ttf", HANAZONO / "HanaMinB.ttf"]


T = TypeVar("T", bound=BaseModel)


class Told(list[BaseModel]):
    """Messages of a driver, in order."""

    def emit(self, message: BaseModel, _fds: Sequence[int] = ()) -> None:
        self.append(message)

    def of(self, kind: type[T]) -> list[T]:
        return [m for m in self if isinstance(m, kind)]


class _Asked:
    """A device that is told when to read. ``run`` gives its driver turns for some seconds of the clock."""

    clock: ManualClock
    driver: Driver

    @property
    def faults(self) -> set[str]:
        return set(self.driver.state.faults)

    def mode(self, mode: ReaderMode) -> None:
        self.driver.handle(SetReaderMode(mode=mode), [])

    def run(self, seconds: float) -> None:
        end = self.clock.monotonic() + seconds
        while self.clock.monotonic() < end:
            self.clock.advance(self.driver.step())


class VirtualReader(_Asked):
    """A reader and its driver."""

    def __init__(self, baud: int = 0, **options: str | bool) -> None:
        self.clock = ManualClock()
        self.port = MemoryPort(self.clock, baud)
        self.sam = SamSimulator(self.port)
        self.told = Told()
        self.driver = IdReaderDriver(self.port.open, self.clock, self.told.emit, **options)  # type: ignore[arg-type]


class _DrawsOnce(Encoder):
    """The driver's encoder; a document that is printed a thousand times is drawn once."""

    def __init__(self, *, raster_qr: bool) -> None:
        super().__init__(48, FONTS, raster_qr=raster_qr)
        self._drawn: dict[str, bytes] = {}

    def encode(self, document: PaperDocument) -> bytes:
        key = document.model_dump_json()
        if key not in self._drawn:
            self._drawn[key] = super().encode(document)
        return self._drawn[key]


@cache
def _encoder(raster_qr: bool) -> Encoder:
    return _DrawsOnce(raster_qr=raster_qr)


class VirtualPrinter:
    """A printer and its driver."""

    def __init__(self, name: str = "realtime", presenter: str = "custom", baud: int = 0) -> None:
        self.clock = ManualClock()
        self.port = MemoryPort(self.clock, baud)
        self.printer = PrinterSimulator(self.port)
        self.told = Told()
        kind = profile(name, presenter)
        self.driver = PrinterDriver(
            self.port.open, 115200, _encoder(kind.qr == "raster"), kind, self.clock, self.told.emit
        )

    @property
    def faults(self) -> set[str]:
        return set(self.driver.state.faults)

    def run(self, seconds: float) -> None:
        end = self.clock.monotonic() + seconds
        while self.clock.monotonic() < end:
            self.clock.advance(max(0.05, self.driver.step()))

    def print(self, job: str, document: PaperDocument) -> None:
        self.driver.handle(PrintDocument(job=job, document=document), [])

    def ends(self) -> dict[str, PrintState]:
        """The last state of each job."""
        return {m.job: m.state for m in self.told.of(PrintProgress)}


class VirtualPassports(_Asked):
    """A passport reader and its driver."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.port = MemoryPort(self.clock)
        self.passports = MrzSimulator(self.port)
        self.told = Told()
        self.driver = MrzReaderDriver(self.port.open, 9600, self.clock, self.told.emit)


class VirtualCodes(_Asked):
    """A code reader and its driver."""

    def __init__(self, ends: bytes = b"\r", *, waits: bool = False, **options: str) -> None:
        self.clock = ManualClock()
        self.port = MemoryPort(self.clock)
        self.codes = CodeSimulator(self.port, ends, waits=waits)
        self.told = Told()
        self.driver = CodeReaderDriver(self.port.open, 9600, self.clock, self.told.emit, **options)  # type: ignore[arg-type]
