from hypothesis import given
from hypothesis import strategies as st

from kiosk.model.ids import ALPHABET, parse_receipt_number, receipt_number

numbers = st.builds(
    receipt_number,
    st.sampled_from(["CD03", "T01", "AB"]),
    st.text(ALPHABET, min_size=4, max_size=4),
    st.integers(0, 999_999),
)


@given(numbers)
def test_property_a_number_read_out_and_typed_carelessly_is_found(number: str) -> None:
    careless = number.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    assert parse_receipt_number(careless) == number


@given(numbers, st.data())
def test_property_one_wrong_character_is_noticed(number: str, data: st.DataObject) -> None:
    place = data.draw(st.sampled_from([i for i, c in enumerate(number[:-2]) if c != "-"]))
    kinds = "0123456789" if number[place].isdigit() and place > 9 else ALPHABET
    other = data.draw(st.sampled_from([c for c in kinds if c != number[place]]))
    assert parse_receipt_number(number[:place] + other + number[place + 1 :]) != number


@given(st.text(max_size=40))
def test_property_anything_else_is_refused_without_a_crash(text: str) -> None:
    found = parse_receipt_number(text)
    assert found is None or parse_receipt_number(found) == found
