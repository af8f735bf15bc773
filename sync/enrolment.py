"""Enrolment: a terminal draws its keys, shows a one-time code to the platform, and learns whom to trust."""

from __future__ import annotations

import itertools
from pathlib import Path

from kiosk.security.credentials import create_credentials
from kiosk.security.trust import save_trust
from sync.client import NoNetwork, PlatformClient
from sync.protocol.canonical import b64
from sync.protocol.pin import hash_pin
from sync.protocol.published import root_version
from sync.protocol.suites import suite
from sync.protocol.wire import EnrolAnswer, EnrolRequest


class AlreadyEnrolled(Exception):
    """The terminal has an identity; a new one would cut it off from its own store."""


def enrol(
    client: PlatformClient,
    code: str,
    terminal: str,
    credentials: Path,
    trust: Path,
    staff_pin: str,
    suite_name: str = "intl",
) -> EnrolAnswer:
    """Enrol this terminal. Raises AlreadyEnrolled, ValueError for a code that can be none, or NoNetwork, NotAuthorised,
    Rejected of ``sync.client``.

    The keys are kept only after the platform has taken them; a try that failed leaves nothing behind. What one left
    that was cut off between keys and trust is put aside: with them alone nothing was ever handed in.
    """
    if trust.exists():
        raise AlreadyEnrolled(str(trust))
    _put_aside(credentials)
    private, public = suite(suite_name).new_signing_key()
    request = EnrolRequest(code=code, terminal=terminal, suite=suite_name, public_key=b64(public))
    answer = client.post("/v1/enrol", request, EnrolAnswer)
    try:
        root_version(answer.root.encode())
    except ValueError:
        raise NoNetwork("the answer is not of this protocol", fault="platform_portal") from None
    create_credentials(credentials, private, hash_pin(staff_pin) if staff_pin else "")
    save_trust(trust, answer)
    return answer


def _put_aside(left: Path) -> None:
    """Renamed and not removed: nobody loses a secret by it."""
    if left.exists():
        number = next(n for n in itertools.count(1) if not left.with_name(f"{left.name}.cut-off-{n}").exists())
        left.rename(left.with_name(f"{left.name}.cut-off-{number}"))
