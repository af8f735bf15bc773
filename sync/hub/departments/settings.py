"""Which department decides on which service: ``departments.toml`` in the platform's folder."""

from __future__ import annotations

import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sync.hub.departments.contract import Department
from sync.hub.departments.over_http import HttpDepartment


class DepartmentSettings(BaseModel):
    """One ``[NAME]``. ``token_file`` holds what the department wants to see as a bearer token."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = Field(pattern=r"^https?://")
    services: list[str] = Field(min_length=1)
    token_file: Path | None = None
    ca: Path | None = None
    timeout: float = Field(default=10.0, gt=0, le=120)


def load_departments(file: Path) -> dict[str, Department]:
    """Departments by the services that they decide on; none where there is no file.

    Raises ValueError with one line where the file is wrong, or names a service twice.
    """
    if not file.exists():
        return {}
    try:
        sections = tomllib.loads(file.read_text())
        known = {name: DepartmentSettings.model_validate(values) for name, values in sections.items()}
    except (tomllib.TOMLDecodeError, ValidationError, UnicodeDecodeError) as bad:
        raise ValueError(f"{file}: {str(bad).splitlines()[0]}") from None
    found: dict[str, Department] = {}
    for name, settings in known.items():
        token = settings.token_file.read_text().strip() if settings.token_file else ""
        department = HttpDepartment(settings.url, token, settings.ca, settings.timeout)
        for service in settings.services:
            if service in found:
                raise ValueError(f"{file}: {name}: another department decides on {service} already")
            found[service] = department
    return found
