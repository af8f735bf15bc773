"""All simulated hardware in one process, with a control socket for whoever plays the citizen or the fault.

The control socket is a Unix socket that only the same user may use; each line is one JSON order, each
answer one JSON line. The rig ends with the process that started it.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import socket
import struct
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from devices.simulators.bed import CameraSimulator, filling, on_bed
from devices.simulators.code_simulator import CodeSimulator
from devices.simulators.mrz_simulator import MrzSimulator
from devices.simulators.network import NetworkSimulator
from devices.simulators.people import PEOPLE
from devices.simulators.port import Port
from devices.simulators.printer_simulator import PrinterSimulator
from devices.simulators.sam_simulator import SamSimulator
from devices.simulators.terminal import PseudoPort
from kiosk.ipc.process import become_child

MAX_ORDER = 40_000_000


class _JsonFile:
    """What a simulated device is read from; never seen half written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._state: dict[str, Any] = {}
        self.update()

    def update(self, **what: Any) -> None:
        self._state.update(what)
        fresh = self._path.with_suffix(".new")
        fresh.write_text(json.dumps(self._state))
        fresh.rename(self._path)


class Rig:
    """The reader, the printer, the camera and the network cable of one terminal."""

    def __init__(self, folder: Path, papers: Path, proxy_port: int, hub_port: int, baud: int = 0) -> None:
        # Each device speaks at its own speed, as on a real line: at another one nobody understands anybody.
        self.reader = SamSimulator(PseudoPort(folder / "id_reader", baud, speaks_at=115200))
        self.passports = MrzSimulator(PseudoPort(folder / "mrz_reader", baud, speaks_at=9600))
        self.codes = CodeSimulator(PseudoPort(folder / "code_reader", baud, speaks_at=9600))
        self.printer = PrinterSimulator(PseudoPort(folder / "printer", baud, speaks_at=115200))
        self.camera = CameraSimulator(folder / "camera")
        self.network = NetworkSimulator(proxy_port, hub_port)
        self._host = _JsonFile(folder / "host.json")
        self._pcsc = _JsonFile(folder / "pcsc.json")  # the same card, as a PC/SC reader sees it
        self._papers = {p.stem: p for p in sorted(papers.glob("*.png"))}
        self._ports: dict[str, Port | CameraSimulator] = {
            "id_reader": self.reader.port,
            "mrz_reader": self.passports.port,
            "code_reader": self.codes.port,
            "printer": self.printer.port,
            "camera": self.camera,
        }

    async def start(self) -> None:
        for port in self._ports.values():
            port.plug()
        await self.network.plug()

    async def obey(self, order: dict[str, Any]) -> dict[str, Any]:
        """Carry out one order. Raises KeyError or ValueError for what is no order."""
        match order["do"]:
            case "state":
                pass
            case "lay":
                self.reader.lay(order["card"])
                self._pcsc.update(card=order["card"])
            case "swipe":
                self.passports.swipe(order.get("lines"))
            case "show":
                self._show(order)
            case "lift":
                self.reader.lift()
                self._pcsc.update(card=None)
            case "paper":
                self._lay_paper(order["name"])
            case "photograph":
                self._lay_photograph(base64.b64decode(order["data"]))
            case "clear":
                self.camera.show(None, None)
            case "tear":
                self.printer.tear_off()
            case "refill":
                self.printer.refill()
            case "empty":
                self.printer.paper = int(order.get("lines", 0))
            case "cover":
                self.printer.set_cover(bool(order["open"]))
            case "silence":
                self._silence(order["device"], bool(order["on"]))
            case "reader_status":
                self.reader.next_status = int(order["status"])
            case "fault":
                self._fault(order["device"], order["set"])
            case "hold":
                port = self._ports[order["device"]]
                if isinstance(port, PseudoPort):
                    port.hold(bool(order["on"]), deaf=bool(order.get("deaf", True)))
            case "unplug":
                await self._unplug(order["device"])
            case "plug":
                await self._plug(order["device"])
            case "ticket":
                return self._ticket(int(order["number"]))
            case other:
                raise ValueError(f"unknown order {other!r}")
        return self.state()

    def state(self) -> dict[str, Any]:
        """What a person standing before the hardware sees."""
        return {
            "card": self.reader.card,
            "people": {p.key: p.name for p in PEOPLE.values()},
            "paper": self.camera.paper,
            "papers": list(self._papers),
            "roll": self.printer.paper,
            "cover_open": self.printer.cover_open,
            "at_slot": self.printer.at_slot,
            "retracted": self.printer.retracted,
            "tickets": [t.number for t in self.printer.tickets],
            "plugged": {**{n: p.plugged for n, p in self._ports.items()}, "network": self.network.plugged},
        }

    def _show(self, order: dict[str, Any]) -> None:
        """Hold a code to the code reader: ``text``, ``hex`` bytes, or that of the receipt number ``ticket``."""
        if "ticket" in order:
            self.codes.show(self._ticket(int(order["ticket"]))["qr"][0])
        else:
            self.codes.show(bytes.fromhex(order["hex"]) if "hex" in order else order["text"])

    def _lay_paper(self, name: str) -> None:
        picture = cv2.imread(str(self._papers[name]))
        self.camera.show(name, on_bed(np.asarray(picture, np.uint8), seed=len(name)))

    def _lay_photograph(self, data: bytes) -> None:
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        if picture is None:
            raise ValueError("this file is no picture")
        self.camera.show("photograph", filling(np.asarray(picture, np.uint8)))

    def _fault(self, device: str, what: dict[str, Any]) -> None:
        """Set attributes of a simulated device; for the machine itself, its readings."""
        if device in ("host", "pcsc"):
            (self._host if device == "host" else self._pcsc).update(**what)
            return
        if device == "network":
            self.network.answer_instead(str(what["instead"]))
            return
        line = {k: v for k, v in what.items() if k in ("refuse", "speaks_at") and device != "camera"}
        port = self._ports[device]
        if line and isinstance(port, PseudoPort):
            port.set_fault(**line)
        if rest := {k: v for k, v in what.items() if k not in line}:
            setters = {
                "id_reader": self.reader.set_fault,
                "printer": self.printer.set_status,
                "camera": self.camera.set_fault,
            }
            setters[device](**rest)

    def _silence(self, device: str, on: bool) -> None:
        if device == "printer":
            self.printer.silent = on
        else:
            self.reader.mute = on

    async def _unplug(self, device: str) -> None:
        if device == "network":
            await self.network.pull()
        else:
            self._ports[device].unplug()

    async def _plug(self, device: str) -> None:
        if device == "network":
            await self.network.plug()
        else:
            self._ports[device].plug()

    def _ticket(self, number: int) -> dict[str, Any]:
        for ticket in self.printer.tickets:
            if ticket.number == number:
                return {
                    "number": number,
                    "png": base64.b64encode(ticket.png).decode(),
                    "text": ticket.text,
                    "qr": ticket.qr_codes,
                }
        raise KeyError(number)


async def _serve(rig: Rig, control: Path) -> None:
    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        credentials = writer.get_extra_info("socket").getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        if struct.unpack("3i", credentials)[1] == os.getuid():
            while line := await reader.readline():
                try:
                    answer = await rig.obey(json.loads(line))
                except (KeyError, ValueError, TypeError) as bad:
                    answer = {"error": f"{type(bad).__name__}: {bad}"}
                writer.write(json.dumps(answer).encode() + b"\n")
                await writer.drain()
        writer.close()

    control.unlink(missing_ok=True)
    await rig.start()
    server = await asyncio.start_unix_server(client, str(control), limit=MAX_ORDER)
    control.chmod(0o600)
    async with server:
        await server.serve_forever()


def main() -> None:
    """``python -m devices.simulators.rig``; started by ``kiosk demo`` and ``kiosk robot`` only."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--papers", type=Path, required=True)
    parser.add_argument("--proxy-port", type=int, required=True)
    parser.add_argument("--hub-port", type=int, required=True)
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--baud", type=int, default=0, help="simulate the speed of the serial lines")
    options = parser.parse_args()
    become_child("rig", options.parent)
    rig = Rig(options.folder, options.papers, options.proxy_port, options.hub_port, options.baud)
    asyncio.run(_serve(rig, options.folder / "control"))


if __name__ == "__main__":
    main()
