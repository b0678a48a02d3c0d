"""Writing a value and reading it again gives the value; equal rows have equal digests."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from service.contract.canonical import SEPARATOR, canonical_row, canonical_text, from_stored, row_digest
from service.contract.library import load_library
from service.contract.model import Field, PartName
from service.contract.values import Value, read_cell
from service.criteria.vocabulary import OPEN_NUMBER, Kind
from tests.support.records import FIELDS, VALUES

CASE = load_library().contracts["2025.1"].parts[PartName.CASE].by_name
RECORDS = st.fixed_dictionaries({FIELDS[kind].name: st.none() | VALUES[kind] for kind in Kind})


@given(st.sampled_from(list(Kind)).flatmap(lambda kind: st.tuples(st.just(FIELDS[kind]), VALUES[kind])))
def test_reading_what_was_written_gives_the_value(case: tuple[Field, Value]) -> None:
    field, value = case
    assert read_cell(field, canonical_text(field, value)).value == value


@given(st.sampled_from(list(Kind)).flatmap(lambda kind: st.tuples(st.just(FIELDS[kind]), VALUES[kind])))
def test_the_stored_form_gives_the_value_too(case: tuple[Field, Value]) -> None:
    field, value = case
    stored = canonical_row([field], {field.name: value}, None).removeprefix(f"{field.name}=")
    assert from_stored(field, stored) == value


@given(RECORDS, st.randoms())
def test_the_order_of_fields_does_not_matter_to_a_digest(record: dict[str, Value], random: object) -> None:
    shuffled = list(FIELDS.values())
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert row_digest(shuffled, record, None) == row_digest(FIELDS.values(), record, {})


@given(RECORDS, RECORDS)
def test_rows_that_differ_have_different_canonical_texts(one: dict[str, Value], other: dict[str, Value]) -> None:
    same = canonical_row(FIELDS.values(), one, None) == canonical_row(FIELDS.values(), other, None)
    assert same == (one == other)


def test_a_canonical_row_is_what_the_standard_says() -> None:
    fields = [CASE[name] for name in ("suspect_count", "nfa_date", "setting", "case_ref")]
    record: dict[str, Value] = {
        "suspect_count": (2, OPEN_NUMBER),
        "nfa_date": (date(2014, 1, 1), date(2014, 12, 31)),
        "setting": 3,
        "case_ref": "CR/1",
    }
    items = ["case_ref=CR/1", "nfa_date=2014-01-01/2014-12-31", "setting=3", "suspect_count=2/2147483647"]
    items.append("victim_count!not_provided")
    assert canonical_row(fields, record, {"victim_count": "not_provided"}) == SEPARATOR.join(items)


def test_an_exact_value_stands_in_a_canonical_row_once() -> None:
    fields = [CASE["suspect_count"], CASE["nfa_date"]]
    record: dict[str, Value] = {"suspect_count": (3, 3), "nfa_date": (date(2014, 3, 7), date(2014, 3, 7))}
    assert canonical_row(fields, record, None) == SEPARATOR.join(["nfa_date=2014-03-07", "suspect_count=3"])


def test_the_three_kinds_of_empty_have_three_digests() -> None:
    field = FIELDS[Kind.NUMBER]
    said = (None, {field.name: "not_provided"}, {field.name: "not_applicable"})
    assert len({row_digest([field], {}, empties) for empties in said}) == 3
