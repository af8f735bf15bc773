"""What the platform and a department say to each other, whatever lies behind: a web service, a queue, a desk."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict, Field


class Paper(BaseModel):
    """One paper of a case: a PDF/A-2b, by the digest of its content."""

    model_config = ConfigDict(frozen=True)

    id: str
    material: str
    digest: str


class Handover(BaseModel):
    """One accepted case. ``key`` is its idempotency key: the department takes a case once, however often it comes."""

    model_config = ConfigDict(frozen=True)

    key: str
    receipt: str
    service: str
    form_version: str
    captured: str
    identity: dict[str, Any]
    answers: dict[str, Any]
    promises: list[str] = []
    papers: list[Paper] = []


class Decision(StrEnum):
    """``taken``: the department works on it. ``returned``: it cannot, and says why; a person looks."""

    TAKEN = "taken"
    RETURNED = "returned"


class Reply(BaseModel):
    """A department's answer. ``number`` is its own file number, ``note`` a sentence for the hall's staff."""

    model_config = ConfigDict(frozen=True)

    key: str = Field(max_length=160)
    decision: Decision
    number: str = Field(default="", max_length=64, pattern=r"^[!-~]*$")
    # PostgreSQL takes no NUL in a text.
    note: str = Field(default="", max_length=200, pattern=r"^[^\x00]*$")


class Trouble(StrEnum):
    """What kept a case from being handed over: no answer, an error, an answer that cannot be read, or the platform's
    own."""

    SILENT = "silent"
    STATUS = "status"
    ANSWER = "answer"
    OWN = "own"


class Unavailable(Exception):
    """The department does not answer, or answers what is no answer: the case waits and goes again."""

    def __init__(self, trouble: Trouble, why: str, retry_after: float = 0.0) -> None:
        super().__init__(why)
        self.trouble, self.retry_after = trouble, retry_after


class Department(Protocol):
    """The contract. An adapter is done when it passes ``tests/sync/test_departments.py``."""

    def hand_over(self, case: Handover, paper: Callable[[str], bytes]) -> Reply:
        """Hand one case over; ``paper`` gives the PDF of a paper by its id. Idempotent by ``case.key``.

        Raises Unavailable for everything that is not clearly the department's answer to this case.
        """
        ...
