"""What a driver is started with: its section of the settings, and what it needs to know beside."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kiosk.config import ASSETS, Settings
from kiosk.model.room import Marks
from kiosk.security.trust import BUILT

HANAZONO = Path("/usr/share/fonts/truetype/hanazono")
"""Characters of names that Noto Sans SC has not."""


def driver_settings(settings: Settings, name: str) -> dict[str, Any]:
    """For the device ``name``, as JSON can hold it."""
    section: dict[str, Any] = getattr(settings.devices, name).model_dump(mode="json")
    match name:
        case "host":
            marks = {name: getattr(settings.storage, name) for name in Marks.model_fields}
            return {**section, "state": str(settings.paths.state), "floor": BUILT.isoformat(), "marks": marks}
        case "printer":
            fonts = [*sorted((ASSETS / "fonts").glob("*.ttf")), HANAZONO / "HanaMinA.ttf", HANAZONO / "HanaMinB.ttf"]
            return {**section, "fonts": [str(f) for f in fonts]}
        case _:
            return section
