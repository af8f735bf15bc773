"""A receipt on its way to the paper: ordered, printed, taken; and what is known of it."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from kiosk.ipc.device_messages import EndPartialReceipt, PrintDocument, PrintState
from kiosk.model.clock import Clock
from kiosk.model.ids import new_id
from kiosk.model.paper import PaperDocument
from kiosk.store.print_ledger import PrintLedger
from ui.links import DeviceLinks
from ui.notes import noted

PRINT_SECONDS = 60.0
"""So long a receipt may take from the order to its end; after that nobody knows."""


class Printing(QObject):
    """``state`` of the last job, None before the first; ``paper_waiting`` while a receipt hangs at the slot."""

    changed = Signal()

    def __init__(self, ledger: PrintLedger | None, devices: DeviceLinks, clock: Clock) -> None:
        super().__init__()
        self._ledger, self._devices, self._clock = ledger, devices, clock
        self.state: PrintState | None = None
        self.paper_waiting = False
        self._job = ""
        self._until = 0.0
        self._half_printed = False
        devices.print_progress.connect(self._on_progress)
        devices.paper_at_slot.connect(self._on_paper_at_slot)

    @property
    def busy(self) -> bool:
        return self.state in (PrintState.QUEUED, PrintState.SENDING)

    def copies(self, case_id: str) -> int:
        """How often the receipt of a case was ordered."""
        return self._ledger.copies(case_id) if self._ledger is not None else 0

    def order(self, document: PaperDocument, case_id: str) -> None:
        self._job = job = new_id()
        if self._ledger is not None:
            ledger, at = self._ledger, self._clock.now().isoformat()
            noted(lambda: ledger.queued(job, case_id, at))
        self._expect(PrintState.QUEUED)
        if not self._devices.send("printer", PrintDocument(job=job, document=document)):
            self._on_progress(job, PrintState.FAILED)
        self.changed.emit()

    def take_up(self, case_id: str) -> None:
        """What the worker that crashed had ordered last."""
        last = self._ledger.last_for(case_id) if self._ledger is not None else None
        self._job, state = last or ("", None)
        self._expect(state)

    def process_died(self) -> None:
        """The printer's process is gone, in the middle of a receipt perhaps."""
        if self.busy:
            self._half_printed = self.state == PrintState.SENDING
            self._on_progress(self._job, PrintState.UNCERTAIN if self._half_printed else PrintState.FAILED)

    def process_ready(self) -> None:
        """A new process for the printer: half a receipt hangs out of it."""
        if self._half_printed:
            self._half_printed = False
            self._devices.send("printer", EndPartialReceipt())

    def look_at_clock(self) -> None:
        if self.busy and self._clock.monotonic() > self._until:
            # Its end was told to a worker that is no more: nobody will say it again.
            self._on_progress(self._job, PrintState.UNCERTAIN)

    def _expect(self, state: PrintState | None) -> None:
        self.state, self._until = state, self._clock.monotonic() + PRINT_SECONDS

    def _on_progress(self, job: str, state: str) -> None:
        if self._ledger is not None:
            ledger, at = self._ledger, self._clock.now().isoformat()
            noted(lambda: ledger.progress(job, PrintState(state), at))
        if job == self._job:
            self.state = PrintState(state)
            self.changed.emit()

    def _on_paper_at_slot(self, waiting: bool) -> None:
        self.paper_waiting = waiting
        self.changed.emit()
