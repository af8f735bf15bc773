"""A version of the program, as a platform publishes it: the wheels that it is made of, and who takes it when."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Self

from packaging.tags import Tag, sys_tags
from packaging.utils import InvalidWheelFilename, parse_wheel_filename
from packaging.version import InvalidVersion, Version
from pydantic import Field, field_validator, model_validator

from kiosk.forms.spec import Strict
from sync.protocol.canonical import digest

PROJECT = "bianmin"


class Release(Strict):
    """``wheels`` are all that is installed, by file name: nothing is looked for elsewhere. Their digests are those that
    the publisher has signed.

    Terminals whose machine runs all of ``wheels`` take it by themselves from the day ``since`` on; ``share``: so many
    in a hundred of them, and with a larger number the same ones and more.
    """

    version: str = Field(max_length=32)
    wheels: list[str] = Field(min_length=1, max_length=500)
    since: date | None = None
    share: int = Field(default=100, ge=0, le=100)

    @field_validator("version")
    @classmethod
    def _a_version(cls, version: str) -> str:
        try:
            plain = str(Version(version))
        except InvalidVersion:
            raise ValueError("no version") from None
        if plain != version:
            raise ValueError(f"is written {plain}")
        return version

    @model_validator(mode="after")
    def _has_the_program(self) -> Self:
        try:
            parts = [parse_wheel_filename(name)[:2] for name in self.wheels]
        except InvalidWheelFilename as bad:
            raise ValueError(str(bad)) from None
        if len({name for name, _version in parts}) != len(parts):
            raise ValueError("a project comes twice")
        if (PROJECT, Version(self.version)) not in parts:
            raise ValueError(f"wheels: {PROJECT} {self.version} is not among them")
        return self

    @property
    def number(self) -> Version:
        """For comparing."""
        return Version(self.version)

    def runs_here(self) -> bool:
        """Whether this Python on this machine can install all of it."""
        return all(not _here().isdisjoint(parse_wheel_filename(name)[3]) for name in self.wheels)

    def is_for(self, terminal: str) -> bool:
        """Whether the terminal of that name is among the ``share``."""
        drawn = int(digest(f"{self.version} {terminal}".encode()).partition(":")[2][:8], 16)
        return drawn % 100 < self.share

    def holds(self, day: date) -> bool:
        """Whether its first day has come."""
        return self.since is None or self.since <= day


@cache
def _here() -> frozenset[Tag]:
    return frozenset(sys_tags())
