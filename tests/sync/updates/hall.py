"""A platform that publishes versions of the program, and a terminal that fetches them."""

from __future__ import annotations

from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path

from kiosk.model.room import MB
from kiosk.versions import Versions
from sync.client import NoNetwork, NotThere
from sync.content import FILES
from sync.updates import Updates
from tests.sync.published.world import World
from tests.wheels import make_wheel, write_release

PIECE = 64
ROOM = 1000 * MB
NIGHT = datetime(2026, 3, 2, 19, 0, tzinfo=UTC)  # three o'clock in the hall


class Line:
    """The way to the platform. ``breaks``: after so many bytes of a part it is cut, once each."""

    def __init__(self, world: World) -> None:
        self.world, self.breaks = world, list[int]()
        self.parts: list[tuple[str, int]] = []
        self.spoilt = b""

    def pieces(self, path: str) -> Generator[bytes]:
        yield from self.world.mirror().pieces(path)

    def part(self, path: str, start: int, size: int) -> Generator[bytes]:
        found = self.world.repository.wheel(path.removeprefix(FILES))
        if found is None:
            raise NotThere(path)
        self.parts.append((path.rpartition("/")[2][65:], start))
        data = b"".join(self.world.repository.part(found[0], start, min(start + size, found[1])))
        data = self.spoilt[: len(data)] + data[len(self.spoilt) :]
        if self.breaks:
            yield data[: self.breaks.pop(0)]
            raise NoNetwork("cut")
        yield data


class Hall:
    """A platform that publishes versions, and a terminal that runs 0.1.0."""

    def __init__(self, folder: Path) -> None:
        self.world = World(folder, NIGHT)
        self.wheels = self.world.sources / "updates" / "wheels"
        self.versions = Versions(folder)
        self.line = Line(self.world)
        self.updates = Updates(self.versions, self.world.terminal, self.world.root, "T01")

    def publish(self, *versions: str, **more: object) -> None:
        for version in versions:
            own = make_wheel(self.wheels, version, {"own.py": f"version = '{version}'"})
            write_release(self.world.sources, version, [make_wheel(self.wheels, "1.0", name="shared"), own], **more)
        self.world.publish("2027.1")
        self.world.refresh()

    def fetch(self, room: int = ROOM) -> bool:
        return self.updates.fetch(self.line, self.world.clock.now(), "0.1.0", room)

    def fetch_all(self) -> None:
        while self.fetch():
            pass

    def ready(self) -> list[str]:
        offers = self.updates.offers(self.world.clock.now())
        return [o.release.version for o in offers if not self.updates.missing(o) and self.updates.sound(o)]
