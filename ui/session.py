"""One worker's session: the visit, its devices, its store. View models read it and pass the citizen's acts on."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime

import structlog
from PySide6.QtCore import QObject, QTimer, Signal

from kiosk.catalogue.package import ServicePackage
from kiosk.ipc.device_messages import Captured
from kiosk.model.clock import HALL_ZONE
from kiosk.model.device import Availability, DeviceState
from kiosk.model.identity import IdentityDocument
from kiosk.model.ids import new_id
from kiosk.model.page import Page
from kiosk.receipts.receipt import receipt_document, receipt_of
from kiosk.store.room import is_full
from kiosk.visit.idle import ASSISTED, ELDER, STANDARD, Idle, IdleWatch, Limits
from kiosk.visit.stage import Stage, WayOut
from kiosk.visit.step import Step, StepKind
from kiosk.visit.visit import Visit
from ui.calling import Calling
from ui.document_camera import DocumentCamera
from ui.draft_keeper import DraftKeeper
from ui.hardware import Hardware
from ui.links import DeviceLinks
from ui.notes import noted
from ui.printing import Printing
from ui.readers import READERS, Readers
from ui.terminal import Terminal

log = structlog.get_logger()


class Session(QObject):
    """Signals: ``moved`` when the stage or step changes, ``draft_changed`` when something was entered,
    ``store_changed`` when the agent has written."""

    moved = Signal()
    draft_changed = Signal()
    page_taken = Signal()
    store_changed = Signal()
    appearance_changed = Signal()
    card_changed = Signal()
    code_shown = Signal(str)
    idle_changed = Signal()
    catalogue_changed = Signal()
    began = Signal()
    ended = Signal(str)

    def __init__(self, terminal: Terminal, devices: DeviceLinks, hardware: Hardware) -> None:
        super().__init__()
        self.terminal, self.devices, self.hardware = terminal, devices, hardware
        self.visit = Visit(terminal.catalogue.services)
        self.language, self.elder = "zh", False
        self.retaking = ""  # the page that the next picture replaces
        self.photo = b""  # of the card, a picture file; never kept, sent or written
        self.idle = IdleWatch(terminal.clock)
        self.idle_state = Idle.PRESENT
        self._keeper: DraftKeeper | None = None
        self._active = False
        opened = terminal.opened
        self.printing = Printing(opened.ledger if opened is not None else None, devices, terminal.clock)
        self.calling = Calling(opened.store if opened is not None else None, terminal.clock)
        self.readers = Readers(self.visit, devices, hardware)
        self.camera = DocumentCamera(self.visit, devices, hardware, self.now)
        self._store_version = -1
        self._today = self.now().astimezone().date()
        self._set_limits()
        self._ticker = QTimer(self, interval=500)
        self._ticker.timeout.connect(self._tick)
        self._store_is("" if terminal.opened is not None else "store_unavailable")
        hardware.changed.connect(self._note_faults)
        devices.attached.connect(self._configure_device)
        self.readers.changed.connect(self.card_changed)
        devices.card_present.connect(self.touched)
        devices.card_read.connect(self.card_presented)
        devices.card_failed.connect(self.card_refused)
        devices.code_read.connect(self._on_code_read)
        devices.code_failed.connect(lambda: self._on_code_read(""))
        self.camera.zone_read.connect(self._on_zone_read)
        devices.captured.connect(self._on_captured)

    def now(self) -> datetime:
        return self.terminal.clock.now()

    def _note_faults(self) -> None:
        """The agent tells the platform; the two meet only in the store."""
        if self.terminal.opened is not None and self._active:
            store, codes = self.terminal.opened.store, [f.code for f in self.hardware.active_faults()]
            noted(lambda: store.put("faults", json.dumps(codes)))
        if "device_process" in self.hardware.states["printer"].faults:
            self.printing.process_died()

    def _store_is(self, fault: str) -> None:
        well = Availability.HARDWARE_ERROR if fault else Availability.ONLINE
        self.hardware.update(DeviceState(device="store", availability=well, faults=frozenset({fault} - {""})))

    # room on the disk

    def _set_room_aside(self) -> bool:
        """Take the room that the next case may need; without it nothing is begun."""
        opened = self.terminal.opened
        if opened is None:
            return False
        held = opened.room.hold()
        self._store_is("" if held else "disk_full")
        return held

    def admits(self, package: ServicePackage) -> bool:
        """Whether a matter may be begun: all that it needs works, and its case will find room on the disk."""
        return self._set_room_aside() and not self.hardware.refused(package.needs)

    # start and crash

    def activate(self, keeper: DraftKeeper, resume: bool) -> None:
        """Serve citizens from now on; with ``resume``, stand where the crashed worker stood."""
        self._keeper, self._active = keeper, True
        self._set_room_aside()
        if self.terminal.opened is not None:
            self.terminal.opened.intake.forget_prepared()
        self.calling.take_up(resume=resume)
        snapshot = keeper.load() if resume else None
        if snapshot is not None and self.visit.restore(snapshot):
            self.language, self.elder = snapshot.language, snapshot.elder
            self._set_limits()
            self.appearance_changed.emit()
            if self.visit.line is not None:
                self.printing.take_up(self.visit.line.case_id)
            log.info("visit_resumed", stage=self.visit.stage.value)
        self.idle.touched()
        self._ticker.start()
        self._arrived()

    def _save(self) -> None:
        if self._keeper is not None and self.visit.stage not in (Stage.ATTRACT, Stage.ENDED):
            self._keeper.save(self.visit.snapshot(self.language, self.elder))

    def _arrived(self) -> None:
        """After every move: devices follow the stage, the sealed copy follows the visit."""
        if self.visit.stage != Stage.IDENTIFY:
            self.camera.forget()
        self._follow_readers()
        self.camera.follow()
        self._save()
        if self.visit.stage == Stage.REVIEW:
            self._prepare()
        self.moved.emit()

    def _prepare(self) -> None:
        """The papers are made while the citizen reads, so that handing in takes no longer than the disk does."""
        opened, package, draft = self.terminal.opened, self.visit.package, self.visit.draft
        if opened is not None and package is not None and draft is not None:
            opened.intake.prepare(draft, package)

    # what the citizen does

    def act(self, move: Callable[[], object]) -> None:
        """Make one move of the visit."""
        fresh = self.visit.stage == Stage.ATTRACT
        move()
        if fresh and self.visit.stage != Stage.ATTRACT:
            self.began.emit()
        if self.visit.stage == Stage.WORK:
            self.visit.enter_work(self.now())
        self._arrived()

    def answer(self, field: str, value: str) -> None:
        self.visit.answer(field, value)
        self._save()
        self.draft_changed.emit()

    def touched(self) -> None:
        self.idle.touched()
        if self.idle_state != Idle.PRESENT:
            self.idle_state = Idle.PRESENT
            self.idle_changed.emit()

    def set_language(self, language: str) -> None:
        self.language = language
        self._save()
        self.appearance_changed.emit()

    def set_elder(self, elder: bool) -> None:
        self.elder = elder
        self._set_limits()
        self._save()
        self.appearance_changed.emit()

    def _set_limits(self) -> None:
        quiet, warning = self.terminal.settings.idle.quiet, self.terminal.settings.idle.warning
        factor = ELDER.quiet / STANDARD.quiet if self.elder else 1
        self.idle.limits = Limits(quiet * factor * (ASSISTED if self.calling.on else 1), warning * factor)

    def set_assisted(self, assisted: bool) -> None:
        """The citizen has called for help, and may be on the way to the desk; the agent tells the hall."""
        self.calling.set(assisted)
        self._look_at_call()
        self._set_limits()

    def _look_at_call(self) -> None:
        self.calling.look(online=self.hardware.states["network"].availability != Availability.OFFLINE)

    # identity

    def identified(self, document: IdentityDocument, photo: bytes = b"") -> None:
        """A card was read or a number typed: look for an open case before anything is filled in."""
        self.photo = photo  # a typed person has none, whoever's card was read before
        service, opened = self.visit.package, self.terminal.opened
        existing = opened.intake.already_open(service.id, document.number) if service and opened else None
        self.act(lambda: self.visit.identified(document, existing))

    def card_presented(self, document: IdentityDocument, photo: bytes = b"") -> None:
        """A document was read: by a reader, or by the camera and then confirmed."""
        self.touched()
        if document.expired(self.now().astimezone(HALL_ZONE).date()):
            self.camera.forget()
            self.camera.follow()
            self.readers.expired()
            return
        if self.visit.stage == Stage.IDENTIFY:
            self.identified(document, photo)
        self.readers.taken()

    def card_refused(self, fault: str) -> None:
        self.touched()
        self.readers.refused(fault)

    def _configure_device(self, device: str) -> None:
        """A device process is new or back: tell it what is wanted of it now."""
        if device in READERS:
            self.readers.process_new(device)
            self._follow_readers()
        elif device == "camera":
            self.camera.process_ready()
        elif device == "printer":
            self.printing.process_ready()

    def _follow_readers(self) -> None:
        if self._active:
            self.readers.follow()

    def _on_code_read(self, text: str) -> None:
        """A code was shown: a receipt's leads to its case, from the welcome screen too."""
        if self.visit.stage in (Stage.ATTRACT, Stage.CHOOSE) and receipt_of(text) is not None:
            self.act(self.visit.look_up)
        if self.visit.stage == Stage.LOOKUP:
            self.touched()
            self.code_shown.emit(text)

    # papers

    def read_passport(self, wanted: bool) -> None:
        """Read a passport under the camera, or stop that; what was read before is forgotten."""
        self.camera.read_passport(wanted)
        self.card_changed.emit()

    def _on_zone_read(self) -> None:
        self.touched()
        self.page_taken.emit()
        self.card_changed.emit()

    def _on_captured(self, seen: Captured, image: bytes) -> None:
        step, draft = self.visit.step, self.visit.draft
        if step is None or step.kind != StepKind.MATERIAL or draft is None:
            return
        again = self.retaking if any(p.page_id == self.retaking for p in draft.pages) else ""
        if not again and draft.page_counts().get(step.id, 0) >= self.visit.material().max_pages:
            return
        self.touched()
        self.retaking = ""
        size = {"width": seen.width, "height": seen.height, "dpi": round(seen.dpi)}
        page = Page(page_id=new_id(), material=step.id, image=image, codes=seen.codes, **size)
        if again:
            self.visit.replace_page(again, page)
        else:
            self.visit.add_page(page)
        self.page_taken.emit()
        self._save()
        self.draft_changed.emit()

    def change(self, step: Step) -> None:
        self.act(lambda: self.visit.change(step, self.now()))

    # the case

    def submit(self) -> str:
        """Store the case, in the room that was set aside for it.

        Returns "" or the name of what went wrong (``no_room``, ``not_stored``); then everything is still there.
        """
        if not self.visit.submit(self.now()):
            self._arrived()
            return ""
        self._arrived()
        opened, package, draft = self.terminal.opened, self.visit.package, self.visit.draft
        assert opened is not None
        assert package is not None
        assert draft is not None
        opened.room.release()
        try:
            line = opened.intake.submit(draft, package, self.language)
        except Exception as bad:  # noqa: BLE001 - whatever it was, the citizen's work must survive it
            log.error(
                "case_not_stored",
                error=f"{type(bad).__name__}: {bad}" if isinstance(bad, OSError) else type(bad).__name__,
            )
            self._set_room_aside()
            self.visit.not_stored()
            self._arrived()
            return "no_room" if is_full(bad) else "not_stored"
        self._set_room_aside()
        self.visit.stored(line)
        self._arrived()
        self.print_receipt()
        return ""

    def print_receipt(self) -> None:
        """Print the receipt of the stored case; after the first time it is a copy."""
        package, draft, line = self.visit.package, self.visit.draft, self.visit.line
        if package is None or draft is None or line is None:
            return
        hall = self.terminal.settings.terminal
        document = receipt_document(
            line,
            draft,
            package,
            self.visit.next_steps(self.now()),
            hall.hall if self.language == "zh" else hall.hall_en,
            self.language,
            copy=self.printing.copies(line.case_id) > 0,
        )
        self.printing.order(document, line.case_id)

    # the end

    def end(self, way_out: WayOut) -> None:
        """End the visit; the supervisor then ends this process."""
        if self.visit.stage == Stage.ENDED:
            return
        self.set_assisted(False)
        self.visit.end(way_out)
        self._ticker.stop()
        if self._keeper is not None:
            self._keeper.forget()
        if self.terminal.opened is not None:
            self.terminal.opened.intake.forget_prepared()
        self.moved.emit()
        self.ended.emit(way_out.value)

    def _look_at_store(self) -> None:
        """The agent has written: the case may have been sent, the network may be gone or back."""
        opened, line = self.terminal.opened, self.visit.line
        if opened is None or opened.store.data_version() == self._store_version:
            return
        self._store_version = opened.store.data_version()
        status = json.loads(opened.store.get("agent_status") or "{}")
        faults = frozenset(status.get("faults", []))
        online = Availability.ONLINE if status.get("online") else Availability.OFFLINE
        self.hardware.update(DeviceState(device="network", availability=online, faults=faults))
        if line is not None:
            self.visit.line = opened.intake.line(line.case_id) or line
        self.store_changed.emit()

    def _look_at_published(self) -> None:
        """Nobody is here: new packages and notices are taken over, and what ended at midnight goes."""
        self.terminal, before = self.terminal.renewed(), self.terminal
        today = self.now().astimezone().date()
        if self.terminal is not before or today != self._today:
            self._today, self.visit.services = today, self.terminal.catalogue.services
            self.catalogue_changed.emit()

    def _tick(self) -> None:
        self._look_at_store()
        self._look_at_call()
        if self.visit.stage in (Stage.ATTRACT, Stage.CHOOSE):
            self._set_room_aside()
        if self.visit.stage == Stage.ATTRACT:
            self._look_at_published()
        self.printing.look_at_clock()
        self.idle.paused = self.printing.busy
        state = self.idle.state(self.visit.stage)
        if state == Idle.GONE:
            self.end(WayOut.LEFT)
            return
        if state != self.idle_state:
            self.idle_state = state
            self.idle_changed.emit()
