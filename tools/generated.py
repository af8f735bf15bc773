"""Documents that are made from the code: written without arguments, compared with ``--check``."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Literal

from litestar import Litestar
from litestar.di import Provide
from pydantic import BaseModel

from kiosk.catalogue.package import ServicePackage
from kiosk.model.fault import load_faults
from sync.carry import Receipts
from sync.hub.api import TerminalApi
from sync.hub.description import CONFIG, described
from sync.hub.uploads import BlobApi
from sync.protocol.case_file import CaseBody
from sync.protocol.envelope import VERSION, Acknowledgement, Envelope
from sync.protocol.wire import (
    BatchAnswer,
    BlobGrant,
    EnrolAnswer,
    EnrolRequest,
    Heartbeat,
    HeartbeatAnswer,
    KeyNotice,
    KeySuccession,
    Ping,
    Problem,
    RatingBatch,
    RecordBatch,
    SignedRequest,
)

ROOT = Path(__file__).parents[1]


HEAD = {
    "zh": (
        "# 故障",
        "由 `devices/faults.toml` 生成（`tools/generated.py`）。",
        "市民看到",
        "工作人员怎么做",
        "技术人员",
    ),
    "en": (
        "# Faults",
        "Made from `devices/faults.toml` by `tools/generated.py`.",
        "the citizen reads",
        "hall staff do",
        "for the technician",
    ),
}


def faults(lang: str) -> str:
    """The fault catalogue as a page in one language."""
    title, origin, citizen, staff, technician = HEAD[lang]
    lines = [title, "", origin, ""]
    device = ""
    for fault in load_faults(ROOT / "devices" / "faults.toml").values():
        if fault.device != device:
            device = fault.device
            lines += [f"## {device}", ""]
        removes = ", ".join(fault.removes) or "–"
        lines += [
            f"### `{fault.code}`",
            "",
            f"{fault.severity} · {fault.actor} · {fault.recovers} ({fault.within} s) · {fault.local} · − {removes}"
            + (f" · stops {fault.stops}" if fault.stops != "nothing" else ""),
            "",
            f"- {citizen}: {fault.citizen(lang)}",
            f"- {staff}:",
            *(f"  {n}. {step.text(lang)}" for n, step in enumerate(fault.steps, 1)),
            f"- {technician}: {fault.technician(lang)}",
            "",
        ]
    return "\n".join(lines)


def as_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


def schema() -> str:
    """The published JSON Schema of a service package."""
    return as_json(ServicePackage.model_json_schema())


def openapi() -> str:
    """The description of the terminal API, as the platform serves it."""
    nothing = {name: Provide(lambda: None, sync_to_thread=False) for name in ("platform", "groups")}
    app = Litestar([TerminalApi, BlobApi], openapi_config=CONFIG, dependencies=nothing)
    return as_json(described(app.openapi_schema.to_schema()))


Mode = Literal["validation", "serialization"]
SCHEMAS: dict[type[BaseModel], Mode] = {
    # Of what is signed over all its fields, none may be left out.
    Acknowledgement: "serialization",
    BatchAnswer: "serialization",
    BlobGrant: "validation",
    CaseBody: "serialization",
    EnrolAnswer: "serialization",
    EnrolRequest: "validation",
    Envelope: "serialization",
    Heartbeat: "validation",
    HeartbeatAnswer: "serialization",
    KeyNotice: "serialization",
    KeySuccession: "serialization",
    Ping: "serialization",
    Problem: "validation",
    RatingBatch: "validation",
    Receipts: "serialization",
    RecordBatch: "serialization",
    SignedRequest: "validation",
}


def kebab(name: str) -> str:
    return "".join(f"-{c.lower()}" if c.isupper() else c for c in name).lstrip("-")


def protocol_schema(model: type[BaseModel], mode: Mode) -> str:
    """The published JSON Schema of one body of the protocol."""
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:bianmin:protocol:{VERSION}:{kebab(model.__name__)}",
    }
    return as_json(head | model.model_json_schema(mode=mode))


DOCUMENTS: dict[str, Callable[[], str]] = {
    "docs/faults.md": lambda: faults("en"),
    "docs/faults.zh-CN.md": lambda: faults("zh"),
    "docs/service-package.schema.json": schema,
    "docs/protocol/openapi.json": openapi,
    **{
        f"docs/protocol/schemas/{kebab(model.__name__)}.schema.json": partial(protocol_schema, model, mode)
        for model, mode in SCHEMAS.items()
    },
}


def main() -> int:
    """1 where a document is stale."""
    stale = []
    for name, make in DOCUMENTS.items():
        path = ROOT / name
        if "--check" not in sys.argv:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(make())
        elif not path.exists() or path.read_text() != make():
            stale.append(name)
    for name in stale:
        print(f"{name} is stale: run tools/generated.py")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
