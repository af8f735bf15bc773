"""The visit: where it may go, what it keeps, and that nothing stays when it ends."""

from datetime import UTC, datetime

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from kiosk.catalogue.loader import parse_package
from kiosk.config import ASSETS
from kiosk.model.clock import ManualClock
from kiosk.model.identity import DocumentKind, IdentityDocument
from kiosk.model.page import Page
from kiosk.store.cases import CaseLine
from kiosk.visit.idle import Idle, IdleWatch, Limits
from kiosk.visit.review import review_entries
from kiosk.visit.stage import HOLDS_DATA, NEXT, Stage, WayOut
from kiosk.visit.step import Step, StepKind
from kiosk.visit.visit import Visit

NOW = datetime(2026, 3, 2, 4, tzinfo=UTC)
SERVICES = {p.id: p for p in (parse_package(f.read_bytes()) for f in (ASSETS / "catalogue").glob("*.yaml"))}
PERSON = IdentityDocument(kind=DocumentKind.RESIDENT, name="测试甲", number="990000199003070013", address="测试省")
OTHER = IdentityDocument(kind=DocumentKind.RESIDENT, name="测试乙", number="990000199506120027")
LINE = CaseLine("c", "T01-ABCD-000001-0", "social-security-card", "2026-03-02T04:00:00+00:00", "queued")


def at_work() -> Visit:
    visit = Visit(SERVICES)
    visit.choose("social-security-card")
    visit.start()
    visit.consent()
    visit.identified(PERSON, None)
    visit.enter_work(NOW)
    return visit


def filled() -> Visit:
    visit = at_work()
    for answers in ({"cause": "broken"}, {"bank": "example_city"}, {"delivery": "branch"}, {"branch": "station"}):
        for field, value in answers.items():
            visit.answer(field, value)
        assert visit.proceed(NOW) == []
    visit.answer("phone", "139 0000 0002")
    assert visit.proceed(NOW) == []
    visit.add_page(Page(page_id="p", material="photo", width=1, height=1, image=b"jpeg"))
    assert visit.proceed(NOW) == []
    visit.sign([[(0.1, 0.1), (0.2, 0.2)]], 2.0)
    assert visit.proceed(NOW) == []
    assert visit.stage == Stage.REVIEW
    return visit


def test_pages_are_put_in_order_replaced_and_removed_within_their_paper() -> None:
    visit = at_work()

    def page(name: str, material: str = "lease") -> Page:
        return Page(page_id=name, material=material, width=1, height=1, image=name.encode())

    def order() -> str:
        assert visit.draft is not None
        return " ".join(p.page_id for p in visit.draft.pages)

    for each in (page("a"), page("x", "photo"), page("b"), page("c")):
        visit.add_page(each)
    visit.move_forward("b")
    assert order() == "b x a c", "it passes its own paper's pages alone"
    visit.move_forward("b")
    visit.move_forward("x")
    assert order() == "b x a c", "the first page of a paper stays"
    visit.replace_page("a", page("d"))
    assert order() == "b x d c"
    visit.remove_page("b")
    assert order() == "x d c"


def test_no_path_leads_from_data_to_the_welcome_screen() -> None:
    for stage, following in NEXT.items():
        if stage in HOLDS_DATA:
            assert Stage.ATTRACT not in following
            assert Stage.CHOOSE not in following


def test_a_step_with_a_problem_is_not_left() -> None:
    visit = at_work()
    assert [p.where for p in visit.proceed(NOW)] == ["cause"]
    assert visit.step == Step(kind=StepKind.PAGE, id="what_happened")


def test_a_second_card_never_replaces_the_first() -> None:
    visit = at_work()
    visit.identified(OTHER, None)
    assert visit.draft is not None
    assert visit.draft.identity == PERSON


def test_a_change_goes_straight_back_to_the_review() -> None:
    visit = filled()
    visit.change(Step(kind=StepKind.PAGE, id="bank"), NOW)
    visit.answer("bank", "example_rural")
    visit.proceed(NOW)
    assert visit.step is not None
    assert visit.step.kind == StepKind.SIGN  # the signature was put under something else
    visit.sign([[(0.1, 0.1), (0.2, 0.2)]], 2.0)
    visit.proceed(NOW)
    assert visit.stage == Stage.REVIEW


def test_a_change_that_asks_for_something_new_leads_there_first() -> None:
    visit = filled()
    visit.change(Step(kind=StepKind.PAGE, id="delivery"), NOW)
    visit.answer("delivery", "post")
    visit.proceed(NOW)
    assert visit.step == Step(kind=StepKind.PAGE, id="post_address")
    assert visit.draft is not None
    assert visit.draft.answers["post_address"] == "测试省"


def test_a_signature_is_void_when_the_content_changes() -> None:
    visit = filled()
    assert visit.draft is not None
    assert visit.draft.signature_valid()
    visit.answer("phone", "13900000009")
    assert not visit.draft.signature_valid()
    assert not visit.submit(NOW)
    assert visit.step is not None
    assert visit.step.kind == StepKind.SIGN


def test_back_from_the_first_question_forgets_the_card_and_back_again_the_draft() -> None:
    visit = at_work()
    visit.answer("cause", "lost")
    visit.back(NOW)
    assert visit.stage == Stage.IDENTIFY
    assert visit.draft is not None
    assert visit.draft.identity is None
    visit.back(NOW)
    assert visit.stage == Stage.CONSENT
    assert visit.draft is None


def test_the_review_shows_words_not_codes() -> None:
    visit = filled()
    values = {e.id: e.value["zh"] for e in review_entries(visit, NOW)}
    assert values["branch"] == "车站支行"
    assert values["photo"] == "1 页"
    assert values["signature"] == "已签名"


def test_a_crash_resumes_where_it_was() -> None:
    visit = filled()
    snapshot = type(visit.snapshot("en", True)).model_validate_json(visit.snapshot("en", True).model_dump_json())
    again = Visit(SERVICES)
    assert again.restore(snapshot)
    assert again.stage == Stage.REVIEW
    assert again.draft == visit.draft


def test_a_visit_with_a_withdrawn_service_is_not_resumed() -> None:
    assert not Visit({}).restore(filled().snapshot("zh", False))


def test_idle_warns_then_ends_and_any_touch_goes_on() -> None:
    clock = ManualClock()
    watch = IdleWatch(clock)
    watch.limits = Limits(60, 30)
    clock.advance(61)
    assert watch.state(Stage.WORK) == Idle.WARNING
    watch.touched()
    assert watch.state(Stage.WORK) == Idle.PRESENT
    clock.advance(91)
    assert watch.state(Stage.WORK) == Idle.GONE
    watch.paused = True
    assert watch.state(Stage.WORK) == Idle.PRESENT
    clock.advance(1000)
    assert watch.state(Stage.ATTRACT) == Idle.PRESENT


class AnyVisit(RuleBasedStateMachine):
    """Any order of acts: the visit stays in its stages, and an end leaves nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.visit = Visit(SERVICES)

    @precondition(lambda self: self.visit.stage in (Stage.ATTRACT, Stage.CHOOSE))
    @rule(service=st.sampled_from(sorted(SERVICES)))
    def choose(self, service: str) -> None:
        self.visit.choose(service)

    @precondition(lambda self: self.visit.stage == Stage.GUIDANCE)
    @rule()
    def start(self) -> None:
        self.visit.start()

    @precondition(lambda self: self.visit.stage == Stage.CONSENT)
    @rule()
    def consent(self) -> None:
        self.visit.consent()

    @precondition(lambda self: self.visit.stage == Stage.IDENTIFY)
    @rule(existing=st.booleans())
    def identify(self, existing: bool) -> None:
        self.visit.identified(PERSON, LINE if existing else None)

    @precondition(lambda self: self.visit.stage == Stage.ALREADY_OPEN)
    @rule()
    def anew(self) -> None:
        self.visit.anew()

    @precondition(lambda self: self.visit.stage == Stage.WORK)
    @rule(data=st.data())
    def work(self, data: st.DataObject) -> None:
        self.visit.enter_work(NOW)
        step = self.visit.step
        assert step is not None
        if step.kind == StepKind.PAGE:
            for field in self.visit.fields(NOW):
                values = [c.value for c in field.choices] or ["2024-01-01", "13900000002", "甲", ""]
                self.visit.answer(field.id, data.draw(st.sampled_from(values)))
        elif step.kind == StepKind.MATERIAL:
            self.visit.add_page(Page(page_id="p", material=step.id, width=1, height=1, image=b""))
        else:
            self.visit.sign([[(0, 0), (1, 1)]], 2.0)
        self.visit.proceed(NOW)

    @precondition(lambda self: self.visit.can_go_back)
    @rule()
    def back(self) -> None:
        self.visit.back(NOW)

    @precondition(lambda self: self.visit.stage == Stage.REVIEW)
    @rule()
    def submit(self) -> None:
        if self.visit.submit(NOW):
            self.visit.stored(LINE)

    @precondition(lambda self: self.visit.stage != Stage.ENDED)
    @rule(way=st.sampled_from(list(WayOut)))
    def end(self, way: WayOut) -> None:
        self.visit.end(way)

    @precondition(lambda self: self.visit.stage == Stage.ENDED)
    @rule()
    def next_worker(self) -> None:
        self.visit = Visit(SERVICES)

    @invariant()
    def nothing_is_left_where_nothing_may_be(self) -> None:
        if self.visit.stage not in HOLDS_DATA:
            assert self.visit.draft is None


AnyVisit.TestCase.settings = settings(max_examples=120, stateful_step_count=40, deadline=None)
TestAnyVisit = AnyVisit.TestCase
