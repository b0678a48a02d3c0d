"""Random values of every kind of field: exact, ranges, open ends, sets of codes."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from hypothesis import strategies as st

from service.contract.library import load_library
from service.contract.model import Field, PartName
from service.contract.values import Value
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
