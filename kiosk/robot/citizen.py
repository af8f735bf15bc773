"""One citizen: looks at the screen, does what it asks, and goes on until it says goodbye."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from devices.simulators.client import RigClient
from kiosk.catalogue.package import ServicePackage
from kiosk.forms.spec import FieldType
from kiosk.robot.plans import Plan
from kiosk.robot.screen import RemoteScreen, ScreenError

SIGNATURE = [
    [(0.1 + 0.03 * i, 0.5 + (0.18 if i % 2 else -0.12)) for i in range(10)],
    [(0.5 + 0.04 * i, 0.35 + 0.03 * i) for i in range(9)],
]


def _other_than(screen: str, step: str) -> Callable[[dict[str, Any]], bool]:
    return lambda now: now["step"] != step or now["screen"] != screen


@dataclass
class Walk:
    """How one matter went."""

    service: str
    touches: int = 0
    seconds: float = 0.0
    steps: list[tuple[str, float]] = field(default_factory=list)
    receipt: str = ""
    problems: list[str] = field(default_factory=list)
    again: int = 0  # how often the card had to be laid down again


class Citizen:
    """``look`` is called with a name whenever a new screen stands still."""

    def __init__(
        self,
        screen: RemoteScreen,
        rig: RigClient,
        package: ServicePackage,
        plan: Plan,
        look: Callable[[str], None],
    ) -> None:
        self._screen, self._rig, self._package, self.plan, self._look = screen, rig, package, plan, look
        self.walk = Walk(plan.service)

    def go(self, until: str = "Goodbye") -> Walk:
        """Do the whole matter, up to the screen ``until``."""
        started, touches = time.monotonic(), self._screen.touches
        while True:
            here = self._screen.where()
            screen, step = here["screen"], here["step"]
            before = time.monotonic()
            name = step.split("/")[1] if step.startswith("work/") else screen.lower()
            self._see(f"{len(self.walk.steps):02d}-{name}")
            if screen == until:
                break
            getattr(self, f"_on_{screen.lower()}")()
            self._screen.wait(_other_than(screen, step), f"the end of {step}")
            self.walk.steps.append((name, time.monotonic() - before))
        self.walk.seconds = time.monotonic() - started
        self.walk.touches = self._screen.touches - touches
        return self.walk

    def _see(self, name: str) -> None:
        """A screen stands still: it is looked at, and all its words must fit where they stand."""
        self._look(name)
        self.walk.problems += [f"{name}: does not fit: {words}" for words in self._screen.cut_words()]

    def leave(self, *, at_once: bool = False) -> None:
        """Take the card and the receipt, and go; the next worker then serves.

        The visit then ends by itself after some seconds, or ``at_once`` by its button.
        """
        pid = self._screen.where()["pid"]
        self._rig.order("clear")
        self._rig.order("lift")
        self._rig.order("tear")
        if at_once:
            self._screen.tap("primary")
        self._screen.wait(lambda now: now["pid"] != pid, "the next worker")

    def _on_home(self) -> None:
        self._screen.tap(f"service_{self.plan.service}")

    def _on_guidance(self) -> None:
        self._screen.tap("primary")

    def _on_consent(self) -> None:
        self._screen.tap("primary")

    def _on_identify(self) -> None:
        """Lay the card down; where it was not read, lift it and lay it down again, as the screen asks."""
        for _ in range(3):
            self._rig.order("lay", card=self.plan.card)
            try:
                self._screen.wait(lambda now: now["screen"] != "Identify", "the card to be read", 8)
            except ScreenError:
                self.walk.again += 1
                self._rig.order("lift")
                time.sleep(1.0)
                continue
            return

    def _on_alreadyopen(self) -> None:
        self._screen.tap("anew")

    def _on_question(self) -> None:
        page_id = self._screen.where()["step"].split("/")[1]
        page = next(p for p in self._package.form.pages if p.id == page_id)
        for spec in page.fields:
            value = self.plan.answers.get(spec.id, "")
            if not value:
                continue
            if spec.type == FieldType.CHOICE:
                self._screen.tap(f"{spec.id}_{value}")
            elif spec.type == FieldType.DATE:
                for part, text in zip(("year", "month", "day"), value.split("-"), strict=True):
                    self._screen.tap(f"{spec.id}_{part}")
                    self._screen.pad(text)
            elif spec.type in (FieldType.ID_NUMBER, FieldType.PHONE, FieldType.BANK_CARD):
                self._screen.tap(spec.id)
                self._screen.pad(value)
            else:
                self._screen.tap(spec.id)
                self._screen.type(value)
        self._see(f"{len(self.walk.steps):02d}-{page_id}-filled")
        self._screen.tap("primary")
        self._no_errors()

    def _no_errors(self) -> None:
        wrong = {n: i["text"] for n, i in self._screen.items().items() if n.startswith("error_")}
        if wrong:
            raise ScreenError(f"the form refuses: {wrong}")

    def _on_scan(self) -> None:
        material = self._screen.where()["step"].split("/")[1]
        if material in self.plan.promised:
            self._screen.tap("promise")
        for number, paper in enumerate(self.plan.papers.get(material, [])):
            self._rig.order("paper", name=paper)
            self._screen.wait_item(f"thumb_{number}")
            self._screen.wait_gone("flash")
            self._see(f"{len(self.walk.steps):02d}-{material}-captured")
            self._rig.order("clear")
        self._screen.wait_item("primary")
        self._screen.tap("primary")

    def _on_sign(self) -> None:
        self._screen.draw("pad", SIGNATURE)
        self._see(f"{len(self.walk.steps):02d}-signature-written")
        self._screen.tap("primary")

    def _on_review(self) -> None:
        self._screen.tap("primary")

    def _on_receipt(self) -> None:
        items = self._screen.items()
        self.walk.receipt = items["receipt_number"]["text"]
        deadline = time.monotonic() + 20
        while "…" in self._screen.items()["paper"]["text"] and time.monotonic() < deadline:
            time.sleep(0.05)
        self._see(f"{len(self.walk.steps):02d}-receipt-printed")
        self._screen.tap("primary")

    def _on_rate(self) -> None:
        self._screen.tap(f"level_{self.plan.level}")
        self._see(f"{len(self.walk.steps):02d}-rate-chosen")
        self._screen.tap("primary")
