"""PC/SC through pyscard. Importing this module needs pyscard."""

from __future__ import annotations

from typing import Any

from smartcard.Exceptions import CardConnectionException, NoCardException, SmartcardException
from smartcard.pcsc.PCSCExceptions import PCSCException
from smartcard.System import readers

from devices.id_reader.pcsc import PcscError

_FAILED = (SmartcardException, PCSCException)


class SystemCard:
    """A connection to the card that lies on a reader."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def transmit(self, apdu: bytes) -> tuple[bytes, int]:
        try:
            data, sw1, sw2 = self._connection.transmit(list(apdu))
        except _FAILED as gone:
            raise PcscError(str(gone)) from gone
        return bytes(data), sw1 << 8 | sw2

    def close(self) -> None:
        try:
            self._connection.disconnect()
        except _FAILED:
            pass  # the card is gone, and with it the connection


class SystemPort:
    """The readers that pcscd knows."""

    def names(self) -> list[str]:
        try:
            return [str(r) for r in readers()]
        except _FAILED as gone:
            raise PcscError(str(gone)) from gone

    def connect(self, name: str) -> SystemCard | None:
        try:
            connection = next(r for r in readers() if str(r) == name).createConnection()
            connection.connect()
        except (NoCardException, StopIteration):
            return None
        except CardConnectionException:
            return None  # a card that does not answer is as good as none
        except _FAILED as gone:
            raise PcscError(str(gone)) from gone
        return SystemCard(connection)
