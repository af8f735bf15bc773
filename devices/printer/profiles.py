"""What differs between receipt printers: how they report, how a job's end is known, what their slot can do."""

from __future__ import annotations

from dataclasses import dataclass

RECOVER = b"\x10\x05\x02"
"""DLE ENQ 2: recover from the error and clear the buffers."""
CLEAR = bytes.fromhex("10140801031401060208")
"""DLE DC4 fn 8: clear receive and print buffers; on Epson [professional knowledge, to be verified on hardware]."""


@dataclass(frozen=True)
class Presenter:
    """Commands of the slot that hands out the receipt; empty where it has none."""

    name: str
    query: bytes = b""
    answer_bytes: int = 1
    present: bytes = b""
    retract: bytes = b""
    eject: bytes = b""


NONE = Presenter("none")
CUSTOM = Presenter(
    "custom",
    query=b"\x1de\x06",
    present=b"\x1de\x03\x0c",
    retract=b"\x1de\x02",
    eject=b"\x1de\x05",
)
"""Custom KPM/VKP80II and Pyramid Reliance. Their steps differ (0.625 mm and 7 mm): 12 presents enough on both."""
CUSTOM_FULL = Presenter("custom-full", b"\x10\x04\x14", 6, CUSTOM.present, CUSTOM.retract, CUSTOM.eject)
"""The same makes, asked in real time for all of their status at once."""
CITIZEN = Presenter("citizen", retract=b"\x1dR0")
"""Citizen PMU2300III [one source]: retracts by itself after some seconds. DLE EOT 5 asks for its paper sensor, but
no source says which bit that is, so it is not asked."""
PRESENTERS = {p.name: p for p in (NONE, CUSTOM, CUSTOM_FULL, CITIZEN)}


@dataclass(frozen=True)
class Profile:
    """How one kind of printer is spoken to.

    ``report``: ``realtime`` (DLE EOT, asked), ``automatic`` (ASB, comes by itself) or ``none`` (it never answers).
    ``barrier`` tells that a job is done: ``transmit`` (GS r), ``process`` (GS ( H [professional knowledge]) or
    ``none``: then no job can be confirmed, and each ends as unverifiable.
    ``qr``: ``native`` commands, or ``raster``, a picture.
    """

    name: str
    report: str = "realtime"
    barrier: str = "transmit"
    qr: str = "native"
    presenter: Presenter = NONE


def profile(name: str, presenter: str) -> Profile:
    """The profile of the settings. Raises KeyError for an unknown name."""
    return {
        "realtime": Profile("realtime", presenter=PRESENTERS[presenter]),
        "automatic": Profile("automatic", "automatic", "process", presenter=PRESENTERS[presenter]),
        "plain": Profile("plain", "realtime", qr="raster", presenter=PRESENTERS[presenter]),
        "mute": Profile("mute", "none", "none", "raster"),
    }[name]
