"""The process around one device: talks to the supervisor and the worker, and gives the driver its turns."""

from __future__ import annotations

import argparse
import json
import os
import select
import socket
import sys
from collections.abc import Callable, Sequence
from typing import Any, Protocol, runtime_checkable

import structlog
from pydantic import BaseModel

from devices.drivers import Driver, make_driver
from devices.link import Opener
from devices.other_links import open_link
from kiosk.ipc.channel import Channel, ChannelClosed, ProtocolError
from kiosk.ipc.device_messages import TO_DEVICE, AttachWorker, Beat, StateChanged, StopDevice
from kiosk.ipc.process import become_child
from kiosk.model.clock import Clock, SystemClock
from kiosk.model.device import DeviceState

log = structlog.get_logger()

BEAT = 0.5


@runtime_checkable
class Speaker(Protocol):
    """A driver whose device speaks unasked: its line wakes the host."""

    def fileno(self) -> int:
        """-1 while there is no line."""
        ...


class Host:
    """Runs one driver until the supervisor says stop or goes away."""

    def __init__(self, control: Channel[Any], clock: Clock) -> None:
        self._control = control
        self._clock = clock
        self._worker: Channel[Any] | None = None
        self._told: DeviceState | None = None
        self._beat = 0.0

    def emit(self, message: BaseModel, fds: Sequence[int] = ()) -> None:
        """Send to the worker; dropped where there is none: then no citizen is there either."""
        if self._worker is None:
            return
        try:
            self._worker.send(message, fds)
        except ChannelClosed:
            self._detach()

    def run(self, driver: Driver) -> None:
        """Serve until the supervisor closes the control channel or asks to stop."""
        due = self._clock.monotonic()
        try:
            while True:
                self._report(driver.state)
                channels = [c for c in (self._control, self._worker) if c is not None]
                line = driver.fileno() if isinstance(driver, Speaker) else -1
                wait = max(0.0, min(due, self._beat + BEAT) - self._clock.monotonic())
                waited: list[Any] = [*channels, *([line] if line >= 0 else [])]
                ready = select.select(waited, [], [], wait)[0]
                # Messages first: what is said on the line after a message was sent is meant for its receiver.
                if any(not self._serve(channel, driver) for channel in channels if channel in ready):
                    return
                if ready or self._clock.monotonic() >= due:
                    due = self._clock.monotonic() + driver.step()
        except ChannelClosed:
            return
        finally:
            driver.close()

    def _serve(self, channel: Channel[Any], driver: Driver) -> bool:
        try:
            received = channel.receive()
        except ChannelClosed:
            if channel is self._worker:
                self._detach()
                return True
            raise
        except ProtocolError as bad:
            log.error("protocol_error", error=str(bad))
            return True
        if received is None:
            return True
        message, fds = received
        match message:
            case StopDevice():
                return False
            case AttachWorker():
                self._detach()
                self._worker = Channel(socket.socket(fileno=fds[0]), TO_DEVICE)
            case _:
                driver.handle(message, fds)
        return True

    def _detach(self) -> None:
        if self._worker is not None:
            self._worker.close()
        self._worker = None

    def _report(self, state: DeviceState) -> None:
        if state != self._told:
            self._told = state
            self._control.send(StateChanged(state=state, at=self._clock.monotonic()))
        self.alive()

    def alive(self) -> None:
        """A sign of life, where one is due. Drivers give it too while they wait for a slow device."""
        now = self._clock.monotonic()
        if now - self._beat >= BEAT:
            self._beat = now
            self._control.send(Beat())


def main(loaded: Callable[[], None]) -> None:
    """NAME --control FD --parent PID --settings JSON; called by ``devices.start`` only.

    ``loaded`` is called when the driver is there: from then on the host gives the signs of life itself.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("name")
    parser.add_argument("--control", type=int, required=True)
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--settings", required=True)
    options = parser.parse_args()
    become_child(options.name, options.parent)
    structlog.configure(
        processors=[structlog.processors.add_log_level, structlog.processors.JSONRenderer()],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    clock = SystemClock()
    host = Host(Channel(socket.socket(fileno=options.control), TO_DEVICE), clock)

    def open_line(address: str, flow: str) -> Opener:
        return lambda baud: open_link(address, baud, clock, host.alive, flow=flow)

    driver = make_driver(options.name, json.loads(options.settings), open_line, clock, host.emit)
    loaded()
    host.run(driver)
    os._exit(0)  # nothing is worth a tidy end here, and a stuck driver thread must not hold it up
