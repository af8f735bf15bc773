"""Who may do what at the console."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What a person at the console is there for."""

    CLERK = "clerk"
    TECHNICIAN = "technician"
    AUDITOR = "auditor"
    ADMIN = "admin"


class Right(StrEnum):
    """What a page or an act needs. ``self``: no more than to be logged in."""

    SELF = "self"
    CASES = "cases"  # and what is in them, for a reason
    QUARANTINE = "quarantine"
    HANDOVERS = "handovers"
    CALLS = "calls"
    TERMINALS = "terminals"
    ENROLMENT = "enrolment"
    REVOKE = "revoke"
    AUDIT = "audit"
    USERS = "users"


RIGHTS: dict[Role, frozenset[Right]] = {
    Role.CLERK: frozenset({Right.SELF, Right.CASES, Right.QUARANTINE, Right.HANDOVERS, Right.CALLS}),
    Role.TECHNICIAN: frozenset({Right.SELF, Right.TERMINALS, Right.ENROLMENT}),
    Role.AUDITOR: frozenset({Right.SELF, Right.AUDIT}),
    Role.ADMIN: frozenset(Right),
}
