"""What is published of a folder of packages: each must parse, pass the lint and its own examples."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kiosk.catalogue.loader import parse_package
from kiosk.catalogue.notice import Notice
from kiosk.catalogue.package import ServicePackage
from kiosk.catalogue.written import read
from sync.protocol.published import MAX_PACKAGE, PACKAGE


@dataclass(frozen=True)
class Source:
    """A sound package as it was written."""

    package: ServicePackage
    content: bytes

    @property
    def path(self) -> str:
        """Among the published files."""
        return f"catalogue/{self.package.id}.yaml"


def sound_notices(folder: Path) -> dict[str, bytes]:
    """Every notice in ``notices`` below ``folder``, by its path among the published files. Raises ValueError, naming
    the file, where one is unsound."""
    found = {}
    for path in sorted((folder / "notices").glob("*.yaml")):
        try:
            notice = read(Notice, content := path.read_bytes())
        except ValueError as bad:
            raise ValueError(f"notices/{path.name}: {bad}") from None
        if notice.id != path.stem:
            raise ValueError(f"notices/{path.name}: this is the notice {notice.id}")
        found[f"notices/{path.name}"] = content
    return found


def sound_sources(folder: Path) -> list[Source]:
    """Every package of ``folder``. Raises ValueError, naming the file, where one is unsound or comes twice: a missing
    element blocks publishing."""
    found: dict[str, Source] = {}
    for path in sorted(folder.glob("*.yaml")):
        try:
            source = Source(parse_package(content := path.read_bytes()), content)
        except ValueError as bad:
            raise ValueError(f"{path.name}: {bad}") from None
        if len(content) > MAX_PACKAGE or not PACKAGE.match(source.path):
            raise ValueError(f"{path.name}: larger than {MAX_PACKAGE} bytes, or no name for a package")
        if source.path in found:
            raise ValueError(f"{path.name}: the package {source.package.id} comes twice")
        found[source.path] = source
    return list(found.values())
