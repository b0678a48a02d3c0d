"""A row as JSON Schema, which a supplier uses without the service: it agrees with what the service takes and holds."""

from __future__ import annotations

from datetime import date
from typing import Any

import jsonschema_rs
import msgspec
import pytest

from service.api.public_documents import PART_PATHS, row_schema
from service.contract.library import load_library
from service.contract.model import PartName
from service.demo.single import sample
from service.returns.readers import BytesSource, read

LIBRARY = load_library()


def schema_of(version: str, path: str = "cases") -> dict[str, Any]:
    contract = LIBRARY.contracts[version]
    return row_schema(contract, contract.parts[PART_PATHS[path]], "here")


def is_held(version: str, row: dict[str, Any]) -> bool:
    """Whether reading alone holds the row, or part of it."""
    contract = LIBRARY.contracts[version]
    part = contract.parts[PartName.CASE]
    (block,) = read(BytesSource(msgspec.json.encode(row)), "application/x-ndjson", part, contract)
    return bool(block.held or block.unread)


def test_rows_as_a_force_has_them_agree_with_the_schema() -> None:
    validator = jsonschema_rs.validator_for(schema_of("2025.1"))
    made = sample(LIBRARY, "metropolitan", date(2026, 3, 3), number=500)
    assert made.rows
    for row in made.rows:
        validator.validate(row)


GOOD = {"case_ref": "K/1", "stage": "identified"}


@pytest.mark.parametrize(
    "said",
    [
        {"suspect_count": "2+"},
        {"suspect_count": 3},
        {"suspect_count": "3-5"},
        {"nfa_date": "2014"},
        {"nfa_date": "2012/2014"},
        {"nfa_date": 2014},
        {"setting": "gang|organised"},
        {"outcome": 16},
        {"nfa_by": None},
        {"nfa_by": ""},
        {"victim_count": "not_provided"},
        {"shared_with": ["essex", "kent"]},
    ],
)
def test_what_the_schema_lets_pass_is_taken(said: dict[str, Any]) -> None:
    row = {**GOOD, **said}
    assert jsonschema_rs.validator_for(schema_of("2025.1")).is_valid(row)
    assert not is_held("2025.1", row)


@pytest.mark.parametrize(
    "said",
    [
        {"suspect_count": "about 3"},
        {"suspect_count": -1},
        {"suspect_count": 2.5},
        {"nfa_date": "03/2014/x"},
        {"nfa_date": "last year"},
        {"nfa_by": "courts"},
        {"outcome": 9999},
        {"stage": ""},
        {"stage": None},
        {"setting": ["gang"]},
        {"case_ref": "x" * 500},
        {"concern": True},
    ],
)
def test_what_the_schema_refuses_is_held(said: dict[str, Any]) -> None:
    row = {**GOOD, **said}
    assert not jsonschema_rs.validator_for(schema_of("2025.1")).is_valid(row)
    assert is_held("2025.1", row)


def test_a_row_without_its_reference_is_refused_by_both() -> None:
    row = {"stage": "identified"}
    assert not jsonschema_rs.validator_for(schema_of("2025.1")).is_valid(row)
