"""Whether this version of the program would be well on this terminal, before it is started here.

Everything that a start does is done on a copy of the database: the terminal serves on meanwhile, and what a newer
schema changes it changes in the copy.
"""

from __future__ import annotations

import os
import tempfile
from importlib import import_module
from pathlib import Path

from kiosk.config import ASSETS, ConfigError, Settings, load_settings
from kiosk.security.credentials import CredentialError, load_credentials
from kiosk.store.database import StoreError, copy_store
from sync.protocol.published import DocumentFault


class Unwell(Exception):
    """This version is not to be started here; says why, in a sentence."""


def examine(config: Path | None) -> None:
    """Raises Unwell where the settings, the secrets, the database, the published files, the agent or a screen do not do
    with this version. Qt is loaded, so the process serves for nothing else afterwards."""
    try:
        settings = load_settings(config)
        with tempfile.TemporaryDirectory(prefix="bianmin-check-") as folder:
            _examine(_copied(settings, Path(folder)))
    except (ConfigError, CredentialError, StoreError) as bad:
        raise Unwell(str(bad)) from None
    except Unwell:
        raise
    except Exception as bad:  # whatever a version does that is not well
        raise Unwell(f"{type(bad).__name__}: {bad}") from bad


def _copied(settings: Settings, folder: Path) -> Settings:
    """The same terminal with a state of its own: the database is a copy, what nobody writes is the same."""
    state = settings.paths.state
    (folder / "runtime").mkdir()
    for name in ("credentials", "platform.json", "content"):
        if (state / name).exists():
            (folder / name).symlink_to((state / name).resolve())
    copy_store(settings.database, load_credentials(settings.credentials).store_key, folder / settings.database.name)
    paths = settings.paths.model_copy(update={"state": folder, "runtime": folder / "runtime"})
    return settings.model_copy(update={"paths": paths})


def _examine(settings: Settings) -> None:
    os.environ["HOME"] = str(settings.paths.state)  # what a keyboard writes goes with it
    os.environ.update(QT_QPA_PLATFORM="offscreen", QT_IM_MODULE="qtvirtualkeyboard", QT_VIRTUALKEYBOARD_STYLE="bianmin")
    os.environ.setdefault("QT_QUICK_BACKEND", "software")
    os.environ.setdefault("QT_QUICK_CONTROLS_STYLE", "Basic")
    # Qt reads its environment when it is loaded, so it is loaded only now.
    from sync.assemble import make_agent

    make_agent(settings, None)
    for name in ("kiosk.supervisor", "devices.start", "ui.app"):
        import_module(name)
    from ui.window import Window

    window = Window(settings, ASSETS)
    terminal = window.session.terminal
    if terminal.opened is None:
        raise Unwell(terminal.trouble)
    for left_out in terminal.catalogue.left_out:
        if left_out.fault == DocumentFault.INVALID:
            raise Unwell(f"{left_out.name} cannot be offered by this version: {left_out.detail}")
    window.prepare()
    broken = window.broken_screens()
    if broken:
        raise Unwell(broken[0])
