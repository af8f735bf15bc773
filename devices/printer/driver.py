"""The receipt printer as a device. A job ends in a named state; what failed is wiped from the printer."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from pydantic import BaseModel

from devices.printer import status
from devices.printer.encoder import BARRIER, Encoder
from devices.serial_link import LinkLost, SerialLink
from kiosk.ipc.device_messages import PaperAtSlot, PrintDocument, PrintProgress, PrintState
from kiosk.model.clock import Clock
from kiosk.model.device import Availability, DeviceState, Supply

log = structlog.get_logger()

HEALTH = 1.0
REOPEN = 1.0
ANSWER = 0.5
"""Seconds for a real-time status; a printer answers within a few milliseconds even when its buffer is full."""
MISSED = 3
BARRIER_SECONDS = 20.0
"""A long receipt on a slow head: 200 mm at 60 mm/s, the cut, and room to spare."""
RECOVER = b"\x10\x05\x02"
"""DLE ENQ 2: recover from the error and clear the buffers."""
CLEAR = bytes.fromhex("1014080103140106 0208".replace(" ", ""))
"""DLE DC4 fn 8: clear receive and print buffers; on Epson [professional knowledge, to be verified on hardware]."""


class PrinterDriver:
    """``presenter`` is ``none`` or ``custom``. ``step`` returns the seconds until the next unit of work."""

    def __init__(
        self,
        port: str,
        baud: int,
        encoder: Encoder,
        presenter: str,
        clock: Clock,
        emit: Callable[[BaseModel], None],
    ) -> None:
        self._port, self._baud, self._presenter = port, baud, presenter
        self._encoder = encoder
        self._clock = clock
        self._emit = emit
        self._link: SerialLink | None = None
        self._jobs: list[PrintDocument] = []
        self._missed = 0
        self._waiting = False
        self.state = DeviceState(device="printer", paper=Supply.UNKNOWN)

    def handle(self, message: BaseModel, fds: list[int]) -> None:
        if isinstance(message, PrintDocument):
            self._jobs.append(message)
            self._emit(PrintProgress(job=message.job, state=PrintState.QUEUED))

    def step(self) -> float:
        try:
            link = self._link or self._open()
            now = self._status(link)
            if self._presenter == "custom":
                self._slot(link)
            if self._jobs:
                self._print(link, self._jobs.pop(0), now)
                return 0.0
        except LinkLost as gone:
            return self._lost(str(gone))
        return HEALTH

    def close(self) -> None:
        if self._link is not None:
            self._link.close()
        self._link = None

    def _open(self) -> SerialLink:
        self._link = SerialLink(self._port, self._baud, self._clock)
        return self._link

    def _ask(self, link: SerialLink, query: bytes, valid: Callable[[int], bool], seconds: float) -> int | None:
        """The one answer byte, or None on silence. Bytes of another kind (a late answer) are passed over."""
        link.discard()
        link.write(query)
        deadline = self._clock.monotonic() + seconds
        while True:
            for byte in link.read_some(max(0.0, deadline - self._clock.monotonic())):
                if valid(byte):
                    return byte
            if self._clock.monotonic() >= deadline:
                return None

    def _status(self, link: SerialLink) -> status.PrinterStatus | None:
        answers = []
        for query in (status.PRINTER, status.OFFLINE_CAUSE, status.ERROR, status.PAPER):
            byte = self._ask(link, query, status.is_realtime, ANSWER)
            if byte is None:
                self._missed += 1
                if self._missed >= MISSED:
                    self._set(Availability.HARDWARE_ERROR, frozenset({"printer_silent"}), Supply.UNKNOWN)
                return None
            answers.append(byte)
        self._missed = 0
        now = status.decode(*answers)
        self._set(Availability.ONLINE if now.can_print else Availability.HARDWARE_ERROR, now.faults, now.paper)
        return now

    def _slot(self, link: SerialLink) -> None:
        byte = self._ask(link, status.PRESENTER, lambda _b: True, ANSWER)
        waiting = byte is not None and bool(byte & 0x08)
        if waiting != self._waiting:
            self._waiting = waiting
            self._emit(PaperAtSlot(waiting=waiting))

    def _print(self, link: SerialLink, job: PrintDocument, now: status.PrinterStatus | None) -> None:
        if now is None or not now.can_print:
            self._end(job, PrintState.FAILED)
            return
        self._emit(PrintProgress(job=job.job, state=PrintState.SENDING))
        self._set(Availability.BUSY, self.state.faults, self.state.paper)
        try:
            link.write(self._encoder.encode(job.document))
            # Status is asked for only between jobs: in the middle of picture data it would be printed.
            done = self._ask(link, BARRIER, status.is_transmit, BARRIER_SECONDS)
            after = self._status(link)
        except LinkLost:
            self._end(job, PrintState.UNCERTAIN)
            raise
        if done is not None and after is not None and after.can_print:
            self._end(job, PrintState.CONFIRMED)
        elif after is not None and not after.can_print:
            self._wipe(link)
            self._end(job, PrintState.FAILED)
        else:
            self._wipe(link)
            self._end(job, PrintState.UNCERTAIN)

    def _wipe(self, link: SerialLink) -> None:
        """The next citizen must never get this one's receipt when paper is put in."""
        link.write(RECOVER)
        link.write(CLEAR)

    def _end(self, job: PrintDocument, state: PrintState) -> None:
        log.info("print_job_ended", job=job.job, state=state.value)
        self._emit(PrintProgress(job=job.job, state=state))

    def _lost(self, text: str) -> float:
        if self.state.availability != Availability.NO_DEVICE:
            log.warning("printer_lost", error=text)
        self.close()
        for job in self._jobs:
            self._end(job, PrintState.FAILED)
        self._jobs.clear()
        self._set(Availability.NO_DEVICE, frozenset({"printer_missing"}), Supply.UNKNOWN)
        return REOPEN

    def _set(self, availability: Availability, faults: frozenset[str], paper: Supply) -> None:
        self.state = self.state.model_copy(update={"availability": availability, "faults": faults, "paper": paper})
