"""Documents that are made from the code: written without arguments, compared with ``--check``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from kiosk.catalogue.package import ServicePackage
from kiosk.model.fault import load_faults

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
            f"{fault.severity} · {fault.actor} · {fault.recovers} ({fault.within} s) · {fault.local} · − {removes}",
            "",
            f"- {citizen}: {fault.citizen(lang)}",
            f"- {staff}:",
            *(f"  {n}. {step.text(lang)}" for n, step in enumerate(fault.steps, 1)),
            f"- {technician}: {fault.technician(lang)}",
            "",
        ]
    return "\n".join(lines)


def schema() -> str:
    """The published JSON Schema of a service package."""
    return json.dumps(ServicePackage.model_json_schema(), ensure_ascii=False, indent=1) + "\n"


DOCUMENTS = {
    "docs/faults.md": lambda: faults("en"),
    "docs/faults.zh-CN.md": lambda: faults("zh"),
    "docs/service-package.schema.json": schema,
}


def main() -> int:
    """1 where a document is stale."""
    stale = []
    for name, make in DOCUMENTS.items():
        path = ROOT / name
        if "--check" not in sys.argv:
            path.write_text(make())
        elif not path.exists() or path.read_text() != make():
            stale.append(name)
    for name in stale:
        print(f"{name} is stale: run tools/generated.py")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
