"""The stages of a visit, and what may follow what."""

from __future__ import annotations

from enum import StrEnum


class Stage(StrEnum):
    ATTRACT = "attract"
    CHOOSE = "choose"
    LOOKUP = "lookup"
    GUIDANCE = "guidance"
    CONSENT = "consent"
    IDENTIFY = "identify"
    ALREADY_OPEN = "already_open"
    WORK = "work"
    REVIEW = "review"
    SUBMIT = "submit"
    RECEIPT = "receipt"
    RATE = "rate"
    GOODBYE = "goodbye"
    ENDED = "ended"


NEXT: dict[Stage, frozenset[Stage]] = {
    Stage.ATTRACT: frozenset({Stage.CHOOSE, Stage.LOOKUP, Stage.GUIDANCE, Stage.ENDED}),
    Stage.CHOOSE: frozenset({Stage.ATTRACT, Stage.LOOKUP, Stage.GUIDANCE, Stage.ENDED}),
    # What is looked up names no person; all the same the visit ends with it, and its process.
    Stage.LOOKUP: frozenset({Stage.ENDED}),
    Stage.GUIDANCE: frozenset({Stage.CHOOSE, Stage.CONSENT, Stage.ENDED}),
    Stage.CONSENT: frozenset({Stage.GUIDANCE, Stage.IDENTIFY, Stage.ENDED}),
    Stage.IDENTIFY: frozenset({Stage.CONSENT, Stage.ALREADY_OPEN, Stage.WORK, Stage.ENDED}),
    Stage.ALREADY_OPEN: frozenset({Stage.IDENTIFY, Stage.WORK, Stage.GOODBYE, Stage.ENDED}),
    Stage.WORK: frozenset({Stage.IDENTIFY, Stage.WORK, Stage.REVIEW, Stage.GOODBYE, Stage.ENDED}),
    Stage.REVIEW: frozenset({Stage.WORK, Stage.SUBMIT, Stage.GOODBYE, Stage.ENDED}),
    # From here on the case is stored: there is no way back, only forward.
    Stage.SUBMIT: frozenset({Stage.REVIEW, Stage.RECEIPT, Stage.ENDED}),
    Stage.RECEIPT: frozenset({Stage.RATE, Stage.GOODBYE, Stage.ENDED}),
    Stage.RATE: frozenset({Stage.GOODBYE, Stage.ENDED}),
    Stage.GOODBYE: frozenset({Stage.ENDED}),
    Stage.ENDED: frozenset(),
}

HOLDS_DATA = frozenset(
    {
        Stage.IDENTIFY,
        Stage.ALREADY_OPEN,
        Stage.WORK,
        Stage.REVIEW,
        Stage.SUBMIT,
        Stage.RECEIPT,
        Stage.RATE,
        Stage.GOODBYE,
    }
)
"""Stages in which a person's data may be in memory. Out of them leads only ``ENDED``, or back to consent with
the draft thrown away; the process of the visit ends with it."""


class WayOut(StrEnum):
    """How a visit ended."""

    FINISHED = "finished"
    CANCELLED = "cancelled"
    WITHDRAWN = "withdrawn"  # consent was withdrawn
    LEFT = "left"  # nobody was there any more
    UNUSED = "unused"
