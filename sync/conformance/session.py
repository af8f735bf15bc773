"""What the checks of one run share."""

from __future__ import annotations

from dataclasses import dataclass, field

from kiosk.model.clock import Clock
from sync.conformance.report import NotTestable
from sync.conformance.terminal import Case, Terminal
from sync.conformance.wire import Wire
from sync.protocol.envelope import Acknowledgement


@dataclass
class Session:
    """A run against one platform: a code for one enrolment, the name to enrol under, and what came of it.

    ``patience``: seconds that a platform is given to open a case.
    """

    wire: Wire
    clock: Clock
    code: str
    name: str
    suite: str
    patience: float = 10.0
    enrolled: Terminal | None = None
    delivered: list[tuple[Case, Acknowledgement]] = field(default_factory=list)

    @property
    def terminal(self) -> Terminal:
        """The enrolled terminal. Raises NotTestable where the enrolment has failed."""
        if self.enrolled is None:
            raise NotTestable("the terminal could not be enrolled")
        return self.enrolled

    @property
    def first(self) -> tuple[Case, Acknowledgement]:
        """A case that the platform has acknowledged. Raises NotTestable where none was."""
        if not self.delivered:
            raise NotTestable("no case could be delivered")
        return self.delivered[0]
