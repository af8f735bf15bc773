"""What the supervisor and a worker say to each other. No person's data passes here."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from kiosk.ipc.channel import adapter_of
from kiosk.model.device import DeviceState


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True)


# supervisor → worker


class Activate(_Message):
    """Serve citizens now. ``draft_key`` (base64url) seals the draft; ``resume`` says that one lies there."""

    kind: Literal["activate"] = "activate"
    draft_key: str
    resume: bool


class UseDevice(_Message):
    """Comes with one descriptor: the socket to the device's process."""

    kind: Literal["use_device"] = "use_device"
    device: str


class DeviceStatus(_Message):
    """``at``: when the device's process said so; monotonic seconds, 0 where the supervisor itself says it."""

    kind: Literal["device_status"] = "device_status"
    state: DeviceState
    at: float = 0.0


# worker → supervisor


class Ready(_Message):
    """The first frame is drawn."""

    kind: Literal["ready"] = "ready"


class VisitStarted(_Message):
    """A citizen has begun; the devices will have held data when it ends."""

    kind: Literal["visit_started"] = "visit_started"


class VisitEnded(_Message):
    kind: Literal["visit_ended"] = "visit_ended"
    way_out: str


class WorkerBeat(_Message):
    kind: Literal["worker_beat"] = "worker_beat"


ToWorker = Annotated[Activate | UseDevice | DeviceStatus, Field(discriminator="kind")]
FromWorker = Annotated[Ready | VisitStarted | VisitEnded | WorkerBeat, Field(discriminator="kind")]
TO_WORKER: Any = adapter_of(ToWorker)
FROM_WORKER: Any = adapter_of(FromWorker)
