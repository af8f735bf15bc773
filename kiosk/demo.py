"""``kiosk demo``: platform, terminal, agent, simulated hardware and the bench; one Ctrl-C ends it all."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from aiohttp import web
from rich.console import Console

from kiosk.bench.server import Bench
from kiosk.stack import Stack, StackOptions, free_port

_PROBE = "from PySide6.QtGui import QGuiApplication; QGuiApplication([])"


def display_works() -> bool:
    """Whether Qt can open a window here; asked of a process of its own, because a missing library aborts it."""
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return False
    probe = subprocess.run([sys.executable, "-c", _PROBE], capture_output=True, timeout=20, check=False)
    return probe.returncode == 0


def run_demo(state: Path, *, fresh: bool, landscape: bool) -> int:
    """Run until Ctrl-C. Returns the exit code."""
    console = Console()
    state = state.resolve()
    if fresh:
        shutil.rmtree(state, ignore_errors=True)
    state.mkdir(parents=True, exist_ok=True)
    window = display_works()
    if not window:
        console.print("No display here: the terminal's screen is shown in the bench page.")
    runtime = Path(tempfile.mkdtemp(prefix="bm-", dir="/dev/shm"))
    width, height = (1920, 1080) if landscape else (1080, 1920)
    options = StackOptions(
        state,
        runtime,
        width,
        height,
        scale=0.5 if window else 1.0,
        platform_plugin=os.environ.get("QT_QPA_PLATFORM", "") if window else "offscreen",
        known_ports=True,
    )
    stack = Stack(options, lambda part: console.print(f"  starting: {part}"))
    try:
        stack.start()
        asyncio.run(_serve(stack, console))
    except RuntimeError as bad:
        console.print(f"[red]{bad}[/red]")
        return 1
    except ValueError as bad:
        console.print(f"[red]{bad}; kiosk demo --fresh begins anew[/red]")
        return 1
    except KeyboardInterrupt:
        pass
    finally:
        console.print("ending…")
        stack.stop()
        shutil.rmtree(runtime, ignore_errors=True)
    return 0


async def _serve(stack: Stack, console: Console) -> None:
    bench = Bench(stack)
    runner = web.AppRunner(bench.app(), access_log=None)
    await runner.setup()
    port = free_port(8302)
    await web.TCPSite(runner, "127.0.0.1", port).start()
    console.print(f"\nBench (works once):  http://127.0.0.1:{port}{bench.path()}", soft_wrap=True)
    console.print(
        f"Platform console:    {stack.hub_url}/console/login   user demo, password {stack.password}", soft_wrap=True
    )
    console.print("Staff page: five taps on the clock, PIN 2468.   Ctrl-C ends everything.\n")
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
    await runner.cleanup()
