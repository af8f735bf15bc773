"""What the document camera is wanted for: the papers of a step, the zone of a passport, the code of a receipt."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from PySide6.QtCore import QObject, Signal

from kiosk.cases.documents import warm_up
from kiosk.ipc.device_messages import CameraTask, StartCamera, StopCamera, TakePicture, ZoneRead
from kiosk.model.clock import HALL_ZONE
from kiosk.visit.stage import Stage
from kiosk.visit.step import StepKind
from kiosk.visit.visit import Visit
from ui.hardware import Hardware
from ui.links import DeviceLinks


class DocumentCamera(QObject):
    """``zone``: of a passport under the camera, until the citizen has confirmed it."""

    zone_read = Signal()

    def __init__(self, visit: Visit, devices: DeviceLinks, hardware: Hardware, now: Callable[[], datetime]) -> None:
        super().__init__()
        self._visit, self._devices, self._hardware, self._now = visit, devices, hardware, now
        self.zone: ZoneRead | None = None
        self.zone_wanted = False
        self._wanted = ""
        hardware.changed.connect(self.follow)  # it stands in for a code reader that fails
        devices.zone_read.connect(self._on_zone_read)

    @property
    def on(self) -> bool:
        return bool(self._wanted)

    def follow(self) -> None:
        """Start and stop it as the visit wants it."""
        wanted, order = self.order()
        if wanted == self._wanted:
            return
        if order is not None:
            if order.task == CameraTask.PAGES:
                warm_up()
            self._wanted = wanted if self._devices.send("camera", order) else ""
        else:
            self._devices.send("camera", StopCamera())
            self._wanted = ""

    def process_ready(self) -> None:
        """A new process knows of no order."""
        self._wanted = ""
        self.follow()

    def order(self) -> tuple[str, StartCamera | None]:
        """What the camera is wanted for here, by a name, and the order for it."""
        step, stage = self._visit.step, self._visit.stage
        if step is not None and step.kind == StepKind.MATERIAL:
            paper = self._visit.material()
            return step.id, StartCamera(shape=paper.shape, mode=paper.mode.value, mark=self._mark())
        if stage == Stage.IDENTIFY and self.zone_wanted and self.zone is None:
            return "zone", StartCamera(shape="free", task=CameraTask.ZONE)
        if stage == Stage.LOOKUP and not self._hardware.works("code_reader"):
            return "code", StartCamera(shape="free", task=CameraTask.CODE)
        return "", None

    def take_picture(self) -> None:
        self._devices.send("camera", TakePicture())

    def read_passport(self, wanted: bool) -> None:
        """Read a passport, or stop that; what was read before is forgotten."""
        self.zone_wanted, self.zone = wanted, None
        self.follow()

    def forget(self) -> None:
        """No passport is wanted any more, nor what one said."""
        self.zone, self.zone_wanted = None, False

    def _on_zone_read(self, zone: ZoneRead) -> None:
        if self._visit.stage == Stage.IDENTIFY and self.zone_wanted:
            self.zone = zone
            self.follow()
            self.zone_read.emit()

    def _mark(self) -> str:
        """What is written across a copy: which matter it is for, from which day, and that it is for nothing else."""
        package = self._visit.package
        day = self._now().astimezone(HALL_ZONE).date().isoformat()
        return f"仅用于{package.title('zh')} {day}" if package is not None else ""
