"""The visit: one module owns where the citizen is, what was entered, and what comes next."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel

from kiosk.cases.draft import Draft, Signature
from kiosk.cases.submit import applicant_context
from kiosk.catalogue.package import ServicePackage
from kiosk.forms.engine import FormEngine, Problem
from kiosk.forms.rules import Context
from kiosk.forms.spec import FieldSpec, MaterialSpec, PageSpec
from kiosk.forms.values import normalised
from kiosk.model.identity import IdentityDocument
from kiosk.model.ids import new_id
from kiosk.model.page import Page
from kiosk.model.text import Text
from kiosk.store.cases import CaseLine
from kiosk.visit.stage import HOLDS_DATA, NEXT, Stage, WayOut
from kiosk.visit.step import SIGN, Step, StepKind


class Snapshot(BaseModel):
    """All of a visit, for the sealed copy that a crash of the worker falls back to."""

    stage: Stage
    service: str = ""
    form_version: str = ""
    step: Step | None = None
    from_review: bool = False
    draft: Draft | None = None
    line: CaseLine | None = None
    language: str = "zh"
    elder: bool = False


class WrongStage(RuntimeError):
    """A move that the stages do not allow: a bug in a screen, never a citizen's fault."""


class Visit:
    """Moves only along ``NEXT``. Knows no screen, no device and no disk; time is handed in."""

    def __init__(self, services: dict[str, ServicePackage]) -> None:
        self.services = services
        self.stage = Stage.ATTRACT
        self.package: ServicePackage | None = None
        self.draft: Draft | None = None
        self.line: CaseLine | None = None
        self.way_out: WayOut | None = None
        self._engine: FormEngine | None = None
        self._step: Step | None = None
        self._from_review = False

    # where we are

    def _go(self, stage: Stage) -> None:
        if stage not in NEXT[self.stage]:
            raise WrongStage(f"{self.stage} → {stage}")
        self.stage = stage

    @property
    def step(self) -> Step | None:
        """The step of the work; None outside it."""
        return self._step if self.stage == Stage.WORK else None

    @property
    def holds_data(self) -> bool:
        return self.stage in HOLDS_DATA and self.draft is not None

    def context(self, now: datetime) -> Context:
        return applicant_context(self._draft, now)

    @property
    def _draft(self) -> Draft:
        if self.draft is None:
            raise WrongStage(f"no draft in {self.stage}")
        return self.draft

    @property
    def engine(self) -> FormEngine:
        if self._engine is None:
            raise WrongStage(f"no service in {self.stage}")
        return self._engine

    # before the work

    def browse(self) -> None:
        """The citizen looks for a service."""
        self._go(Stage.CHOOSE)

    def look_up(self) -> None:
        """The citizen asks how a case stands."""
        if self.stage != Stage.LOOKUP:
            self._go(Stage.LOOKUP)

    def choose(self, service: str) -> None:
        """Read the guidance of a service."""
        self._go(Stage.GUIDANCE)
        self.package = self.services[service]
        self._engine = FormEngine(self.package.form)

    def start(self) -> None:
        """From the guidance to the consent."""
        self._go(Stage.CONSENT)

    def consent(self) -> None:
        """Consent is given; from here on a draft exists."""
        self._go(Stage.IDENTIFY)
        assert self.package is not None
        self.draft = Draft(case_id=new_id(), service=self.package.id)

    def identified(self, document: IdentityDocument, existing: CaseLine | None) -> None:
        """A card was read or a number typed. A second card in mid-visit never replaces the first."""
        if self.stage != Stage.IDENTIFY:
            return
        self._draft.identity = document
        self.line = existing
        self._go(Stage.ALREADY_OPEN if existing is not None else Stage.WORK)
        self._step = None

    def anew(self) -> None:
        """The citizen was told of an open case and wants another one all the same."""
        self._go(Stage.WORK)
        self.line = None
        self._step = None

    # the work

    def steps(self, now: datetime) -> list[Step]:
        """The steps that apply, in order; the signature is the last."""
        context = self.context(now)
        answers = self._draft.answers
        pages = [Step(kind=StepKind.PAGE, id=p.id) for p in self.engine.pages(answers, context)]
        papers = [Step(kind=StepKind.MATERIAL, id=m.id) for m in self.engine.materials(answers, context)]
        return [*pages, *papers, SIGN]

    def enter_work(self, now: datetime) -> None:
        """Stand on the first step, if on none."""
        if self._step is None or self._step not in self.steps(now):
            self._step = self.steps(now)[0]
        self._prefill(now)

    def page(self) -> PageSpec:
        """The page of the form that the citizen is on."""
        return next(p for p in self.engine.spec.pages if self._step and p.id == self._step.id)

    def material(self) -> MaterialSpec:
        return next(m for m in self.engine.spec.materials if self._step and m.id == self._step.id)

    def fields(self, now: datetime) -> list[FieldSpec]:
        return self.engine.fields(self.page(), self._draft.answers, self.context(now))

    def _prefill(self, now: datetime) -> None:
        if self._step is not None and self._step.kind == StepKind.PAGE:
            self._draft.answers = self.engine.prefilled(self.page(), self._draft.answers, self.context(now))

    def answer(self, field: str, value: str) -> None:
        """What is in a field now; an empty value removes the answer."""
        answers = dict(self._draft.answers)
        if value:
            answers[field] = value
        else:
            answers.pop(field, None)
        self._draft.answers = answers

    def add_page(self, page: Page) -> None:
        self._draft.pages = [*self._draft.pages, page]
        self._draft.promises = self._draft.promises - {page.material}

    def replace_page(self, page_id: str, page: Page) -> None:
        """``page`` in the place of the one that was taken again."""
        self._draft.pages = [page if p.page_id == page_id else p for p in self._draft.pages]

    def move_forward(self, page_id: str) -> None:
        """One place forward among the pages of its own paper; the first stays."""
        pages = list(self._draft.pages)
        place = next(i for i, p in enumerate(pages) if p.page_id == page_id)
        before = [i for i in range(place) if pages[i].material == pages[place].material]
        if before:
            pages[before[-1]], pages[place] = pages[place], pages[before[-1]]
        self._draft.pages = pages

    def remove_page(self, page_id: str) -> None:
        self._draft.pages = [p for p in self._draft.pages if p.page_id != page_id]

    def promise(self, material: str, given: bool) -> None:
        """A declaration in place of a paper, or its withdrawal."""
        promises = set(self._draft.promises) - {material}
        if given and self.material().promise is not None:
            promises.add(material)
            self._draft.pages = [p for p in self._draft.pages if p.material != material]
        self._draft.promises = promises

    def sign(self, strokes: list[list[tuple[float, float]]], aspect: float) -> None:
        """Put the signature under what the draft holds now; a later change of it makes the signature void."""
        content = self._draft.content_digest()
        self._draft.signature = Signature(strokes=strokes, aspect=aspect, signed=content) if strokes else None

    def step_problems(self, now: datetime) -> list[Problem]:
        """What keeps the citizen from going on."""
        draft, step = self._draft, self._step
        if step is None:
            return []
        match step.kind:
            case StepKind.PAGE:
                return self.engine.page_problems(self.page(), draft.answers, self.context(now))
            case StepKind.MATERIAL:
                material = self.material()
                count = draft.page_counts().get(material.id, 0)
                enough = material.min_pages <= count <= material.max_pages or material.id in draft.promises
                return [] if enough else [Problem(material.id, material.label)]
            case StepKind.SIGN:
                return [] if draft.signature_valid() else [Problem("signature", self._package.declaration)]

    @property
    def _package(self) -> ServicePackage:
        assert self.package is not None
        return self.package

    def proceed(self, now: datetime) -> list[Problem]:
        """To the next step, or to the review; stays where it is and tells why while something is wrong.

        From a change on the review page the citizen goes straight back to it, unless the change asks for
        something new: then to that.
        """
        problems = self.step_problems(now)
        if problems or self._step is None:
            return problems
        self._normalise(now)
        steps = self.steps(now)
        if self._from_review:
            missing = self._first_incomplete(now)
            self._from_review = missing is None or missing == SIGN
            self._to(missing, now)
            return []
        place = steps.index(self._step) + 1
        self._to(steps[place] if place < len(steps) else None, now)
        return []

    def _to(self, step: Step | None, now: datetime) -> None:
        if step is None:
            self._from_review = False
            self._step = None
            self._go(Stage.REVIEW)
            return
        self._step = step
        self._prefill(now)

    def _normalise(self, now: datetime) -> None:
        if self._step is not None and self._step.kind == StepKind.PAGE:
            for field in self.fields(now):
                self.answer(field.id, normalised(field, self._draft.answers.get(field.id, "")))

    def _first_incomplete(self, now: datetime) -> Step | None:
        here = self._step
        try:
            for step in self.steps(now):
                self._step = step
                if self.step_problems(now):
                    return step
        finally:
            self._step = here
        return None

    def back(self, now: datetime) -> None:
        """One step back. Nothing that was entered is lost by it, except before the consent."""
        match self.stage:
            case Stage.CHOOSE:
                self._go(Stage.ATTRACT)
            case Stage.GUIDANCE:
                self._go(Stage.CHOOSE)
            case Stage.CONSENT:
                self._go(Stage.GUIDANCE)
            case Stage.IDENTIFY:
                self._go(Stage.CONSENT)
                self.draft = None
            case Stage.ALREADY_OPEN:
                self._go(Stage.IDENTIFY)
                self._draft.identity = self.line = None
            case Stage.WORK:
                self._back_in_work(now)
            case Stage.REVIEW:
                self._go(Stage.WORK)
                self._step = self.steps(now)[-1]
            case _:
                raise WrongStage(f"no way back from {self.stage}")

    def _back_in_work(self, now: datetime) -> None:
        steps = self.steps(now)
        place = steps.index(self._step) if self._step in steps else 0
        if self._from_review and not self.step_problems(now):
            self._to(None, now)
        elif place > 0:
            self._step = steps[place - 1]
        else:
            self._go(Stage.IDENTIFY)
            self._draft.identity = None

    @property
    def can_go_back(self) -> bool:
        return self.stage in NEXT and self.stage in {
            Stage.CHOOSE,
            Stage.GUIDANCE,
            Stage.CONSENT,
            Stage.IDENTIFY,
            Stage.ALREADY_OPEN,
            Stage.WORK,
            Stage.REVIEW,
        }

    def change(self, step: Step, now: datetime) -> None:
        """From the review page to one step, and straight back after it."""
        self._go(Stage.WORK)
        self._step = step
        self._from_review = True
        self._prefill(now)

    # the end

    def submit(self, now: datetime) -> bool:
        """Whether the draft is complete; if not, the citizen stands on what is missing."""
        missing = self._first_incomplete(now)
        if missing is not None:
            self.change(missing, now)
            return False
        self._go(Stage.SUBMIT)
        return True

    def not_stored(self) -> None:
        """The case could not be stored: back to the review, with everything still there."""
        self._go(Stage.REVIEW)

    def stored(self, line: CaseLine) -> None:
        """The case is durable; only now is there a number to show."""
        self._go(Stage.RECEIPT)
        self.line = line

    def rate(self) -> None:
        self._go(Stage.RATE)

    def goodbye(self) -> None:
        self._go(Stage.GOODBYE)

    def end(self, way_out: WayOut) -> None:
        """Every way out leads through here; nothing of the person stays in the visit."""
        self._go(Stage.ENDED)
        self.way_out = way_out
        self.draft = self.line = None
        self._step = None

    def next_steps(self, now: datetime) -> list[Text]:
        """What happens after handing in, by the answers; empty without a draft."""
        if self.draft is None or self.package is None:
            return []
        return self.package.steps_after(self.draft.answers, self.context(now))

    # crash and resume

    def snapshot(self, language: str, elder: bool) -> Snapshot:
        return Snapshot(
            stage=self.stage,
            service=self.package.id if self.package else "",
            form_version=self.package.version if self.package else "",
            step=self._step,
            from_review=self._from_review,
            draft=self.draft,
            line=self.line,
            language=language,
            elder=elder,
        )

    def restore(self, snapshot: Snapshot) -> bool:
        """Stand where the crashed worker stood; False where the service is no longer offered as it was."""
        package = self.services.get(snapshot.service)
        if package is None or package.version != snapshot.form_version:
            return False
        self.package = package
        self._engine = FormEngine(package.form)
        self.draft, self.line = snapshot.draft, snapshot.line
        self._step, self._from_review = snapshot.step, snapshot.from_review
        # A crash while storing: submitting again is harmless, its id makes it idempotent.
        self.stage = Stage.REVIEW if snapshot.stage == Stage.SUBMIT else snapshot.stage
        return True
