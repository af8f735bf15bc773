"""Loads signed packages from a folder. One that is unsigned, damaged, expired or unsound is left out and named."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import yaml
from pydantic import ValidationError

from kiosk.catalogue.lint import lint
from kiosk.catalogue.package import ServicePackage
from kiosk.model.result import Err
from sync.protocol.signed import DocumentFault, Manifest

MAX_PACKAGE = 1_000_000


@dataclass(frozen=True)
class LeftOut:
    """A package that is not offered, and why, for the staff side."""

    name: str
    fault: DocumentFault
    detail: str = ""


@dataclass(frozen=True)
class Catalogue:
    """What a terminal can offer."""

    services: dict[str, ServicePackage] = field(default_factory=dict)
    left_out: list[LeftOut] = field(default_factory=list)


def parse_package(content: bytes) -> ServicePackage:
    """The package in ``content`` (YAML, UTF-8). Raises ValueError in one line where it is none or unsound."""
    try:
        package = ServicePackage.model_validate(yaml.safe_load(content))
    except ValidationError as bad:
        first = bad.errors(include_url=False)[0]
        raise ValueError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as bad:
        raise ValueError(f"no YAML: {str(bad).splitlines()[0]}") from None
    findings = lint(package)
    if findings:
        raise ValueError(findings[0])
    return package


def load_catalogue(folder: Path, publisher: bytes, now: datetime) -> Catalogue:
    """Every good package of ``folder`` (``*.yaml`` with ``*.yaml.sig.json`` beside it).

    ``publisher`` is the public signing key, ``now`` trusted time. Never raises for a bad package.
    """
    catalogue = Catalogue()
    for path in sorted(folder.glob("*.yaml")):
        outcome = _load(path, publisher, now)
        if isinstance(outcome, LeftOut):
            catalogue.left_out.append(outcome)
        else:
            catalogue.services[outcome.id] = outcome
    return catalogue


def _load(path: Path, publisher: bytes, now: datetime) -> ServicePackage | LeftOut:
    signature = path.with_name(path.name + ".sig.json")
    try:
        if path.stat().st_size > MAX_PACKAGE:
            return LeftOut(path.name, DocumentFault.INVALID, f"larger than {MAX_PACKAGE} bytes")
        content = path.read_bytes()
        manifest = Manifest.model_validate_json(signature.read_bytes())
    except FileNotFoundError:
        return LeftOut(path.name, DocumentFault.UNSIGNED)
    except (OSError, ValidationError) as bad:
        return LeftOut(path.name, DocumentFault.DAMAGED, type(bad).__name__)
    checked = manifest.check(content, publisher, now)
    if isinstance(checked, Err):
        return LeftOut(path.name, checked.error)
    try:
        package = parse_package(content)
    except ValueError as bad:
        return LeftOut(path.name, DocumentFault.INVALID, str(bad))
    if package.id != manifest.name or package.version != manifest.version:
        return LeftOut(path.name, DocumentFault.DAMAGED, "the signature is for another package")
    return package
