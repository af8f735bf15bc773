"""How a card that was read is told to the worker."""

from __future__ import annotations

import os

from devices.drivers import Emit
from kiosk.ipc.device_messages import CardRead
from kiosk.ipc.memory import blob_to_fd
from kiosk.model.identity import IdentityDocument

LEFT = 20.0
"""Seconds that a card lies there, with nobody in a visit, until staff are told."""


def tell_card(emit: Emit, document: IdentityDocument, photo: bytes) -> None:
    """The document, and the photograph (a picture file, may be empty) in a memory file."""
    if not photo:
        emit(CardRead(document=document))
        return
    descriptor = blob_to_fd(photo)
    try:
        emit(CardRead(document=document), [descriptor])
    finally:
        os.close(descriptor)
