"""A whole installation on one machine with simulated hardware: platform, network, terminal, agent.

For ``kiosk demo`` and ``kiosk robot`` only; never with the identity of a terminal in a hall.
"""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from devices.simulators.client import RigClient
from kiosk.config import ASSETS
from kiosk.model.clock import SystemClock
from sync.client import NoNetwork, PlatformClient
from sync.enrolment import enrol
from sync.hub.repository import OfflineKeys
from sync.hub.roles import Role
from sync.hub.services import open_platform
from sync.protocol.private_ca import make_server_files

START_SECONDS = 30.0


def free_port(wanted: int = 0) -> int:
    """``wanted`` if nobody uses it on loopback, else one that is free."""
    for candidate in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", candidate))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("no free port")


@dataclass(frozen=True)
class StackOptions:
    """``scale`` shrinks the window for a desk's screen; ``platform_plugin`` is Qt's (offscreen without a display)."""

    state: Path
    runtime: Path
    width: int = 1080
    height: int = 1920
    scale: float = 1.0
    platform_plugin: str = "offscreen"
    quiet: float = 60.0
    warning: float = 30.0
    heartbeat: float = 2.0
    baud: int = 0  # speed of the simulated wires; 0: as fast as it goes
    tls: bool = False
    id_reader: str = ""  # address, where it is not the serial one of the rig
    sam_id: str = ""
    jump_shown: float = 600.0
    known_ports: bool = False


class Stack:
    """Starts everything, knows every process by its id, and ends everything."""

    def __init__(self, options: StackOptions, say: Callable[[str], None]) -> None:
        self.options = options
        self._say = say
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        # Two installations on one machine must not meet: known ports are for the one that a person looks at.
        self.hub_port = free_port(8300 if options.known_ports else 0)
        self.proxy_port = free_port(8301 if options.known_ports else 0)
        self.terminal_seconds = 0.0
        self.password = secrets.token_urlsafe(9)
        self.hub_folder = options.state / "platform"
        self.terminal_folder = options.state / "terminal"
        self.config = options.state / "terminal.toml"
        self.logs = options.state / "logs"
        self.rig_folder = options.runtime / "rig"

    @property
    def hub_url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self.hub_port}"

    @property
    def _scheme(self) -> str:
        return "https" if self.options.tls else "http"

    @property
    def tls_folder(self) -> Path:
        """Where the platform's certificate lies, with ``tls``."""
        return self.options.state / "tls"

    def start(self) -> None:
        """Bring everything up, in order. Raises RuntimeError, naming the log, where a part does not come up."""
        for folder in (self.terminal_folder, self.logs, self.rig_folder):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._say("platform")
        if self.options.tls and not self.tls_folder.exists():
            now = SystemClock().now()
            make_server_files(self.tls_folder, ["127.0.0.1"], now, now + timedelta(days=30))
        code = self._prepare_platform()
        self.start_part("hub")
        self._await("hub", lambda: self._answers(self.hub_url))
        self._say("simulated hardware")
        self.start_part("rig")
        self._await("rig", (self.rig_folder / "control").exists)
        self._write_config()
        if code:
            self._say("enrolment")
            self._await("rig", lambda: self._answers(f"{self._scheme}://127.0.0.1:{self.proxy_port}"))
            self._enrol(code)
        self._say("agent")
        self.start_part("agent")
        self._await("agent", (self.terminal_folder / "content" / "current").exists)
        self._say("terminal")
        before = time.monotonic()
        self.start_part("terminal")
        self._await("terminal", (self.options.runtime / "terminal" / "remote").exists)
        self.terminal_seconds = time.monotonic() - before

    def _command(self, name: str) -> list[str]:
        me = str(os.getpid())
        kiosk = [sys.executable, "-m", "kiosk.cli"]
        match name:
            case "hub":
                hub = ["hub", "--folder", str(self.hub_folder), "--port", str(self.hub_port), "--parent", me]
                return [*kiosk, *hub, *(["--tls", str(self.tls_folder)] if self.options.tls else [])]
            case "rig":
                rig = ["--folder", str(self.rig_folder), "--papers", str(ASSETS / "papers"), "--parent", me]
                ports = ["--proxy-port", str(self.proxy_port), "--hub-port", str(self.hub_port)]
                return [sys.executable, "-m", "devices.simulators.rig", *rig, *ports, "--baud", str(self.options.baud)]
            case "agent":
                return [*kiosk, "agent", "--config", str(self.config), "--parent", me]
            case _:
                return [*kiosk, "run", "--config", str(self.config), "--remote", "--parent", me]

    def start_part(self, name: str) -> None:
        """Start one part (``hub``, ``rig``, ``agent``, ``terminal``); its log goes on where it was."""
        environment = {**os.environ, "QT_QPA_PLATFORM": self.options.platform_plugin, "NO_PROXY": "*"}
        with (self.logs / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                self._command(name), stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment
            )

    def _prepare_platform(self) -> str:
        """Keys, packages and the console's password; returns a code where the terminal is new."""
        platform = open_platform(self.hub_folder, ASSETS / "catalogue", SystemClock())
        platform.users.set_password("demo", self.password, Role.ADMIN)
        enrolled = (self.terminal_folder / "platform.json").exists()
        code = "" if enrolled else platform.desk.new_code()
        if enrolled:
            # What was changed since the last time; and packages that were published long ago have ended.
            platform.repository.publish(ASSETS / "catalogue", OfflineKeys(self.hub_folder / "offline"))
        platform.engine.dispose()
        return code

    def _write_config(self) -> None:
        o = self.options
        self.config.write_text(
            f"""[terminal]
code = "CD03"
hall = "城东政务服务中心（演示）"
hall_en = "East City Service Hall (demo)"
number = "03"

[paths]
state = "{self.terminal_folder}"
runtime = "{o.runtime / "terminal"}"

[display]
px_per_mm = {4.03 * o.scale}
width = {round(o.width * o.scale)}
height = {round(o.height * o.scale)}
fullscreen = false

[devices.id_reader]
port = "{o.id_reader or self.rig_folder / "id_reader"}"
sam_id = "{o.sam_id}"

[devices.code_reader]
port = "{self.rig_folder / "code_reader"}"

[devices.mrz_reader]
port = "{self.rig_folder / "mrz_reader"}"

[devices.printer]
port = "{self.rig_folder / "printer"}"
presenter = "custom"

[devices.camera]
driver = "simulated"
address = "{self.rig_folder / "camera"}"

[devices.host]
driver = "simulated"
address = "{self.rig_folder / "host.json"}"
jump_shown = {o.jump_shown}

[platform]
url = "{self._scheme}://127.0.0.1:{self.proxy_port}"
{f'ca = "{self.tls_folder / "ca.pem"}"' if o.tls else ""}
heartbeat_seconds = {o.heartbeat}
ratings_at_least = 1

[idle]
quiet = {o.quiet}
warning = {o.warning}
"""
        )

    def _enrol(self, code: str) -> None:
        client = self._client(f"{self._scheme}://127.0.0.1:{self.proxy_port}")
        folder = self.terminal_folder
        enrol(client, code, "CD03", folder / "credentials", folder / "platform.json", staff_pin="2468")

    def _client(self, url: str) -> PlatformClient:
        return PlatformClient(url, self.tls_folder / "ca.pem" if self.options.tls else None)

    def _answers(self, url: str) -> bool:
        try:
            self._client(url).ping()
        except NoNetwork:
            return False
        return True

    def _await(self, name: str, there: Callable[[], bool]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not there():
            process = self.processes[name]
            if process.poll() is not None or time.monotonic() > deadline:
                log = self.logs / f"{name}.log"
                tail = log.read_text(errors="replace").strip().splitlines()[-1:]
                raise RuntimeError(f"{name} did not start; see {log}: {' '.join(tail)}")
            time.sleep(0.05)

    def rig(self) -> RigClient:
        """A connection to the simulated hardware."""
        return RigClient(self.rig_folder / "control")

    def kill(self, name: str) -> None:
        """``kill -9`` one part."""
        self.processes[name].kill()
        self.processes[name].wait()

    def stop(self) -> None:
        """End everything that was started, by process id; the terminal first, the platform last."""
        for name in ("terminal", "agent", "rig", "hub"):
            process = self.processes.pop(name, None)
            if process is None:
                continue
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(8)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
