"""qmllint over every QML file, with the types of the view models known.

The types are made from the Python sources: pyside6-metaobjectdump reads them, this marks the view models as
singletons of the module ``Bianmin`` (at run time the window registers them), pyside6-qmltyperegistrar writes
the description that qmllint reads.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
MODELS = ROOT / "ui" / "viewmodels"
QML = ROOT / "ui" / "qml"
BIN = Path(sys.executable).parent


def describe(folder: Path) -> None:
    """Write the module ``Bianmin`` into ``folder``."""
    module = folder / "Bianmin"
    module.mkdir()
    files = [str(p) for p in sorted(MODELS.glob("*.py")) if p.name != "__init__.py"]
    dump = subprocess.run([BIN / "pyside6-metaobjectdump", *files], capture_output=True, check=True, text=True)
    described = json.loads(dump.stdout)
    for entry in described:
        for kind in entry["classes"]:
            painted = any("QQuickPaintedItem" in s["name"] for s in kind.get("superClasses", []))
            kind["object"] = True
            kind["classInfos"] = [{"name": "QML.Element", "value": "auto"}]
            if not painted:
                kind["classInfos"] += [
                    {"name": "QML.Singleton", "value": "true"},
                    {"name": "QML.Creatable", "value": "false"},
                    {"name": "QML.UncreatableReason", "value": "made by the window"},
                ]
    source = folder / "types.json"
    source.write_text(json.dumps(described))
    foreign = Path(subprocess.check_output([BIN / "python", "-c", _PYSIDE], text=True).strip()) / "Qt" / "metatypes"
    needed = ",".join(str(foreign / f"qt6{name}_metatypes.json") for name in ("core", "gui", "qml", "quick"))
    subprocess.run(
        [
            BIN / "pyside6-qmltyperegistrar",
            "--import-name=Bianmin",
            "--major-version=1",
            "--minor-version=0",
            f"--foreign-types={needed}",
            f"--generate-qmltypes={module / 'Bianmin.qmltypes'}",
            "-o",
            folder / "registration.cpp",
            source,
        ],
        check=True,
    )
    (module / "qmldir").write_text("module Bianmin\ndepends QtQuick\ntypeinfo Bianmin.qmltypes\n")


_PYSIDE = "import PySide6, pathlib; print(pathlib.Path(PySide6.__file__).parent)"


def main() -> int:
    """Lint; any warning fails."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        describe(folder)
        files = [str(p) for p in sorted(QML.rglob("*.qml"))]
        # Sizes from our own Theme, words from a map and list items by role have no types that qmllint could know.
        quiet = ["--missing-property", "disable", "--unqualified", "error", "--max-warnings", "0"]
        return subprocess.run([BIN / "pyside6-qmllint", "-I", folder, *quiet, *files], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
