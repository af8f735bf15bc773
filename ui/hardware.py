"""What the devices can do right now, and what citizens and staff must know of it."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from kiosk.model.device import Availability, Capability, DeviceState
from kiosk.model.fault import Fault

_PROVIDES = {
    "id_reader": Capability.IDENTIFY,
    "printer": Capability.PRINT_RECEIPT,
    "camera": Capability.SCAN,
}
_BESIDE = ("host", "network", "store")
_WELL = (Availability.ONLINE, Availability.BUSY, Availability.STARTING)


class Hardware(QObject):
    """The last known state of each device."""

    changed = Signal()

    def __init__(self, faults: dict[str, Fault]) -> None:
        super().__init__()
        self._faults = faults
        self.told_at = 0.0
        self.states: dict[str, DeviceState] = {n: DeviceState(device=n) for n in (*_PROVIDES, *_BESIDE)}

    def update(self, state: DeviceState, at: float = 0.0) -> None:
        """``at``: when the device's process said so (monotonic seconds), where that is known."""
        if self.states.get(state.device) != state:
            self.states[state.device] = state
            self.told_at = at
            self.changed.emit()

    def active_faults(self) -> list[Fault]:
        """Faults of all devices, the gravest first."""
        codes = {code for state in self.states.values() for code in state.faults}
        order = {"error": 0, "warning": 1, "info": 2}
        known = [self._faults[c] for c in sorted(codes) if c in self._faults]
        return sorted(known, key=lambda f: order[f.severity])

    def works(self, device: str) -> bool:
        """Whether there is such a device, as far as is known in order."""
        state = self.states.get(device)
        return state is not None and state.availability in _WELL

    def can(self, capability: Capability) -> bool:
        """Whether no fault takes the capability away. A device that is still starting is given the benefit."""
        if any(capability in f.removes for f in self.active_faults()):
            return False
        return self.works(next(n for n, c in _PROVIDES.items() if c == capability))

    @property
    def out_of_service(self) -> Fault | None:
        """The gravest fault for which nothing is begun."""
        return next((f for f in self.active_faults() if f.stops == "all"), None)

    def refused(self, needs: list[Capability]) -> str:
        """Why a service is not begun now, as the end of a word's key; empty where it may be. A number can be typed, so
        no reader stops nothing."""
        stops = {f.stops for f in self.active_faults()}
        if "all" in stops:
            return "out"
        missing = [c for c in needs if c != Capability.IDENTIFY and not self.can(c)]
        if missing:
            return f"missing_{missing[0]}"
        return "full_scan" if "scans" in stops and Capability.SCAN in needs else ""
