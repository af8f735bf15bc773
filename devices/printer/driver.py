"""The receipt printer as a device. A job ends in a named state; what failed is wiped from the printer."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from pydantic import BaseModel

from devices.link import LinkFault, LinkLost, Opener
from devices.printer.encoder import CUT, INIT, Encoder
from devices.printer.line import PrinterLine
from devices.printer.profiles import Profile
from devices.printer.status import PrinterStatus, SlotStatus
from kiosk.ipc.device_messages import EndPartialReceipt, PaperAtSlot, PrintDocument, PrintProgress, PrintState
from kiosk.model.clock import Clock
from kiosk.model.device import Availability, DeviceState, Supply
from kiosk.model.result import Err

log = structlog.get_logger()

HEALTH = 1.0
REOPEN = 1.0
MISSED = 3
BARRIER_SECONDS = 20.0
"""A long receipt on a slow head: 200 mm at 60 mm/s, the cut, and room to spare."""
LEFT = 30.0
"""Seconds that a receipt waits in the slot until staff are told."""

_LINE_FAULTS = {
    LinkFault.MISSING: "printer_missing",
    LinkFault.BUSY: "printer_port_busy",
    LinkFault.NO_PERMISSION: "printer_no_permission",
    LinkFault.STUCK: "printer_stuck",
}


class PrinterDriver:
    """``step`` does one unit of work and returns the seconds until the next one."""

    def __init__(
        self,
        opener: Opener,
        baud: int,
        encoder: Encoder,
        profile: Profile,
        clock: Clock,
        emit: Callable[[BaseModel], None],
    ) -> None:
        self._line = PrinterLine(opener, baud, profile, clock)
        self._encoder = encoder
        self._clock = clock
        self._emit = emit
        self._jobs: list[PrintDocument] = []
        self._missed = 0
        self._slot = SlotStatus(False, frozenset())
        self._waiting_since: float | None = None
        self._clogged = False
        self._partial = False  # a job was cut off: half a receipt may hang in the printer
        self.state = DeviceState(device="printer", paper=Supply.UNKNOWN)

    def handle(self, message: BaseModel, fds: list[int]) -> None:
        match message:
            case PrintDocument():
                self._jobs.append(message)
                self._emit(PrintProgress(job=message.job, state=PrintState.QUEUED))
            case EndPartialReceipt():
                self._partial = self._clogged = True

    def step(self) -> float:
        try:
            if not self._line.is_open:
                self._line.open()
                self._clogged = self._partial
            if self._clogged:
                self._unclog()
            now = self._status()
            if now is not None:
                self._look_at_slot()
            if self._partial and now is not None and now.can_print:
                self._end_partial()
            if self._jobs:
                self._print(self._jobs.pop(0), now)
                return 0.0
        except LinkLost as gone:
            return self._lost(gone)
        return HEALTH

    def close(self) -> None:
        self._line.close()

    # status

    def _status(self) -> PrinterStatus | None:
        """The printer's status; None where it gives none, which is a fault only after three times."""
        if self._line.profile.report == "none":
            unknown = PrinterStatus(frozenset(), Supply.NOT_SUPPORTED)
            self._set(Availability.ONLINE, unknown.faults, unknown.paper)
            return unknown
        answer = self._line.status()
        if isinstance(answer, Err):
            self._missed += 1
            if self._missed >= MISSED:
                self._set(Availability.HARDWARE_ERROR, frozenset({f"printer_{answer.error}"}), Supply.UNKNOWN)
            return None
        self._missed = 0
        now = answer.value
        self._set(Availability.ONLINE if now.can_print else Availability.HARDWARE_ERROR, now.faults, now.paper)
        return now

    def _look_at_slot(self) -> None:
        slot = self._line.slot()
        if slot is None:
            return
        if slot.waiting != self._slot.waiting:
            self._waiting_since = self._clock.monotonic() if slot.waiting else None
            self._emit(PaperAtSlot(waiting=slot.waiting))
        left = self._waiting_since is not None and self._clock.monotonic() - self._waiting_since >= LEFT
        faults = slot.faults | (frozenset({"receipt_left"}) if left else frozenset())
        if faults:
            grave = bool(slot.faults) or self.state.availability == Availability.HARDWARE_ERROR
            self._set(
                Availability.HARDWARE_ERROR if grave else self.state.availability,
                self.state.faults | faults,
                Supply.JAMMED if "printer_jam" in faults else self.state.paper,
            )
        self._slot = slot

    # jobs

    def _print(self, job: PrintDocument, now: PrinterStatus | None) -> None:
        if now is None or not now.can_print or self._slot.faults:
            self._end(job, PrintState.FAILED)
            return
        if self._slot.waiting and self._line.profile.presenter.eject:
            # The next receipt would jam behind one that nobody took.
            self._line.link.write(self._line.profile.presenter.eject)
        data = self._encoder.encode(job.document) + self._line.profile.presenter.present
        self._emit(PrintProgress(job=job.job, state=PrintState.SENDING))
        self._set(Availability.BUSY, self.state.faults, self.state.paper)
        try:
            self._line.link.write(data)
            if self._line.profile.barrier == "none":
                self._end(job, PrintState.UNVERIFIABLE)
                return
            # Status is asked for only between jobs: in the middle of picture data it would be printed.
            done = self._line.barrier(BARRIER_SECONDS)
            after = self._status()
        except LinkLost as gone:
            self._end(job, PrintState.UNCERTAIN)
            self._partial = True
            if gone.fault == LinkFault.STUCK:
                self._settle()
            raise
        if done and after is not None and after.can_print:
            self._end(job, PrintState.CONFIRMED)
            return
        self._line.wipe()
        self._partial = True
        failed = after is not None and not after.can_print
        self._end(job, PrintState.FAILED if failed else PrintState.UNCERTAIN)

    def _settle(self) -> None:
        """What a printer that stopped in the middle still holds goes, as soon as it listens again."""
        try:
            self._line.wipe()
        except LinkLost:
            log.warning("printer_not_wiped")

    def _unclog(self) -> None:
        """Before anything else after a break: clear what is left over.

        A printer that was cut off inside a picture takes whatever comes next as the rest of it, the order to
        clear and every question too: so it gets its rest, in white.
        """
        self._line.link.write(bytes(self._encoder.largest_picture))
        self._line.wipe()
        self._clogged = False

    def _end_partial(self) -> None:
        """Cut off what hangs out of the printer, and take it back in where that can be done."""
        self._line.link.write(INIT + b"\n\n\n" + CUT)
        presenter = self._line.profile.presenter
        if presenter.retract or presenter.eject:
            self._line.link.write(presenter.retract or presenter.eject)
        self._partial = False

    def _end(self, job: PrintDocument, state: PrintState) -> None:
        log.info("print_job_ended", job=job.job, state=state.value)
        self._emit(PrintProgress(job=job.job, state=state))

    def _lost(self, gone: LinkLost) -> float:
        code = _LINE_FAULTS[gone.fault]
        if code not in self.state.faults:
            log.warning("printer_lost", error=str(gone))
        self.close()
        for job in self._jobs:
            self._end(job, PrintState.FAILED)
        self._jobs.clear()
        self._missed = 0
        availability = Availability.NO_DEVICE if gone.fault == LinkFault.MISSING else Availability.HARDWARE_ERROR
        self._set(availability, frozenset({code}), Supply.UNKNOWN)
        return REOPEN

    def _set(self, availability: Availability, faults: frozenset[str], paper: Supply) -> None:
        self.state = self.state.model_copy(update={"availability": availability, "faults": faults, "paper": paper})
