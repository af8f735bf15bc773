"""What the processes of one terminal say about devices. Persons' data flows only between a device and the worker."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from kiosk.ipc.channel import adapter_of
from kiosk.model.device import DeviceState
from kiosk.model.identity import IdentityDocument
from kiosk.model.paper import PaperDocument


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True)


# supervisor → device


class AttachWorker(_Message):
    """Comes with one descriptor: the socket to the worker that serves the citizen now."""

    kind: Literal["attach_worker"] = "attach_worker"


class StopDevice(_Message):
    kind: Literal["stop_device"] = "stop_device"


# device → supervisor


class Beat(_Message):
    kind: Literal["beat"] = "beat"


class StateChanged(_Message):
    """Sent only when the state changes. ``at``: monotonic seconds, the same in all processes of a machine."""

    kind: Literal["state_changed"] = "state_changed"
    state: DeviceState
    at: float


# worker → device


class ReaderMode(StrEnum):
    OFF = "off"
    WATCH = "watch"  # notice that a card was laid down, read nothing of it
    READ = "read"


class SetReaderMode(_Message):
    kind: Literal["set_reader_mode"] = "set_reader_mode"
    mode: ReaderMode


class CameraTask(StrEnum):
    """What the camera looks for."""

    PAGES = "pages"
    ZONE = "zone"  # the machine-readable zone of a passport or travel card
    CODE = "code"


class StartCamera(_Message):
    """Preview, and capture by itself once papers lie still. ``shape`` is one of forms' page shapes, ``mode`` one of its
    page modes; ``mark`` is written across each page: what the copy is for."""

    kind: Literal["start_camera"] = "start_camera"
    shape: str
    mode: Literal["colour", "grey", "black_and_white"] = "colour"
    mark: str = ""
    task: CameraTask = CameraTask.PAGES


class StopCamera(_Message):
    kind: Literal["stop_camera"] = "stop_camera"


class TakePicture(_Message):
    """Capture now, page found or not: the citizen asked for it."""

    kind: Literal["take_picture"] = "take_picture"


class PrintDocument(_Message):
    kind: Literal["print_document"] = "print_document"
    job: str
    document: PaperDocument


class EndPartialReceipt(_Message):
    """The printer's process has died over a receipt: end what may hang out of the printer before anything else."""

    kind: Literal["end_partial_receipt"] = "end_partial_receipt"


# device → worker


class CardPresent(_Message):
    kind: Literal["card_present"] = "card_present"


class CardRemoved(_Message):
    kind: Literal["card_removed"] = "card_removed"


class CardRead(_Message):
    """Comes with one descriptor, a memory file with the photograph, where it could be decoded."""

    kind: Literal["card_read"] = "card_read"
    document: IdentityDocument


class CardFault(StrEnum):
    UNREADABLE = "unreadable"  # lift it and lay it down again
    NOT_AN_ID_CARD = "not_an_id_card"
    NOT_TRUSTED = "not_trusted"


class CardFailed(_Message):
    kind: Literal["card_failed"] = "card_failed"
    fault: CardFault


class CodeRead(_Message):
    """What a barcode or QR code holds."""

    kind: Literal["code_read"] = "code_read"
    text: str


class ZoneRead(_Message):
    """The lines of a machine-readable zone, and for each the places that somebody has to confirm."""

    kind: Literal["zone_read"] = "zone_read"
    lines: list[str]
    doubtful: list[list[int]]


class CodeFailed(_Message):
    """A code was seen that holds no text."""

    kind: Literal["code_failed"] = "code_failed"


class FrameRingReady(_Message):
    """Comes with one descriptor: the memory file of the ring."""

    kind: Literal["frame_ring"] = "frame_ring"
    slots: int
    capacity: int


class PreviewHint(StrEnum):
    """What the preview tells the citizen."""

    NO_PAGE = "no_page"
    NO_ZONE = "no_zone"
    HOLD_STILL = "hold_still"
    BED = "bed"  # take it away for a moment: the bed was not seen empty
    TOO_DARK = "too_dark"
    BLURRED = "blurred"
    GLARE = "glare"
    CUT_OFF = "cut_off"
    HAND = "hand"
    FINGER = "finger"
    BLANK = "blank"
    WRONG_KIND = "wrong_kind"
    SMALL = "small"
    CAPTURED = "captured"
    TAKE_AWAY = "take_away"


class Frame(_Message):
    """A picture is in the ring. ``corners`` are those of the papers, four of each, as fractions of width and height:
    TL, TR, BR, BL."""

    kind: Literal["frame"] = "frame"
    slot: int
    hint: PreviewHint
    corners: list[tuple[float, float]] = []


class Captured(_Message):
    """Comes with one descriptor: a memory file with the JPEG of the straightened page. ``dpi`` 0: size unknown.
    ``codes``: the texts of the QR codes and barcodes on it."""

    kind: Literal["captured"] = "captured"
    width: int
    height: int
    dpi: float = 0.0
    codes: list[str] = []


class PrintState(StrEnum):
    """The ends of a print job, and the two states before them."""

    QUEUED = "queued"
    SENDING = "sending"
    CONFIRMED = "confirmed"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    UNVERIFIABLE = "unverifiable"


class PrintProgress(_Message):
    kind: Literal["print_progress"] = "print_progress"
    job: str
    state: PrintState


class PaperAtSlot(_Message):
    """Whether a receipt waits in the printer's slot."""

    kind: Literal["paper_at_slot"] = "paper_at_slot"
    waiting: bool


ToDevice = Annotated[
    AttachWorker
    | StopDevice
    | SetReaderMode
    | StartCamera
    | StopCamera
    | TakePicture
    | PrintDocument
    | EndPartialReceipt,
    Field(discriminator="kind"),
]
FromDevice = Annotated[
    Beat
    | StateChanged
    | CardPresent
    | CardRemoved
    | CardRead
    | CardFailed
    | CodeRead
    | CodeFailed
    | ZoneRead
    | FrameRingReady
    | Frame
    | Captured
    | PrintProgress
    | PaperAtSlot,
    Field(discriminator="kind"),
]
TO_DEVICE: Any = adapter_of(ToDevice)
FROM_DEVICE: Any = adapter_of(FromDevice)
