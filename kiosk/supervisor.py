"""The supervisor: starts, watches, restarts and ends the others. Without Qt, and without any person's data.

A visit is a process: when it ends, in any way, the worker that held it ends, and with it the device
processes that read the card, printed the receipt or filmed the papers. A worker that was started
beforehand takes the place at once.
"""

from __future__ import annotations

import json
import shutil
import signal
import socket
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog

from kiosk.children import Child, Children
from kiosk.config import DEVICES, OPTIONAL, Settings
from kiosk.driver_settings import driver_settings
from kiosk.ipc.channel import Channel, ChannelClosed, ProtocolError, pair
from kiosk.ipc.device_messages import FROM_DEVICE, AttachWorker, Beat, StateChanged
from kiosk.ipc.worker_messages import (
    FROM_WORKER,
    Activate,
    DeviceStatus,
    Ready,
    UseDevice,
    VisitEnded,
    VisitStarted,
    WorkerBeat,
)
from kiosk.model.clock import Clock
from kiosk.model.device import Availability, DeviceState
from kiosk.security.credentials import CredentialError, load_credentials
from kiosk.store.database import Store, StoreError
from kiosk.store.print_ledger import PrintLedger
from kiosk.versions import GO, WELL
from kiosk.watchdog import notify_systemd
from sync.protocol.canonical import b64
from sync.protocol.draft_seal import new_key

log = structlog.get_logger()

TICK = 0.25
DEVICE_SILENT = 3.0
DEVICE_START = 4.0
"""Until its first sign of life, which comes before it has loaded anything, a process may take a little longer."""
WORKER_SILENT = 10.0
BACK_OFF = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Seconds before a device process is started again, by how often it has failed in a row."""
STEADY = 30.0
"""A device process that ran so long has not failed in a row."""
GIVE_UP = 6
"""After so many failures in a row a technician is asked for; one more try is made every PAUSE seconds."""
PAUSE = 60.0
FIRST_SCREEN = 4.0
"""At the start the first screen goes before the devices, for so long at the most."""
NEXT_WORKER = 0.5
"""Seconds until the next worker is made ready: the one that has just begun to serve has the processor first."""
PRINTING = 25.0
"""So long a printer's process may outlive its visit to finish a receipt."""
IMPERSONAL = {"host"}
"""Devices whose process never sees anything of a person, so it need not end with a visit."""
RESUMES = 3
"""A visit that has crashed so many workers is given up: its own data may be what crashes them."""


@dataclass
class Device:
    """A device and the process that serves it now, if any."""

    name: str
    child: Child | None = None
    state: DeviceState = field(default_factory=lambda: DeviceState(device=""))
    failures: int = 0
    start_at: float = 0.0
    retire_by: float | None = None


class Supervisor:
    """Runs until SIGTERM or SIGINT, and after SIGUSR1 until nobody is served. ``config`` is handed on to the workers;
    ``remote`` is for demo and robot. ``trial``: a socket to whoever tries this version: it is told that all is well,
    and nobody is served before its answer."""

    def __init__(
        self, settings: Settings, config: Path | None, clock: Clock, *, remote: bool = False, trial: int | None = None
    ) -> None:
        self._trial = None if trial is None else socket.socket(fileno=trial)
        self._settings, self._config, self._clock, self._remote = settings, config, clock, remote
        self._children = Children(settings.paths, clock)
        present = [n for n in DEVICES if n not in OPTIONAL or getattr(settings.devices, n).port]
        self._devices = {n: Device(n, state=DeviceState(device=n)) for n in present}
        self._active: Child | None = None
        self._standby: Child | None = None
        self._key = new_key()
        self._in_visit = False
        self._resume = False
        self._crashes = 0
        self._standby_at = 0.0
        self._devices_at = clock.monotonic() + FIRST_SCREEN
        self._stopping = self._leaving = False

    # life

    def run(self) -> None:
        """Serve until told to stop; then end every child."""
        self._prepare_runtime()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        signal.signal(signal.SIGUSR1, self._leave)
        self._end_orphans()
        notify_systemd("READY=1")
        try:
            while not self._stopping:
                self._turn()
        finally:
            self._end_all()

    def _stop(self, *_: object) -> None:
        self._stopping = True

    def _leave(self, *_: object) -> None:
        self._leaving = True

    def _prepare_runtime(self) -> None:
        """What an earlier supervisor left is nobody's any more: its key is gone."""
        runtime = self._settings.paths.runtime
        runtime.mkdir(parents=True, exist_ok=True, mode=0o700)
        for stale in runtime.glob("home-*"):
            shutil.rmtree(stale, ignore_errors=True)
        for stale in runtime.glob("draft.*"):
            stale.unlink(missing_ok=True)

    def _end_orphans(self) -> None:
        """Print jobs that a power cut interrupted ended somewhere nobody saw."""
        try:
            key = load_credentials(self._settings.credentials).store_key
            store = Store(self._settings.database, key)
        except (CredentialError, StoreError) as bad:
            log.error("store_unavailable", error=str(bad))  # the workers show it, and take in nothing
            self._stopping = self._trial is not None  # a version that cannot use it is not well
            return
        PrintLedger(store).end_orphans(self._clock.now().isoformat())
        store.close()

    def _turn(self) -> None:
        for child in self._children.that_speak(TICK):
            self._read(child)
        now = self._clock.monotonic()
        notify_systemd("WATCHDOG=1")
        self._watch_workers(now)
        if self._leaving and not self._in_visit and not any(d.retire_by for d in self._devices.values()):
            self._stopping = True
            return
        if self._active is None and now < self._devices_at:
            return
        for device in self._devices.values():
            self._watch_device(device, now)

    def _end_all(self) -> None:
        children = [self._active, self._standby, *(d.child for d in self._devices.values())]
        for child in filter(None, children):
            self._children.kill(child)
        self._forget_draft()

    # messages

    def _read(self, child: Child) -> None:
        try:
            for message in self._children.messages(child):
                self._handle(child, message)
        except ChannelClosed:
            self._gone(child)
        except ProtocolError as bad:
            log.error("protocol_error", child=child.name, error=str(bad))

    def _handle(self, child: Child, message: object) -> None:
        match message:
            case StateChanged():
                self._devices[child.name].state = message.state
                self._tell_worker(DeviceStatus(state=message.state, at=message.at))
            case Ready():
                child.ready = True
                self._promote()
            case VisitStarted():
                self._in_visit = True
            case VisitEnded():
                log.info("visit_ended", way_out=message.way_out)
                self._visit_over(child)
            case Beat() | WorkerBeat():
                pass

    def _gone(self, child: Child) -> None:
        """A child's channel has closed: it has ended, was killed, or is about to."""
        if child.ended:
            return
        if child is self._active:
            log.error("worker_lost", in_visit=self._in_visit)
            self._crashes += 1
            self._resume = self._in_visit and self._crashes < RESUMES
            self._children.kill(child)
            self._active = None
            if not self._resume:
                self._new_visit()
            self._promote()
        elif child is self._standby:
            self._children.kill(child)
            self._standby = None
            self._standby_at = self._clock.monotonic() + 1.0
        else:
            self._device_gone(self._devices[child.name], "ended")

    # workers

    def _watch_workers(self, now: float) -> None:
        for child in filter(None, (self._active, self._standby)):
            if now - child.seen > WORKER_SILENT:
                log.error("worker_silent")
                self._gone(child)
        if self._standby is None and now >= self._standby_at:
            arguments = ["--config", str(self._config)] if self._config else []
            if self._remote:
                arguments.append("--remote")
            self._standby = self._children.start("worker", "ui.app", arguments, FROM_WORKER)

    def _promote(self) -> None:
        """Let the waiting worker serve, if there is none that does."""
        if self._active is not None or self._standby is None or not self._standby.ready or not self._taken_over():
            return
        self._active, self._standby = self._standby, None
        self._standby_at = self._clock.monotonic() + NEXT_WORKER
        try:
            for device in self._devices.values():
                self._active.channel.send(DeviceStatus(state=device.state))
                self._introduce(device)
            self._active.channel.send(Activate(draft_key=b64(self._key), resume=self._resume))
        except ChannelClosed:
            # It died while it waited: no crash of this visit, which the next one takes up.
            self._children.kill(self._active)
            self._active, self._standby_at = None, self._clock.monotonic()
            return
        self._resume = False

    def _taken_over(self) -> bool:
        """Whether this version is the terminal's: one that is tried says that it is well, and waits for the word."""
        if self._trial is not None:
            with self._trial as trial:
                trial.sendall(WELL)
                self._stopping = trial.recv(len(GO)) != GO
            self._trial = None
        return not self._stopping

    def _visit_over(self, child: Child) -> None:
        if child is not self._active:
            return
        self._children.kill(child)
        self._active = None
        self._new_visit()
        self._promote()

    def _new_visit(self) -> None:
        """Nothing of the last visit stays: draft, key, and the device processes that saw its data."""
        self._forget_draft()
        self._key = new_key()
        self._crashes = 0
        if self._in_visit:
            deadline = self._clock.monotonic() + PRINTING
            for device in self._devices.values():
                if device.child is None or device.name in IMPERSONAL:
                    continue
                if device.state.availability == Availability.BUSY:
                    device.retire_by = deadline
                else:
                    self._restart(device)
        self._in_visit = False

    def _forget_draft(self) -> None:
        for path in self._settings.paths.runtime.glob("draft.*"):
            path.unlink(missing_ok=True)

    def _tell_worker(self, message: DeviceStatus) -> None:
        if self._active is None:
            return
        try:
            self._active.channel.send(message)
        except ChannelClosed:
            self._gone(self._active)

    # devices

    def _watch_device(self, device: Device, now: float) -> None:
        child = device.child
        if child is None:
            if now >= device.start_at:
                self._start(device)
            return
        if device.retire_by is not None and (device.state.availability != Availability.BUSY or now >= device.retire_by):
            self._restart(device)
        elif now - child.seen > (DEVICE_SILENT if child.spoke else DEVICE_START):
            self._device_gone(device, "silent")
        elif device.failures and now - child.started > STEADY:
            device.failures = 0

    def _start(self, device: Device) -> None:
        settings = json.dumps(driver_settings(self._settings, device.name))
        device.child = self._children.start(
            device.name, "devices.start", [device.name, "--settings", settings], FROM_DEVICE
        )
        self._introduce(device)

    def _introduce(self, device: Device) -> None:
        """Connect a device's process and the active worker with a socket of their own."""
        if device.child is None or self._active is None:
            return
        worker_end, device_end = pair()
        try:
            _send_end(device.child.channel, AttachWorker(), device_end)
            _send_end(self._active.channel, UseDevice(device=device.name), worker_end)
        except ChannelClosed:
            pass  # whoever is gone is noticed by reading
        finally:
            worker_end.close()
            device_end.close()

    def _restart(self, device: Device) -> None:
        """End the process with its visit and start a fresh one."""
        device.retire_by = None
        if device.child is not None:
            self._children.kill(device.child)
        device.child = None
        # What the last process said is not true of the next one yet.
        device.state = DeviceState(device=device.name)
        self._tell_worker(DeviceStatus(state=device.state))
        self._start(device)

    def _device_gone(self, device: Device, why: str) -> None:
        log.error("device_process_lost", device=device.name, why=why)
        if device.child is not None:
            self._children.kill(device.child)
        device.child = None
        device.retire_by = None
        device.failures += 1
        given_up = device.failures >= GIVE_UP
        pause = PAUSE if given_up else BACK_OFF[min(device.failures, len(BACK_OFF)) - 1]
        device.start_at = self._clock.monotonic() + pause
        device.state = DeviceState(
            device=device.name,
            availability=Availability.HARDWARE_ERROR if given_up else Availability.STARTING,
            faults=frozenset({"device_given_up" if given_up else "device_process"}),
        )
        self._tell_worker(DeviceStatus(state=device.state))


def _send_end(channel: Channel[Any], message: Any, end: socket.socket) -> None:
    channel.send(message, [end.fileno()])
