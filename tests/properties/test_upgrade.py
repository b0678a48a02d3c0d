"""A record reads the same in Python and in SQL, in every version, under the name that it has there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from service.contract.fields import field_type
from service.contract.model import PartName
from service.contract.upgrade import (
    all_names,
    new_names,
    read_forward,
    reader,
    reading_sql,
    stored_columns,
    stored_part,
)
from service.criteria.sql import ruling_sql
from service.criteria.vocabulary import Vocabulary
from service.scope.edition import Edition
from service.terms.check import load_published
from tests.support.criteria import observations
from tests.support.engines import DuckDb, Postgres, SqlEngine, rows_of

OLD, NEW = "2025.1", "2026.1"
PUBLISHED = load_published()
LIBRARY = PUBLISHED.library

Record = Mapping[str, Any]
Written = tuple[str, Record]


def _judged(version: str, part: PartName) -> Vocabulary:
    """The fields of a version that some edition reads, under the names that they have there."""
    read = {name for edition in PUBLISHED.scopes.values() for name in edition.definition.attributes}
    read |= {other for edition in PUBLISHED.scopes.values() for name in read for other in _all(edition, name)}
    known = LIBRARY.contracts[version].parts[part].vocabulary
    return replace(known, fields={name: field for name, field in known.fields.items() if name in read})


def _all(edition: Edition, name: str) -> tuple[str, ...]:
    return all_names(LIBRARY, edition.vocabulary, name)


def records(part: PartName) -> st.SearchStrategy[list[Written]]:
    """Twenty rows of a part, each with the version in which it was written."""
    one = st.one_of(
        observations(_judged(OLD, part)).map(lambda record: (OLD, record)),
        observations(_judged(NEW, part)).map(lambda record: (NEW, record)),
    )
    return st.lists(one, min_size=20, max_size=20)


def _rulings(engine: SqlEngine, edition: Edition, part: PartName, written: list[Written]) -> list[int]:
    """What SQL says over one table of all versions, as the store has it."""
    stored = {name: field_type(field) for name, field in stored_part(LIBRARY, part).items()}
    columns = reading_sql(LIBRARY, edition.vocabulary, "r", part=part)
    ruling = ruling_sql(edition.definition, columns, engine.dialect)
    rows = rows_of(stored, [record for _, record in written])
    return [row[0] for row in engine.rows(f"select {ruling} from {rows} order by n")]


@pytest.mark.parametrize("edition", PUBLISHED.scopes.values(), ids=lambda edition: edition.name)
@pytest.mark.parametrize("part", [PartName.CASE, PartName.AGGREGATE])
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_an_edition_says_the_same_of_a_record_in_python_and_in_sql(
    postgres_engine: Postgres, duckdb_engine: DuckDb, edition: Edition, part: PartName, data: st.DataObject
) -> None:
    written = data.draw(records(part))

    said = [edition.definition.ruling(read_forward(LIBRARY, row, v, edition.vocabulary)) for v, row in written]

    assert _rulings(postgres_engine, edition, part, written) == said
    assert _rulings(duckdb_engine, edition, part, written) == said


@settings(max_examples=50, deadline=None)
@given(record=observations(_judged(OLD, PartName.CASE)))
def test_reading_forward_and_back_gives_the_same_record(record: Record) -> None:
    there = read_forward(LIBRARY, record, OLD, NEW)
    back = read_forward(LIBRARY, there, NEW, OLD)

    assert {name: back[name] for name in record} == record


@settings(max_examples=50, deadline=None)
@given(record=observations(_judged(NEW, PartName.CASE)))
def test_what_the_force_said_wins_over_what_can_be_derived(record: Record) -> None:
    read = read_forward(LIBRARY, record, NEW, NEW)

    assert {name: read[name] for name in record if record[name] is not None} == {
        name: value for name, value in record.items() if value is not None
    }


def test_contact_is_derived_where_the_offence_says_so_and_otherwise_unknown() -> None:
    part = LIBRARY.contracts[NEW].parts[PartName.CASE]
    offence, answer = part.by_name["offence_code"].list, part.by_name["contact_offence"].list
    assert offence is not None
    assert answer is not None
    read = reader(LIBRARY, OLD, NEW)

    def contact(*codes: str) -> int | None:
        found = read({"offence_code": offence.mask_of(codes)})["contact_offence"]
        assert found is None or isinstance(found, int)
        return found

    assert contact("19D") == answer.mask_of(("yes",))
    assert contact("19D", "20A") == answer.mask_of(("yes",))
    assert contact("88A") == answer.mask_of(("no",))
    assert contact("88C") is None
    assert contact("19D", "88A") is None
    assert read({})["contact_offence"] is None


def test_nothing_is_derived_where_values_are_merged() -> None:
    assert reading_sql(LIBRARY, NEW, "r", derived=False)["contact_offence"].mask == "r.contact_offence"


def test_a_renamed_field_has_one_name_in_each_version() -> None:
    assert new_names(LIBRARY, OLD, NEW)["youngest_victim_age"] == "victim_age_youngest"
    assert new_names(LIBRARY, NEW, OLD)["victim_age_youngest"] == "youngest_victim_age"
    assert "suspects_alive" not in new_names(LIBRARY, NEW, OLD)
    assert all_names(LIBRARY, OLD, "youngest_victim_age") == ("youngest_victim_age", "victim_age_youngest")
    assert all_names(LIBRARY, NEW, "victim_age_youngest") == ("victim_age_youngest", "youngest_victim_age")


def test_a_field_that_no_column_stores_is_a_null_of_its_type() -> None:
    columns = reading_sql(LIBRARY, NEW, "r", part=PartName.AGGREGATE)

    assert columns["assessed_date"].low == "cast(null as date)"
    assert columns["suspects_asian"].high == "cast(null as integer)"
    assert reading_sql(LIBRARY, NEW, "r", stored=["stage"])["setting"].mask == "cast(null as bigint)"


def test_a_table_of_all_versions_has_the_columns_of_each_once() -> None:
    names = [column.name for column in stored_columns(LIBRARY, PartName.CASE)]

    assert len(names) == len(set(names))
    assert {"youngest_victim_age_lo", "victim_age_youngest_hi", "contact_offence", "case_ref"} <= set(names)
