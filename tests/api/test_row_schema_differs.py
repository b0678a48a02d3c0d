"""Where the JSON Schema of a row and the reading of one differ: exactly where the schema says so, in each part."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import jsonschema_rs
import pytest

from service.api.public_documents import PART_PATHS, row_schema
from service.contract.library import load_library
from service.contract.model import Contract, Field, Part
from service.contract.schema import DIFFERS
from service.contract.spreadsheets import habits
from service.contract.values import read_cell
from service.criteria.vocabulary import Kind
from service.returns.readers import BytesSource, read

CONTRACTS = load_library().contracts
EVERY = [
    pytest.param(contract, contract.parts[name], id=f"{contract.version}-{name}")
    for contract in CONTRACTS.values()
    for name in PART_PATHS.values()
]
WORDS = ("Not known", "NOT-PROVIDED")


def schema_of(contract: Contract, part: Part) -> dict[str, Any]:
    return row_schema(contract, part, "here")


def passes(contract: Contract, part: Part, field: Field, value: str) -> bool:
    """Whether the schema lets a value of a field pass, whatever stands in the other fields."""
    schema = schema_of(contract, part)["properties"][field.name]
    return bool(jsonschema_rs.validator_for(schema).is_valid(json.loads(value)))


def is_read(contract: Contract, part: Part, field: Field, value: str) -> bool:
    """Whether reading finds nothing wrong with it, as it stands in the JSON."""
    others = [f'"{other.name}": {_example(other)}' for other in part.fields if other.required and other is not field]
    row = "{" + ", ".join([*others, f'"{field.name}": {value}']) + "}"
    (block,) = read(BytesSource(row.encode()), "application/x-ndjson", part, contract)
    assert not block.unread
    return not any(finding.field == field.name for finding in block.findings)


def _example(field: Field) -> str:
    return f'"{field.example}"'


def text(words: str) -> str:
    return json.dumps(words)


def narrower(field: Field) -> Iterator[str]:
    """Values that are read and that the schema refuses, of all that it says."""
    value = field.example or (field.list.codes[0].code if field.list else "")
    if (field.kind is not Kind.TEXT or field.pattern is not None) and ";" not in value:
        yield from (text(f" {value}"), text(f"{value}\u00a0"))
    if not field.required:
        yield from map(text, WORDS)
    if field.not_applicable:
        yield text("not applicable")
    codes = [code.code for code in field.list.codes] if field.list is not None else []
    yield from (text(code.swapcase()) for code in codes[:3] if code.swapcase() not in codes)
    if len(codes) > 1 and not field.exact:
        yield text(("|" if field.kind is Kind.CODE else ";").join([f"{codes[0]}\t", codes[1]]))


def wider(field: Field) -> Iterator[str]:
    """Values that the schema lets pass and that are not read, of all that it says."""
    yield from _WIDER[field.kind](field)


def _of_text(field: Field) -> Iterator[str]:
    yield "1" * (field.length + 1)
    if field.pattern is None and not field.identifier:
        yield from (text("someone@example.org"), text("a\u0007"))


def _of_code(field: Field) -> Iterator[str]:
    assert field.list is not None
    yield from (f"{code.code}.0" for code in field.list.codes[:1] if code.code.isdigit())


def _of_number(field: Field) -> Iterator[str]:
    yield "3.0"
    if isinstance(field.greatest, int):
        yield text(str(field.greatest + 1))
        if not field.exact:
            yield from (text(f"{field.greatest + 1}+"), text(f"1-{field.greatest + 1}"))
    if not field.exact:
        yield text("5-3")


def _of_decimal(field: Field) -> Iterator[str]:
    yield from ("2.500", "1e1")
    if isinstance(field.greatest, int):
        yield text(f"{field.greatest + 1}")


def _of_date(field: Field) -> Iterator[str]:
    yield text("2014-02-30")
    if not field.exact:
        yield from ("2014.0", text("2014/2012"))
    if field.least is not None:
        yield text("1850-01-01")


_WIDER: dict[Kind, Callable[[Field], Iterator[str]]] = {
    Kind.TEXT: _of_text,
    Kind.CODE: _of_code,
    Kind.CODES: _of_code,
    Kind.NUMBER: _of_number,
    Kind.DECIMAL: _of_decimal,
    Kind.DATE: _of_date,
}


@pytest.mark.parametrize(("contract", "part"), EVERY)
def test_what_the_schema_says_is_read_all_the_same_is_read_and_no_more_in_it(contract: Contract, part: Part) -> None:
    for field in part.fields:
        for value in narrower(field):
            assert is_read(contract, part, field, value), (field.name, value)
            assert not passes(contract, part, field, value), (field.name, value)


@pytest.mark.parametrize(("contract", "part"), EVERY)
def test_what_the_schema_says_is_held_though_it_passes_is_held(contract: Contract, part: Part) -> None:
    for field in part.fields:
        for value in wider(field):
            assert passes(contract, part, field, value), (field.name, value)
            assert not is_read(contract, part, field, value), (field.name, value)


@pytest.mark.parametrize(("contract", "part"), EVERY)
def test_the_schema_of_a_part_says_it_of_the_fields_that_the_part_has(contract: Contract, part: Part) -> None:
    said = schema_of(contract, part)["$comment"]
    for one in DIFFERS:
        names = ", ".join(field.name for field in part.fields if field.kind in one.kinds)
        assert (f"{one.title} ({names})." in said) is bool(names)
    assert {kind for one in DIFFERS for kind in one.kinds} == set(Kind)


def test_in_the_cells_of_the_table_of_spreadsheets_the_two_differ_nowhere_else() -> None:
    contract = CONTRACTS["2025.1"]
    cells = [
        (contract.parts[example.part], example.field, example.cell, bool(entry.noted))
        for entry in (*habits().taken.values(), *habits().refused.values())
        for example in entry.examples
        if example.value is None
    ]
    assert len(cells) > 50
    passed = set[str]()
    for part, name, cell, is_noted in cells:
        field = part.by_name[name]
        if read_cell(field, cell).failed is None:
            assert is_noted or passes(contract, part, field, text(cell)), (name, cell)
        elif passes(contract, part, field, text(cell)):
            passed.add(cell)
    assert passed == {"5-3", "2014/2012", "1900-02-29"}, "an end before its beginning, a day that its month has not"
