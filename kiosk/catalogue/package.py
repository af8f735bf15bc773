"""One service as a package of data: what it is, whom it is for, its form, and its own test cases."""

from __future__ import annotations

from pydantic import Field

from kiosk.forms.rules import Answers, CompiledRule, Context
from kiosk.forms.spec import FormSpec, Rule, Strict
from kiosk.model.device import Capability
from kiosk.model.text import Text


class Guidance(Strict):
    """What a citizen reads before starting. ``days`` are working days from acceptance."""

    who: Text
    days: int = Field(ge=0, le=365)
    fee: Text
    basis: Text
    result: Text
    minutes: int = Field(ge=1, le=60)


class NextStep(Strict):
    """What happens after handing in; said only where ``when`` holds (empty: always)."""

    text: Text
    when: Rule = ""


class TestCase(Strict):
    """An example that the package must pass before it is published or loaded.

    ``problems`` lists the fields and materials at fault; empty means that the case can be handed in.
    """

    __test__ = False  # not a test class of pytest

    name: str
    today: str = Field(pattern=r"^\d{4}-\d\d-\d\d$")
    applicant: dict[str, str] = {}
    answers: dict[str, str]
    pages: dict[str, int] = {}
    promised: list[str] = []
    problems: list[str] = []


class ServicePackage(Strict):
    """A service (事项) of one department."""

    id: str = Field(pattern=r"^[a-z][a-z0-9-]{2,39}$")
    version: str = Field(pattern=r"^\d{4}\.\d{1,2}(\.\d{1,3})?$")
    department: Text
    title: Text
    glyph: str = Field(min_length=1, max_length=1)
    keywords: list[str] = []
    needs: list[Capability] = []
    guidance: Guidance
    form: FormSpec
    declaration: Text
    next_steps: list[NextStep] = Field(min_length=1, max_length=6)
    tests: list[TestCase] = Field(min_length=2)

    def steps_after(self, answers: Answers, context: Context) -> list[Text]:
        """What happens next to this case, by its answers."""
        return [s.text for s in self.next_steps if not s.when or CompiledRule(s.when).value(answers, context) is True]
