"""Signs packages for publication: parse, lint, run the examples, then sign with an end date."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from kiosk.catalogue.loader import parse_package
from sync.protocol.canonical import digest
from sync.protocol.signed import Manifest


def publish(
    sources: Path, target: Path, key_id: str, private: bytes, expires: datetime, suite: str = "intl"
) -> list[str]:
    """Write every package of ``sources`` and its signature to ``target``; returns their names.

    Raises ValueError, naming the file, where a package is unsound: a missing element blocks publishing.
    """
    target.mkdir(parents=True, exist_ok=True)
    names = []
    for path in sorted(sources.glob("*.yaml")):
        content = path.read_bytes()
        try:
            package = parse_package(content)
        except ValueError as bad:
            raise ValueError(f"{path.name}: {bad}") from None
        manifest = Manifest(
            name=package.id,
            version=package.version,
            digest=digest(content),
            expires=expires,
            suite=suite,
            key_id=key_id,
        ).signed(private)
        (target / path.name).write_bytes(content)
        (target / f"{path.name}.sig.json").write_text(manifest.model_dump_json(indent=1))
        names.append(package.id)
    return names
