"""A swipe reader: sends the lines of a document when one is swiped."""

from __future__ import annotations

from devices.simulators.port import Port


def _weighted(text: str) -> str:
    values = [int(c, 36) if c != "<" else 0 for c in text]
    return str(sum(v * (7, 3, 1)[i % 3] for i, v in enumerate(values)) % 10)


def passport(surname: str, given: str, number: str, birth: str, expiry: str, sex: str = "F") -> list[str]:
    """The two lines of an invented passport of UTO, a state that does not exist. Dates are YYMMDD."""
    one = f"P<UTO{surname}<<{given.replace(' ', '<')}".ljust(44, "<")[:44]
    field = number.ljust(9, "<")
    body = f"{field}{_weighted(field)}UTO{birth}{_weighted(birth)}{sex}{expiry}{_weighted(expiry)}" + "<" * 14 + "0"
    return [one, body + _weighted(body[:10] + body[13:20] + body[21:43])]


class MrzSimulator:
    """``swipe`` sends; nothing is ever answered."""

    def __init__(self, port: Port) -> None:
        self.port = port

    def swipe(self, lines: list[str] | None = None) -> None:
        """Swipe a document; without lines, the invented passport of Mira Beispiel."""
        zone = lines or passport("BEISPIEL", "MIRA", "X1234567", "880412", "340101")
        self.port.send(b"\x02" + b"".join(line.encode() + b"\r" for line in zone) + b"\x03")
