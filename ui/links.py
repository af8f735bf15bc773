"""The worker's sockets, turned into Qt signals."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from typing import Any

import structlog
from pydantic import BaseModel
from PySide6.QtCore import QObject, QSocketNotifier, Signal

from kiosk.ipc.channel import Channel, ChannelClosed, ProtocolError
from kiosk.ipc.device_messages import (
    FROM_DEVICE,
    Captured,
    CardFailed,
    CardPresent,
    CardRead,
    CardRemoved,
    CodeFailed,
    CodeRead,
    Frame,
    FrameRingReady,
    PaperAtSlot,
    PrintProgress,
    ZoneRead,
)
from kiosk.ipc.memory import FrameRing, blob_from_fd

log = structlog.get_logger()

PATIENCE = 0.05
"""Seconds that the screen waits at most for a device's process to take a message; a hung one is replaced anyway."""


class Link(QObject):
    """One channel, read whenever the event loop finds data on it."""

    closed = Signal()

    def __init__(self, channel: Channel[Any], on_message: Callable[[BaseModel, list[int]], None]) -> None:
        super().__init__()
        self._channel = channel
        self._on_message = on_message
        self._notifier = QSocketNotifier(channel.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._read)

    def send(self, message: BaseModel) -> None:
        """Send; a peer that is gone is noticed by reading, too."""
        try:
            self._channel.send(message)
        except ChannelClosed:
            self._close()

    def _read(self) -> None:
        try:
            while (received := self._channel.receive()) is not None:
                self._on_message(*received)
        except ChannelClosed:
            self._close()
        except ProtocolError as bad:
            log.error("protocol_error", error=str(bad))

    def _close(self) -> None:
        if self._notifier.isEnabled():
            self._notifier.setEnabled(False)
            self._channel.close()
            self.closed.emit()


class DeviceLinks(QObject):
    """The devices of this visit. A link that ends is replaced by the supervisor when the device is back."""

    attached = Signal(str)
    card_present = Signal()
    card_removed = Signal()
    card_read = Signal(object, bytes)
    card_failed = Signal(str)
    code_read = Signal(str)
    code_failed = Signal()
    zone_read = Signal(object)
    frame = Signal(object)
    captured = Signal(object, bytes)
    print_progress = Signal(str, str)
    paper_at_slot = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self._links: dict[str, Link] = {}
        self.ring: FrameRing | None = None

    def attach(self, device: str, descriptor: int) -> None:
        """Use ``descriptor`` to talk with a device."""
        channel: Channel[Any] = Channel(socket.socket(fileno=descriptor), FROM_DEVICE, PATIENCE)
        self._links[device] = Link(channel, self._dispatch)
        self.attached.emit(device)

    def send(self, device: str, message: BaseModel) -> bool:
        """Send an order; False where the device is not there."""
        link = self._links.get(device)
        if link is None:
            return False
        link.send(message)
        return True

    def _dispatch(self, message: BaseModel, fds: list[int]) -> None:
        match message:
            case CardPresent():
                self.card_present.emit()
            case CardRemoved():
                self.card_removed.emit()
            case CardRead():
                self.card_read.emit(message.document, blob_from_fd(fds.pop()) if fds else b"")
            case CardFailed():
                self.card_failed.emit(message.fault.value)
            case CodeRead():
                self.code_read.emit(message.text)
            case CodeFailed():
                self.code_failed.emit()
            case ZoneRead():
                self.zone_read.emit(message)
            case FrameRingReady():
                self.ring = FrameRing(fds.pop(), message.slots, message.capacity)
            case Frame():
                self.frame.emit(message)
            case Captured():
                self.captured.emit(message, blob_from_fd(fds.pop()))
            case PrintProgress():
                self.print_progress.emit(message.job, message.state.value)
            case PaperAtSlot():
                self.paper_at_slot.emit(message.waiting)
        for fd in fds:
            os.close(fd)
