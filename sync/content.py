"""Brings published packages to the terminal. They carry their own signatures, so the way need not be trusted."""

from __future__ import annotations

import re
from pathlib import Path

from sync.client import PlatformClient, Rejected
from sync.protocol.canonical import digest
from sync.protocol.wire import ContentIndex

_NAME = re.compile(r"^[a-z0-9-]+\.yaml(\.sig\.json)?$")


def refresh(client: PlatformClient, folder: Path) -> bool:
    """Fetch what is new and drop what is no longer published; True where something changed.

    A package and its signature are replaced one after the other; between the two the loader leaves the
    package out, and it is back at the next load. Raises NoNetwork or Rejected.
    """
    folder.mkdir(parents=True, exist_ok=True)
    index = ContentIndex.model_validate_json(client.get_bytes("/v1/catalogue"))
    if not all(_NAME.match(name) for name in index.files):
        raise Rejected("the catalogue names a file that is no package")
    changed = False
    for name, wanted in sorted(index.files.items()):
        path = folder / name
        if path.exists() and digest(path.read_bytes()) == wanted:
            continue
        content = client.get_bytes(f"/v1/catalogue/{name}")
        temporary = folder / f"{name}.part"
        temporary.write_bytes(content)
        temporary.rename(path)
        changed = True
    for path in folder.iterdir():
        if path.name not in index.files:
            path.unlink()
            changed = True
    return changed
