"""Writing a value and reading it again gives the value; equal rows have equal digests."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from service.contract.canonical import SEPARATOR, canonical_row, canonical_text, from_stored, row_digest
from service.contract.library import load_library
from service.contract.model import Field, PartName
from service.contract.values import Value, read_cell
from service.criteria.vocabulary import OPEN_ABOVE, OPEN_BELOW, OPEN_NUMBER, Kind

CASE = load_library().contracts["2025.1"].parts[PartName.CASE].by_name
SETTINGS = CASE["setting"].list
FORCES = CASE["shared_with"].list


def a_field(kind: Kind) -> Field:
    codes = {Kind.CODE: SETTINGS, Kind.CODES: FORCES}.get(kind)
    return Field(name=f"a_{kind}", ordinal=0, kind=kind, label="", meaning="", list=codes, not_applicable=True)


FIELDS = {kind: a_field(kind) for kind in Kind}
DAYS = st.dates(date(1000, 1, 1), date(9998, 12, 31))
YEARS = st.integers(1900, 2099)


def ordered(pair: tuple[object, object]) -> tuple[object, object]:
    return min(pair), max(pair)  # type: ignore[type-var]


def some_numbers() -> st.SearchStrategy[Value]:
    number = st.integers(-(2**31), OPEN_NUMBER - 1) | st.integers(-3, 12)
    return (
        st.tuples(number, number).map(ordered) | number.map(lambda n: (n, OPEN_NUMBER)) | number.map(lambda n: (n, n))
    )


def some_decimals() -> st.SearchStrategy[Value]:
    number = st.integers(-9_999_999_999, 9_999_999_999).map(lambda n: Decimal(n).scaleb(-2))
    return st.tuples(number, number).map(ordered) | number.map(lambda n: (n, n))


def some_dates() -> st.SearchStrategy[Value]:
    spans = st.tuples(DAYS, DAYS).map(ordered)
    years = st.tuples(YEARS, YEARS).map(ordered).map(lambda p: (date(p[0], 1, 1), date(p[1], 12, 31)))
    open_ends = DAYS.map(lambda d: (d, OPEN_ABOVE)) | DAYS.map(lambda d: (OPEN_BELOW, d))
    return spans | years | open_ends | DAYS.map(lambda d: (d, d))


def some_masks(field: Field) -> st.SearchStrategy[Value]:
    assert field.list is not None
    return st.sets(st.sampled_from([code.code for code in field.list.codes]), min_size=1).map(field.list.mask_of)


VALUES: dict[Kind, st.SearchStrategy[Value]] = {
    Kind.NUMBER: some_numbers(),
    Kind.DECIMAL: some_decimals(),
    Kind.DATE: some_dates(),
    Kind.CODE: some_masks(FIELDS[Kind.CODE]),
    Kind.CODES: some_masks(FIELDS[Kind.CODES]),
    Kind.TEXT: st.from_regex(r"\A[A-Z]{2}/[0-9]{4}/[0-9]{1,5}\Z"),
}
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


def test_the_three_kinds_of_empty_have_three_digests() -> None:
    field = FIELDS[Kind.NUMBER]
    said = (None, {field.name: "not_provided"}, {field.name: "not_applicable"})
    assert len({row_digest([field], {}, empties) for empties in said}) == 3
