"""Documents that are made from the code: written without arguments, compared with ``--check``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from kiosk.catalogue.package import ServicePackage
from kiosk.model.fault import load_faults

ROOT = Path(__file__).parents[1]


def faults() -> str:
    """The fault catalogue as a page in both languages."""
    lines = ["# Faults / 故障", "", "Made from `devices/faults.toml` by `tools/generated.py`.", ""]
    lines += ["| code | severity | who acts | citizen | staff | takes away |", "|---|---|---|---|---|---|"]
    for fault in load_faults(ROOT / "devices" / "faults.toml").values():
        citizen, staff = (f"{t('zh')}<br>{t('en')}" for t in (fault.citizen, fault.staff))
        removes = ", ".join(fault.removes) or "–"
        lines.append(f"| `{fault.code}` | {fault.severity} | {fault.actor} | {citizen} | {staff} | {removes} |")
    return "\n".join(lines) + "\n"


def schema() -> str:
    """The published JSON Schema of a service package."""
    return json.dumps(ServicePackage.model_json_schema(), ensure_ascii=False, indent=1) + "\n"


DOCUMENTS = {"docs/faults.md": faults, "docs/service-package.schema.json": schema}


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
