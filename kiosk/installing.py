"""Puts a published version beside the one that runs: an environment of its own, made without a network, and examined
by itself before anything points to it."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

from packaging.utils import parse_wheel_filename

from kiosk.model.room import MB, Disk
from kiosk.versions import SAFE, Versions
from sync.updates import Offer, Updates

BUILD, EXAMINE = 1200.0, 120.0
"""Seconds that each may take."""
ENVIRONMENT = 40 * MB
"""Of an environment without anything in it, with its pip."""


class NotNow(Exception):
    """The version cannot be put in place now; nothing is wrong with it. The text says why."""


class NotWell(Exception):
    """The version does not do on this terminal; the text says why."""


def install(updates: Updates, offer: Offer, config: Path | None, low_mb: int) -> str:
    """Build and examine ``offer``; returns its folder, which is on the disk. Raises NotNow or NotWell.

    The disk keeps ``low_mb`` megabytes. Hold the lock ``build``.
    """
    if not updates.sound(offer):
        raise NotNow(f"{offer.release.version} is not here, or was damaged on the disk: the agent fetches it again")
    versions = updates.versions
    try:
        folder = versions.new_folder(offer.release.version)
        _check_room(updates, offer, low_mb)
        requirements = versions.folder / "requirements.txt"
        requirements.write_text("".join(_locked(updates, offer, name) for name in offer.release.wheels))
        _run([sys.executable, "-m", "venv", str(folder)], BUILD)
        pip = [str(folder / "bin" / "python"), "-m", "pip", "--isolated", "--disable-pip-version-check", "--no-input"]
        _run(
            [*pip, "install", "--quiet", "--no-index", "--no-cache-dir", "--require-hashes", "-r", requirements], BUILD
        )
        examine(versions, folder.name, config)
        versions.keep(folder)
    except OSError as bad:
        raise NotNow(f"{bad.strerror}: {bad.filename or versions.folder}") from None
    finally:
        versions.drop_unfinished()
    return folder.name


def examine(versions: Versions, folder: str, config: Path | None) -> None:
    """Have the version in ``folder`` say whether it would be well here (``kiosk.health``). Raises NotWell."""
    where = ["--config", str(config)] if config else []
    _run([str(versions.python(folder)), "-m", "kiosk.cli", "update", "check", *where], EXAMINE)


def _locked(updates: Updates, offer: Offer, name: str) -> str:
    """A line for pip: this file with this digest, and no other."""
    project, path = parse_wheel_filename(name)[0], (updates.wheels / name).absolute()
    return f"{project} @ {path.as_uri()} --hash=sha256:{offer.files.digest(f'wheels/{name}')}\n"


def _check_room(updates: Updates, offer: Offer, low_mb: int) -> None:
    needed = ENVIRONMENT
    for name in offer.release.wheels:
        with zipfile.ZipFile(updates.wheels / name) as wheel:
            # Compiled modules come beside the sources, and files fill blocks.
            needed += sum(f.file_size * (2 if f.filename.endswith(".py") else 1) + 4096 for f in wheel.infolist())
    short = needed + low_mb * MB - Disk.of(updates.versions.folder).free
    if short > 0:
        raise NotNow(f"the disk has too little room: {short // MB + 1} MB more are needed")


def _run(command: Sequence[str | Path], seconds: float) -> None:
    """Raises NotWell, with the command's last line."""
    # Nothing of this environment may reach into the new one.
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL_ENV"))} | SAFE
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=seconds,
            env=environment,
            stdin=subprocess.DEVNULL,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise NotWell(f"no answer within {seconds:.0f} seconds") from None
    except FileNotFoundError:
        raise NotWell(f"{command[0]} is not there") from None
    if done.returncode != 0:
        lines = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        said = lines[-1].strip() if lines else f"ended with {done.returncode}"
        raise NotNow(said) if "No space left" in done.stderr else NotWell(said[:300])
