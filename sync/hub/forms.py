"""Every version of every form that this platform has published: terminals come weeks late."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, Engine, select

from kiosk.catalogue.loader import parse_package
from kiosk.catalogue.package import ServicePackage
from kiosk.catalogue.publish import Source
from sync.hub.database import insert_new
from sync.hub.schema import packages

Texts = dict[str, str]


class Forms:
    """What is known is kept; what is not is looked up, since another process may have published it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        with engine.connect() as connection:
            contents = list(connection.scalars(select(packages.c.content)))
        found = [parse_package(content.encode()) for content in contents]
        self._known = {(p.id, p.version): p for p in found}

    def get(self, service: str, version: str) -> ServicePackage | None:
        """One version; None where it was never published."""
        known = self._known.get((service, version))
        if known is not None:
            return known
        one = select(packages.c.content).where(packages.c.service == service, packages.c.version == version)
        with self._engine.connect() as connection:
            content = connection.scalar(one)
        if content is None:
            return None
        return self._known.setdefault((service, version), parse_package(content.encode()))

    @property
    def titles(self) -> dict[str, Texts]:
        """Of each service, by language, in its newest version."""
        ordered = sorted(self._known.values(), key=lambda p: [int(part) for part in p.version.split(".")])
        return {p.id: {str(lang): text for lang, text in p.title.root.items()} for p in ordered}


def remember(connection: Connection, sources: Sequence[Source]) -> None:
    """Keep what is published now, for as long as the platform stands."""
    rows = [{"service": s.package.id, "version": s.package.version, "content": s.content.decode()} for s in sources]
    if rows:
        connection.execute(insert_new(connection, packages).on_conflict_do_nothing(), rows)
