from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.catalogue.loader import parse_package
from kiosk.config import ASSETS
from kiosk.forms.engine import FormEngine
from kiosk.forms.rules import Context
from kiosk.forms.spec import FieldSpec, FieldType
from kiosk.forms.values import normalised

CONTEXT = Context({"number": "990000197505050021", "address": "测试省"}, datetime(2026, 3, 2, 4, tzinfo=UTC))
PACKAGES = {p.stem: parse_package(p.read_bytes()) for p in sorted((ASSETS / "catalogue").glob("*.yaml"))}


def test_four_services_are_shipped_and_pass_their_own_examples() -> None:
    assert len(PACKAGES) == 4


@pytest.mark.parametrize("name", PACKAGES)
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_property_answers_of_any_kind_never_crash_and_final_is_stable(name: str, data: st.DataObject) -> None:
    engine = FormEngine(PACKAGES[name].form)
    fields = engine.spec.fields()
    values = {
        f.id: st.one_of(st.text(max_size=30), st.sampled_from([c.value for c in f.choices] or ["2026-03-02", "王𠮷"]))
        for f in fields
    }
    answers = data.draw(st.fixed_dictionaries({}, optional=values))
    final = engine.final(answers, CONTEXT)
    assert engine.final(final, CONTEXT) == final
    assert all(isinstance(p.where, str) for p in engine.problems(answers, {}, set(), CONTEXT))


def test_answers_that_do_not_apply_are_not_handed_in() -> None:
    engine = FormEngine(PACKAGES["residence-permit"].form)
    answers = {"reason": "study", "school": "示例大学", "employer": "示例公司"}
    assert engine.final(answers, CONTEXT) == {"reason": "study", "school": "示例大学"}


def test_the_address_is_filled_in_from_the_card() -> None:
    engine = FormEngine(PACKAGES["social-security-card"].form)
    page = next(p for p in engine.spec.pages if p.id == "post_address")
    assert engine.prefilled(page, {}, CONTEXT) == {"post_address": "测试省"}
    assert engine.prefilled(page, {"post_address": "别处"}, CONTEXT) == {"post_address": "别处"}


@pytest.mark.parametrize(
    ("kind", "typed", "stored"),
    [
        (FieldType.PHONE, " 139 0000 0002 ", "13900000002"),
        (FieldType.ID_NUMBER, "99000019900307001x", "99000019900307001X"),
        (FieldType.BANK_CARD, "６200 0000 0000 0000 000", "6200000000000000000"),
        (FieldType.NAME, "  阿依古丽·买买提 ", "阿依古丽·买买提"),
    ],
)
def test_what_is_typed_is_stored_in_one_form(kind: FieldType, typed: str, stored: str) -> None:
    field = FieldSpec.model_validate({"id": "xx", "type": kind, "label": {"zh": "甲"}})
    assert normalised(field, typed) == stored


def test_a_promise_stands_for_a_paper_only_where_the_package_says_so() -> None:
    engine = FormEngine(PACKAGES["out-of-area-treatment"].form)
    answers = {
        "kind": "referral",
        "province": "hainan",
        "city": "三亚",
        "starts": "2026-03-02",
        "ends": "2026-04-01",
        "phone": "13900000002",
    }
    places = {p.where for p in engine.problems(answers, {}, {"referral_letter"}, CONTEXT)}
    assert places == {"referral_letter"}
