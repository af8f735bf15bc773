"""What is attached to this machine: serial ports by the path of their socket, and V4L2 cameras."""

from __future__ import annotations

from pathlib import Path

from serial.tools import list_ports


def serial_ports() -> list[tuple[str, str]]:
    """``(path, description)``; the path is the stable one of /dev/serial/by-path where there is one."""
    by_path = {p.resolve(): p for p in Path("/dev/serial/by-path").glob("*")}
    found = []
    for port in list_ports.comports():
        stable = by_path.get(Path(port.device).resolve(), Path(port.device))
        found.append((str(stable), port.description or "n/a"))
    return sorted(found)


def cameras() -> list[tuple[str, str]]:
    """``(device, name)`` of each V4L2 device."""
    found = []
    for entry in sorted(Path("/sys/class/video4linux").glob("video*")):
        name = entry / "name"
        found.append((f"/dev/{entry.name}", name.read_text().strip() if name.exists() else ""))
    return found
