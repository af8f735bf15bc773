"""A PC/SC reader in a file: JSON with ``card`` (the key of a person, or nothing) and ``broken`` (no service)."""

from __future__ import annotations

import json
from pathlib import Path

from devices.id_reader.pcsc import PHOTO, TEXT, PcscError
from devices.simulators.people import PEOPLE, text_block

NAME = "Simulated CCID 00"


class SimulatedCard:
    def __init__(self, key: str) -> None:
        person = PEOPLE.get(key)
        self._answers = {
            TEXT: text_block(person) if person else b"",
            PHOTO: bytes.fromhex("574c66007e00320000ff85") + bytes(1013),
        }

    def transmit(self, apdu: bytes) -> tuple[bytes, int]:
        data = self._answers.get(apdu, b"")
        return (len(data).to_bytes(4, "big") + data, 0x9000) if data else (b"", 0x6A82)

    def close(self) -> None:
        """Nothing is held."""


class SimulatedPort:
    def __init__(self, path: Path) -> None:
        self._path = path

    def _state(self) -> dict[str, object]:
        state: dict[str, object] = json.loads(self._path.read_text()) if self._path.exists() else {}
        if state.get("broken"):
            raise PcscError("the simulated service is gone")
        return state

    def names(self) -> list[str]:
        self._state()
        return [NAME]

    def connect(self, name: str) -> SimulatedCard | None:
        card = self._state().get("card")
        return SimulatedCard(str(card)) if card else None
