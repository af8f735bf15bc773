"""The state of a device: availability × faults × supplies. What is not known is said, never guessed."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class Availability(StrEnum):
    """The vocabulary of CEN/XFS 4 ``common.status``."""

    STARTING = "starting"
    ONLINE = "online"
    BUSY = "busy"
    OFFLINE = "offline"
    POWER_OFF = "power_off"
    NO_DEVICE = "no_device"
    HARDWARE_ERROR = "hardware_error"
    USER_ERROR = "user_error"
    UNKNOWN = "unknown"


class Supply(StrEnum):
    FULL = "full"
    LOW = "low"
    OUT = "out"
    JAMMED = "jammed"
    UNKNOWN = "unknown"
    NOT_SUPPORTED = "not_supported"


class Capability(StrEnum):
    """What a service may need. A fault removes exactly what it must."""

    IDENTIFY = "identify"
    SCAN = "scan"
    PRINT_RECEIPT = "print_receipt"


class DeviceState(BaseModel):
    """One device at one moment. ``faults`` holds codes of ``devices/faults.toml``."""

    model_config = ConfigDict(frozen=True)

    device: str
    availability: Availability = Availability.STARTING
    faults: frozenset[str] = frozenset()
    paper: Supply = Supply.NOT_SUPPORTED
    device_id: str = ""
