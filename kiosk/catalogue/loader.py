"""Loads the packages of a published set from a folder. One that is unsigned, damaged, expired or unsound is left out
and named. The folder is not trusted: signatures and digests are checked at each load."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from kiosk.catalogue.lint import lint
from kiosk.catalogue.notice import Notice
from kiosk.catalogue.package import ServicePackage
from kiosk.catalogue.written import read
from kiosk.model.result import Err, Result
from sync.protocol.published import (
    FOLDERS,
    MAX_PACKAGE,
    MAX_TARGETS,
    NOTICE,
    DocumentFault,
    Listed,
    is_known,
    listed,
    root_version,
)
from sync.protocol.wire import MAX_ROOT


@dataclass(frozen=True)
class LeftOut:
    """A package or a notice that is not offered, and why, for the staff side."""

    name: str
    fault: DocumentFault
    detail: str = ""


@dataclass(frozen=True)
class Catalogue:
    """What a terminal can offer."""

    services: dict[str, ServicePackage] = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)


def parse_package(content: bytes) -> ServicePackage:
    """The package in ``content`` (YAML, UTF-8). Raises ValueError in one line where it is none or unsound."""
    package = read(ServicePackage, content)
    findings = lint(package)
    if findings:
        raise ValueError(findings[0])
    return package


def load_catalogue(folder: Path, root: bytes, now: datetime) -> Catalogue:
    """Every good package and notice of the set in ``folder``: what its ``targets.json`` lists, where those have signed
    it whom ``root``, or one that follows it in ``root_history``, names.

    ``root`` is what the terminal was told at its enrolment, ``now`` trusted time. Never raises for a bad package.
    """
    catalogue = Catalogue()
    there = {f"{path.parent.name}/{path.name}" for name in FOLDERS for path in (folder / name).glob("*.yaml")}
    found = listed_in(folder, root)
    if isinstance(found, Err):
        catalogue.left_out.extend(LeftOut(Path(path).name, found.error) for path in sorted(there))
        return catalogue
    files = found.value
    for path in sorted(there | {path for path in files.paths if is_known(path)}):
        outcome = _load(folder, path, files, now)
        match outcome:
            case LeftOut():
                catalogue.left_out.append(outcome)
            case Notice():
                catalogue.notices.append(outcome)
            case ServicePackage():
                catalogue.services[outcome.id] = outcome
    return catalogue


def listed_in(folder: Path, root: bytes) -> Result[Listed, DocumentFault]:
    """What the metadata in ``folder`` lists, by the word of ``root`` and those that follow it there."""
    try:
        number, later = root_version(root) + 1, []
        while (path := folder / "root_history" / f"{number}.root.json").exists():
            later.append(_bounded(path, MAX_ROOT))
            number += 1
        return listed(root, later, _bounded(folder / "targets.json", MAX_TARGETS))
    except FileNotFoundError:
        return Err(DocumentFault.UNSIGNED)
    except (OSError, ValueError):
        return Err(DocumentFault.DAMAGED)


def _load(folder: Path, path: str, files: Listed, now: datetime) -> ServicePackage | Notice | LeftOut:
    name = Path(path).name
    if path not in files.paths:
        return LeftOut(name, DocumentFault.UNSIGNED)
    try:
        content = _bounded(folder / path, MAX_PACKAGE)
    except (OSError, ValueError) as bad:
        return LeftOut(name, DocumentFault.DAMAGED, str(bad) if isinstance(bad, ValueError) else type(bad).__name__)
    if not files.fits(path, content):
        return LeftOut(name, DocumentFault.DAMAGED)
    if now >= files.expires:
        return LeftOut(name, DocumentFault.EXPIRED)
    try:
        found = read(Notice, content) if NOTICE.match(path) else parse_package(content)
    except ValueError as bad:
        return LeftOut(name, DocumentFault.INVALID, str(bad))
    if f"{found.id}.yaml" != name:
        return LeftOut(name, DocumentFault.INVALID, f"this is {found.id}")
    return found


def _bounded(path: Path, most: int) -> bytes:
    """The content of a file of at most ``most`` bytes. Raises ValueError for a larger one, or OSError."""
    with path.open("rb") as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise ValueError(f"larger than {most} bytes")
    return content
