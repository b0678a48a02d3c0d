"""Rows that we write for a binary COPY ourselves are, to the database, those that its driver writes."""

from __future__ import annotations

import json
from typing import Any

import asyncpg
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.contract.columns import columns_of
from service.contract.library import load_library
from service.contract.model import Field, PartName
from service.criteria.evaluate import Value
from service.criteria.vocabulary import Kind
from service.returns.binary import NULL, binary_of, copied, jsonb, texts, truths, whole
from tests.support.postgres import Server
from tests.support.records import VALUES, some_masks

CONTRACT = load_library().contracts["2026.1"]
FIELDS = (*CONTRACT.parts[PartName.CASE].fields, *CONTRACT.parts[PartName.WORKFORCE].fields)
TEXTS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), min_size=1, max_size=12)
OTHERS = {"n": "integer", "yes": "boolean", "doc": "jsonb", "items": "text[]"}
COLUMNS = {column.name: column.sql_type for column in columns_of(FIELDS)} | OTHERS


def _values(field: Field) -> st.SearchStrategy[Value]:
    known = some_masks(field) if field.kind.is_mask else TEXTS if field.kind is Kind.TEXT else VALUES[field.kind]
    return st.none() | known


ROWS = st.tuples(
    st.fixed_dictionaries({field.name: _values(field) for field in FIELDS}),
    st.integers(-(2**31), 2**31 - 1),
    st.booleans(),
    st.none() | st.dictionaries(TEXTS, TEXTS, max_size=2),
    st.none() | st.lists(TEXTS, min_size=1, max_size=3),
)


@pytest_asyncio.fixture(scope="module")
async def connection(server: Server) -> Any:
    made = await asyncpg.connect(server.urls.admin)
    for table in ("ours", "theirs"):
        await made.execute(f"create temp table {table} ({', '.join(f'{n} {t}' for n, t in COLUMNS.items())})")
    yield made
    await made.close()


@given(st.lists(ROWS, max_size=8))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_the_database_reads_what_was_written_for_it(connection: Any, rows: list[Any]) -> None:
    await connection.execute("truncate ours, theirs")
    await connection.copy_to_table("ours", source=memoryview(_ours(rows)), columns=list(COLUMNS), format="binary")
    await connection.copy_records_to_table("theirs", records=map(_record, rows), columns=list(COLUMNS))
    ours, theirs = [await connection.fetch(f"select t::text from {table} t") for table in ("ours", "theirs")]
    assert ours == theirs
    assert len(ours) == len(rows)


def _ours(rows: list[Any]) -> bytes:
    columns = [[binary_of(field)(row[0][field.name]) for row in rows] for field in FIELDS]
    others = [
        whole(row[1] for row in rows),
        truths(row[2] for row in rows),
        [NULL if row[3] is None else jsonb(_json(row[3])) for row in rows],
        [NULL if row[4] is None else texts(row[4]) for row in rows],
    ]
    return copied([*columns, *others], len(COLUMNS))


def _record(row: Any) -> tuple[Any, ...]:
    values, number, yes, document, items = row
    record: list[Any] = []
    for field in FIELDS:
        value = values[field.name]
        record += (value or (None, None)) if field.kind.is_range else (value,)
    return (*record, number, yes, None if document is None else _json(document), items)


def _json(document: dict[str, str]) -> str:
    return json.dumps(document, ensure_ascii=False)
