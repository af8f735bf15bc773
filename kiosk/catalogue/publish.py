"""What is published of a folder of packages: each must parse, pass the lint and its own examples; and of the notices
and the versions of the program beside them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from kiosk.catalogue.loader import parse_package
from kiosk.catalogue.notice import Notice
from kiosk.catalogue.package import ServicePackage
from kiosk.catalogue.release import Release
from kiosk.catalogue.written import read
from sync.protocol.published import MAX_PACKAGE, MAX_WHEEL, PACKAGE, RELEASE, WHEEL


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


@dataclass(frozen=True)
class Updates:
    """Versions of the program, as they were written, and the files that they are made of, each once; by their paths
    among the published files."""

    releases: dict[str, bytes] = field(default_factory=dict)
    wheels: dict[str, Path] = field(default_factory=dict)


def sound_updates(folder: Path) -> Updates:
    """Every version in ``updates`` below ``folder``, with its wheels. Raises ValueError, naming the file, where one is
    unsound or lacks a wheel."""
    found = Updates()
    for path in sorted((folder / "updates").glob("*.yaml")):
        where = f"updates/{path.name}"
        try:
            release = read(Release, content := path.read_bytes())
        except ValueError as bad:
            raise ValueError(f"{where}: {bad}") from None
        if len(content) > MAX_PACKAGE or not RELEASE.match(where):
            raise ValueError(f"{where}: larger than {MAX_PACKAGE} bytes, or no name for a version")
        found.releases[where] = content
        for name in release.wheels:
            wheel = folder / "updates" / "wheels" / name
            if not wheel.is_file() or not 0 < wheel.stat().st_size <= MAX_WHEEL or not WHEEL.match(f"wheels/{name}"):
                raise ValueError(f"{where}: {name} is not in updates/wheels, or larger than {MAX_WHEEL} bytes")
            found.wheels[f"wheels/{name}"] = wheel
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
