"""Small wheels, made on the spot."""

from __future__ import annotations

import zipfile
from pathlib import Path


def make_wheel(folder: Path, version: str, files: dict[str, str] | None = None, name: str = "bianmin") -> str:
    """Write a wheel with ``files`` in it to ``folder``; returns its name."""
    wheel, info = f"{name}-{version}-py3-none-any.whl", f"{name}-{version}.dist-info"
    inside = {
        **(files or {"nothing.py": ""}),
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},,\n" for path in [*inside, f"{info}/RECORD"])
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / wheel, "w") as archive:
        for path, text in {**inside, f"{info}/RECORD": record}.items():
            archive.writestr(zipfile.ZipInfo(path), text)  # of a fixed time: made twice, it has the same bytes
    return wheel


def write_release(folder: Path, version: str, wheels: list[str], **more: object) -> None:
    """A version that is made of ``wheels``, in ``updates`` below ``folder``."""
    (folder / "updates").mkdir(parents=True, exist_ok=True)
    lines = [f'version: "{version}"', f"wheels: [{', '.join(wheels)}]", *(f"{k}: {v}" for k, v in more.items())]
    (folder / "updates" / f"{version}.yaml").write_text("\n".join(lines) + "\n")
