"""The database computes the digest of a row as the published form does, whatever stands in the row (semantics 21)."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from service.contract.canonical import row_digest
from service.contract.columns import columns_of
from service.contract.library import load_library
from service.contract.model import Field, PartName
from service.contract.values import Empty
from service.criteria.evaluate import Value
from service.criteria.vocabulary import OPEN_ABOVE, OPEN_BELOW, Kind
from service.returns.rows import digest_sql
from tests.support.engines import Postgres
from tests.support.records import VALUES, some_masks

CONTRACT = load_library().contracts["2026.1"]
FIELDS = (*CONTRACT.parts[PartName.CASE].fields, *CONTRACT.parts[PartName.WORKFORCE].fields)
TEXTS = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), min_size=1, max_size=12)


def _values(field: Field) -> st.SearchStrategy[Value]:
    if field.kind.is_mask:
        return some_masks(field)
    return TEXTS if field.kind is Kind.TEXT else VALUES[field.kind]


@st.composite
def _records(draw: st.DrawFn) -> tuple[dict[str, Value], dict[str, str]]:
    """A row with something in a few of its fields, and a reason why some of the others are empty."""
    known = draw(st.sets(st.sampled_from([field.name for field in FIELDS]), max_size=8))
    record = {field.name: draw(_values(field)) for field in FIELDS if field.name in known}
    others = sorted({field.name for field in FIELDS} - known)
    empties = draw(
        st.dictionaries(st.sampled_from(others), st.sampled_from([kind.value for kind in Empty]), max_size=6)
    )
    return record, empties


@given(st.lists(_records(), min_size=16, max_size=24))
@settings(max_examples=25, deadline=None)
def test_the_database_and_the_published_form_give_one_digest(
    postgres_engine: Postgres, rows: list[tuple[dict[str, Value], dict[str, str]]]
) -> None:
    columns = {column.name: column.sql_type for column in columns_of(FIELDS)}
    listed = ", ".join(f"(r ->> '{name}')::{kind} as {name}" for name, kind in columns.items())
    query = (
        f"select {digest_sql(FIELDS, 'm')} from (select {listed}, nullif(r -> 'empties', 'null') as empties "
        f"from jsonb_array_elements({_literal(rows)}) with ordinality e (r, n) order by n) m"
    )
    found = [row[0] for row in postgres_engine.rows(query)]
    assert found == [row_digest(FIELDS, record, empties) for record, empties in rows]


def _literal(rows: list[tuple[dict[str, Value], dict[str, str]]]) -> str:
    text = json.dumps([_stored(record, empties) for record, empties in rows])
    return f"""'{text.replace("'", "''")}'::jsonb"""


def _stored(record: dict[str, Value], empties: dict[str, str]) -> dict[str, Any]:
    """A row as its columns hold it."""
    row: dict[str, Any] = {"empties": empties or None}
    for name, value in record.items():
        if isinstance(value, tuple):
            row |= {f"{name}_lo": _bound(value[0]), f"{name}_hi": _bound(value[1])}
        else:
            row[name] = str(value)
    return row


def _bound(bound: Any) -> str:
    if isinstance(bound, date) and bound in (OPEN_BELOW, OPEN_ABOVE):
        return "infinity" if bound == OPEN_ABOVE else "-infinity"
    return str(bound)
