"""The readers of cards, passports and codes: what is wanted of each, and how it stands with the card."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from kiosk.ipc.device_messages import ReaderMode, SetReaderMode
from kiosk.visit.stage import Stage
from kiosk.visit.visit import Visit
from ui.hardware import Hardware
from ui.links import DeviceLinks

READERS = ("id_reader", "mrz_reader", "code_reader")
ASKED_FOR_A_CODE = {Stage.ATTRACT, Stage.CHOOSE, Stage.LOOKUP}


class Readers(QObject):
    """``card_there``: a card lies on the reader; ``card_fault``: why the last one was not taken, or "";
    ``failures``: how many were not."""

    changed = Signal()

    def __init__(self, visit: Visit, devices: DeviceLinks, hardware: Hardware) -> None:
        super().__init__()
        self._visit, self._devices, self._hardware = visit, devices, hardware
        self.card_there = False
        self.card_fault = ""
        self.failures = 0
        devices.card_present.connect(self._on_card_present)
        devices.card_removed.connect(self._on_card_removed)

    def follow(self) -> None:
        """Each reads where the visit wants it, and only there."""
        stage = self._visit.stage
        card = ReaderMode.READ if stage == Stage.IDENTIFY else ReaderMode.WATCH
        code = ReaderMode.READ if stage in ASKED_FOR_A_CODE else ReaderMode.OFF
        for device, mode in zip(READERS, (card, card, code), strict=True):
            if device in self._hardware.states:
                self._devices.send(device, SetReaderMode(mode=mode))

    def process_new(self, device: str) -> None:
        """A new process tells anew whether a card lies there."""
        if device == "id_reader":
            self._on_card_removed()

    def taken(self) -> None:
        """The document that was read is a good one."""
        self.card_fault = ""
        self.changed.emit()

    def expired(self) -> None:
        self.card_fault = "expired"
        self.changed.emit()

    def refused(self, fault: str) -> None:
        """``fault`` is why nothing was read from it."""
        self.card_fault = fault
        self.failures += 1
        self.changed.emit()

    def _on_card_present(self) -> None:
        self.card_there, self.card_fault = True, ""
        self.changed.emit()

    def _on_card_removed(self) -> None:
        self.card_there = False
        self.changed.emit()
